import type { InformerState } from '../../informer-stats.ts'
import { printable } from '../printable.ts'
import { formatAge, formatBytes, formatCount, formatMs } from '../units.ts'
import { legend } from './legend.ts'
import { clip, type Line, type Span, type Style, textOf, wrap } from './line.ts'
import type { Figures, ResourceFigures } from './model.ts'
import { cells, layOut, type Table, titles, words } from './table.ts'
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

const separator = ' · '
const indent = '  '
/** Lines of words below a resource: as many as fit for all of them, the same for each. */
const detailLinesMax = 3

const stateStyles: Readonly<Record<InformerState, Style>> = {
  idle: 'dim',
  connecting: 'yellow',
  waiting: 'yellow',
  syncing: 'yellow',
  watching: 'green',
  relisting: 'yellow',
  stalled: 'yellow',
  retrying: 'red',
  forbidden: 'red',
  absent: 'red',
  stopped: 'dim',
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

function resourceLines(figures: Figures, width: number, room: number): Line[] {
  const table = layOut(figures.resources, width)
  const head: Line = [{ text: titles(table), style: 'dim' }]
  for (let detailLines = detailLinesMax; detailLines >= 0; detailLines--) {
    const blocks = figures.resources.map((each) => block(each, figures, table, detailLines, width))
    const count = blocks.reduce((sum, lines) => sum + lines.length, 0)
    if (count + 1 <= room) return [head, ...blocks.flat()]
    if (detailLines === 0) return [head, ...cutBlocks(figures.resources, blocks, room - 1)]
  }
  return []
}

/** As many whole resources as fit, and how many do not. */
function cutBlocks(resources: readonly ResourceFigures[], blocks: readonly Line[][], room: number): Line[] {
  const lines: Line[] = []
  let shown = 0
  for (const block of blocks) {
    if (lines.length + block.length > Math.max(1, room - 1)) break
    lines.push(...block)
    shown++
  }
  const hidden = resources.slice(shown)
  const troubled = hidden.filter(({ error }) => error !== undefined).length
  const text = `… and ${hidden.length} more${troubled === 0 ? '' : `, ${troubled} of them with an error`}`
  return hidden.length === 0 ? lines : [...lines, [{ text, style: troubled === 0 ? 'dim' : 'red' }]]
}

function block(
  resource: ResourceFigures,
  figures: Figures,
  table: Table,
  detailLines: number,
  width: number,
): Line[] {
  const styles: readonly (Style | undefined)[] = ['bold', stateStyles[resource.state]]
  const row = cells(table, resource, figures).map((text, i): Span => {
    const style = styles[i]
    return style === undefined ? text : { text, style }
  })
  const inner = width - indent.length
  const progress = progressWords(resource)
  const details = wrap([...progress, ...words(table, resource, figures)], separator, inner)
  return [
    row,
    ...troubleLines(resource, detailLines, inner),
    ...details.slice(0, detailLines).map((line): Line => [indent, ...dimmed(line)]),
  ]
}

function dimmed(line: Line): Line {
  return [{ text: textOf(line), style: 'dim' }]
}

function progressWords({
  progress,
  objects,
  receivedPerSecond,
  bytesPerSecond,
}: ResourceFigures): readonly string[] {
  const speed = `${formatCount(receivedPerSecond)} objects/s, ${formatBytes(bytesPerSecond)}/s`
  switch (progress?.kind) {
    case 'listing':
      return [`initial list: ${formatCount(objects)} objects so far, ${speed}`]
    case 'handling':
      return [
        `initial list complete, handler at ${formatCount(progress.done)} of ${formatCount(progress.total)} objects`,
      ]
    case 'relisting':
      return [
        `new list: ${formatCount(progress.read)} read, ${formatCount(progress.cached)} cached, ${speed}`,
      ]
    case undefined:
      return []
  }
}

/** In as many lines as the details may have, at least one. */
function troubleLines({ trouble }: ResourceFigures, detailLines: number, width: number): Line[] {
  if (trouble === undefined) return []
  const { text, overMs } = trouble
  const told = printable(overMs === undefined ? text : `over since ${formatAge(overMs)}: ${text}`)
  const lines = wrap(told.split(' '), ' ', width - indent.length).map(textOf)
  const shown = lines.slice(0, Math.max(1, detailLines))
  if (shown.length < lines.length) shown.push(`${shown.pop()} …`)
  const style: Style = overMs === undefined ? 'red' : 'dim'
  return shown.map((line, i) => [{ text: `${indent}${i === 0 ? '!' : ' '} ${line}`, style }])
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
