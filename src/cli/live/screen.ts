import { printable } from '../printable.ts'
import { formatAge, formatBytes, formatCount, formatMs } from '../units.ts'
import { legend } from './legend.ts'
import { clip, type Line, type Span, separator, wrap } from './line.ts'
import type { Figures } from './model.ts'
import { resourceLines } from './resource-lines.ts'
import { cutMiddle, widthOf } from './text-width.ts'

export interface Size {
  readonly columns: number
  readonly rows: number
}

/** What the view is about, and what the person chose to see. */
export interface View {
  readonly server: string
  readonly isPaused: boolean
  readonly hasHelp: boolean
  /** There is a keyboard to press keys on. */
  readonly hasKeys: boolean
  /** The newest line that somebody should read. */
  readonly notice: string | undefined
  /** ending: nothing is watched any more; ended: the last frame, the summary stands below it. */
  readonly phase: 'watching' | 'ending' | 'ended'
}

/** The whole view as lines: none wider than `columns` less one, and one row left for the cursor. */
export function screen(figures: Figures, view: View, size: Size): readonly Line[] {
  // A character in the last column makes some terminals wrap.
  const width = Math.max(1, size.columns - 1)
  const rows = Math.max(1, size.rows - 1)
  const head: Line[] = [headLine(figures, view, width), []]
  const foot: Line[] = [
    [],
    ...totalLines(figures, width),
    ...noticeLines(view),
    ...[keysLine(view)].filter((line) => line.length > 0),
  ]
  const room = rows - head.length - foot.length
  const body = view.hasHelp ? helpLines(width, room) : resourceLines(figures, width, room)
  let lines = [...head, ...body, ...foot]
  // Of a terminal of a few rows, the resources are what matters.
  if (lines.length > rows) lines = [...head.slice(0, 1), ...body, ...foot].filter((line) => line.length > 0)
  return lines.slice(0, rows).map((line) => clip(line, width))
}

function headLine({ uptimeMs }: Figures, view: View, width: number): Line {
  const mark = view.phase === 'ending' ? ' ENDING ' : view.isPaused ? ' SCREEN PAUSED ' : ''
  const right = `${mark === '' ? '' : '  '}up ${formatAge(uptimeMs)}`
  const name = 'kube-informer'
  const room = width - name.length - right.length - mark.length - 4
  const server = cutMiddle(printable(view.server), Math.max(0, room))
  const space = ' '.repeat(Math.max(2, room + 2 - widthOf(server)))
  const marked: Span[] = mark === '' ? [] : [{ text: mark, style: 'inverse' }]
  return [{ text: name, style: 'bold' }, `  ${server}${space}`, ...marked, right]
}

function totalLines(
  { resources, objects, changesPerSecond, cpuPercent, process }: Figures,
  width: number,
): Line[] {
  const sum =
    resources.length === 1
      ? []
      : [
          `${resources.length} resources`,
          `${formatCount(objects)} objects`,
          `${formatCount(changesPerSecond)} changes/s`,
        ]
  const { loopDelayMs, threads } = process
  return wrap(
    [
      ...sum,
      `event loop delay p99 ${formatMs(loopDelayMs.p99)}, max ${formatMs(loopDelayMs.max)}`,
      `CPU ${formatCount(cpuPercent)} %`,
      `memory ${formatBytes(process.rssBytes)}`,
      `JS heap ${formatBytes(process.heapUsedBytes)}`,
      `caches ${formatBytes(process.slabBytes)}`,
      threads === 0 ? 'no worker threads' : `${threads} worker ${threads === 1 ? 'thread' : 'threads'}`,
    ],
    separator,
    width,
  )
}

function noticeLines({ notice }: View): Line[] {
  return notice === undefined ? [] : [[{ text: `! ${printable(notice)}`, style: 'yellow' }]]
}

function keysLine({ hasKeys, isPaused, hasHelp, phase }: View): Line {
  if (phase === 'ended') return []
  if (phase === 'ending')
    return [{ text: 'stopped watching, making the summary; Ctrl-C ends at once', style: 'dim' }]
  if (!hasKeys) return [{ text: 'Ctrl-C ends with a summary', style: 'dim' }]
  const pause = isPaused ? 'p resumes the screen' : 'p pauses the screen'
  const help = hasHelp ? '? back' : '? what the numbers mean'
  return [{ text: ['q quits with a summary', pause, help].join(separator), style: 'dim' }]
}

function helpLines(width: number, room: number): Line[] {
  const labelWidth = Math.max(...legend.map(([label]) => label.length))
  return legend
    .map(([label, text]): Line => [{ text: label.padEnd(labelWidth + 2), style: 'bold' }, text])
    .slice(0, Math.max(1, room))
    .map((line) => clip(line, width))
}
