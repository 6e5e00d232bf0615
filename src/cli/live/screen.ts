import type { HandlerFailure } from '../output.ts'
import { printable } from '../printable.ts'
import { formatAge, formatBytes, formatCount, formatMs } from '../units.ts'
import { legend } from './legend.ts'
import { clip, type Line, type Span, type Style, separator, wrap } from './line.ts'
import type { Figures } from './model.ts'
import { resourceLines } from './resource-lines.ts'
import { isInSync, stopped, verdict } from './resource-state.ts'
import { cutMiddle, widthOf } from './text-width.ts'

export interface Size {
  readonly columns: number
  readonly rows: number
}

export interface Failure extends HandlerFailure {
  readonly count: number
  readonly atMs: number
}

/** What the view is about, and what the person chose to see. */
export interface View {
  readonly server: string
  /** What of it is watched, as flags; empty: everything. */
  readonly scope: string
  /** The time of day, to find the same moment in other logs. */
  readonly clock: (atMs: number) => string
  readonly isPaused: boolean
  readonly hasHelp: boolean
  /** There is a keyboard to press keys on. */
  readonly hasKeys: boolean
  /** The newest line that somebody should read. */
  readonly notice: string | undefined
  /** The newest failure of a handler, and how many there were. */
  readonly failure: Failure | undefined
  /** ending: nothing is watched any more; ended: the last frame, the summary stands below it. */
  readonly phase: 'watching' | 'ending' | 'ended'
}

/** The whole view as lines: none wider than `columns` less one, and one row left for the cursor. */
export function screen(given: Figures, view: View, size: Size): readonly Line[] {
  const figures = view.phase === 'watching' ? given : stopped(given)
  // A character in the last column makes some terminals wrap.
  const width = Math.max(1, size.columns - 1)
  const rows = Math.max(1, size.rows - 1)
  const head = headLines(figures, view, width)
  const foot: Line[] = [
    [],
    // Its meanings need the room.
    ...(view.hasHelp ? [] : totalLines(figures, view, width)),
    ...noticeLines(figures, view),
    ...[keysLine(view)].filter((line) => line.length > 0),
  ]
  const room = rows - head.length - foot.length
  const body = view.hasHelp ? helpLines(figures, width, room) : resourceLines(figures, width, room)
  let lines = [...head, ...body, ...foot]
  // Of a terminal of a few rows, the resources are what matters.
  if (lines.length > rows) lines = [...head.slice(0, 1), ...body, ...foot].filter((line) => line.length > 0)
  return lines.slice(0, rows).map((line) => clip(line, width))
}

/** The second one is empty, or has what did not fit into the first. */
function headLines({ uptimeMs, atMs }: Figures, view: View, width: number): Line[] {
  const mark = view.phase === 'ending' ? ' ENDING ' : view.isPaused ? ' SCREEN PAUSED ' : ''
  const right = `${mark === '' ? '' : '  '}${view.clock(atMs)}  up ${formatAge(uptimeMs)}`
  const name = 'kube-informer'
  const room = width - name.length - right.length - mark.length - 4
  const scope = printable(view.scope)
  const server = cutMiddle(printable(view.server), Math.max(0, room))
  const both = scope === '' ? server : `${server}  ${scope}`
  // Which part of the server is watched must not be lost behind its name.
  const isBelow = widthOf(both) > room
  const about = isBelow ? server : both
  const space = ' '.repeat(Math.max(2, room + 2 - widthOf(about)))
  const marked: Span[] = mark === '' ? [] : [{ text: mark, style: 'inverse' }]
  const below: Line = isBelow && scope !== '' ? [' '.repeat(name.length + 2), scope] : []
  return [[{ text: name, style: 'bold' }, `  ${about}${space}`, ...marked, right], below]
}

function totalLines(figures: Figures, { phase }: View, width: number): Line[] {
  const { resources, objects, changesPerSecond, cpuPercent, process } = figures
  const isWatching = phase === 'watching'
  const sum: Span[] = []
  if (resources.length > 1) {
    const style: Style = resources.every(isInSync) ? 'green' : 'yellow'
    if (isWatching) sum.push({ text: verdict(resources), style })
    else sum.push(`${resources.length} resources`)
    sum.push(`${formatCount(objects)} objects`)
    if (isWatching) sum.push(`${formatCount(changesPerSecond)} changes/s`)
  }
  const { loopDelayMs } = process
  const name = 'process: '
  const own = wrap(
    [
      `CPU ${formatCount(cpuPercent)} % (100 % = 1 core)`,
      `memory ${formatBytes(process.rssBytes)} in all`,
      `JS heap ${formatBytes(process.heapUsedBytes)}`,
      `caches ${formatBytes(process.slabBytes)}`,
      `event loop delay p99 ${formatMs(loopDelayMs.p99)}, max ${formatMs(loopDelayMs.max)}`,
    ],
    separator,
    width - name.length,
  )
  return [
    ...wrap(sum, separator, width),
    ...own.map((line, i): Line => [i === 0 ? name : ' '.repeat(name.length), ...line]),
  ]
}

function noticeLines({ atMs }: Figures, { notice, failure }: View): Line[] {
  const lines: Line[] = []
  if (failure !== undefined) {
    const { resource, key, count, text } = failure
    const times = `${formatCount(count)} in all, last ${formatAge(atMs - failure.atMs)} ago`
    const told = printable(`handler failed on ${resource} ${key} (${times}): ${text}`)
    lines.push([{ text: `! ${told}`, style: 'red' }])
  }
  if (notice !== undefined) lines.push([{ text: `! ${printable(notice)}`, style: 'yellow' }])
  return lines
}

function keysLine({ hasKeys, isPaused, hasHelp, phase }: View): Line {
  if (phase === 'ended') return []
  if (phase === 'ending')
    return [{ text: 'watch stopped, making the summary; Ctrl-C quits without it', style: 'dim' }]
  if (!hasKeys) return [{ text: 'Ctrl-C ends with a summary', style: 'dim' }]
  const pause = isPaused ? 'p resumes the screen' : 'p pauses the screen'
  const help = hasHelp ? '? back' : '? what the numbers mean'
  return [{ text: ['q quits with a summary', pause, help].join(separator), style: 'dim' }]
}

function helpLines({ process }: Figures, width: number, room: number): Line[] {
  const { threads } = process
  const workers: readonly [string, string] = [
    'worker threads',
    threads === 0 ? 'none: the main thread does everything' : `${threads}`,
  ]
  const labelWidth = Math.max(...[...legend, workers].map(([label]) => label.length))
  return [...legend, workers]
    .map(([label, text]): Line => [{ text: label.padEnd(labelWidth + 2), style: 'bold' }, text])
    .slice(0, Math.max(1, room))
    .map((line) => clip(line, width))
}
