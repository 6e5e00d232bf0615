import { printable } from '../printable.ts'
import { formatBytes, formatCount } from '../units.ts'
import { type Line, type Span, type Style, separator, textOf, wrap } from './line.ts'
import type { Figures, ResourceFigures } from './model.ts'
import { isInSync, type ShownState, shownState } from './resource-state.ts'
import { cells, groupTitle, layOut, type Table, titles, words } from './table.ts'
import { troubleLines } from './trouble-lines.ts'

const indent = '  '
/** Lines of words below a resource: as many as fit for all of them, the same for each. */
const detailLinesMax = 3

const stateStyles: Readonly<Record<ShownState, Style>> = {
  idle: 'dim',
  connecting: 'yellow',
  waiting: 'yellow',
  syncing: 'yellow',
  handling: 'yellow',
  watching: 'green',
  relisting: 'yellow',
  stalled: 'yellow',
  retrying: 'red',
  forbidden: 'red',
  absent: 'red',
  stopped: 'dim',
}

/** The table: each resource with a row, and as many words below it as fit into `room` lines for all. */
export function resourceLines(figures: Figures, width: number, room: number): Line[] {
  const table = layOut(figures.resources, width)
  const head: Line[] = [groupTitle(table), titles(table)].flatMap((text): Line[] =>
    text === undefined ? [] : [[{ text, style: 'dim' }]],
  )
  for (let detailLines = detailLinesMax; detailLines >= 0; detailLines--) {
    const blocks = figures.resources.map((each) => block(each, figures, table, detailLines, width))
    const lines = [...blocks.flat(), ...(detailLines === 0 ? hiddenLine(table) : [])]
    if (lines.length + head.length <= room) return [...head, ...lines]
  }
  const resources = figures.resources.toSorted((a, b) => Number(isFailing(b)) - Number(isFailing(a)))
  const blocks = resources.map((each) => block(each, figures, table, 0, width))
  const lines = cutBlocks(resources, blocks, room - head.length - 1)
  return [...head, ...lines, ...hiddenLine(table)]
}

/** What is not told elsewhere is 0: here it may be anything. */
function hiddenLine({ rest }: Table): Line[] {
  if (rest.length === 0) return []
  const names = rest.map((column) => column.title(0)).join(', ')
  return [[{ text: `no room for: ${names}`, style: 'dim' }]]
}

function isFailing({ error }: ResourceFigures): boolean {
  return error !== undefined
}

/** As many whole resources as fit, and how many do not; those that fail come first. */
function cutBlocks(resources: readonly ResourceFigures[], blocks: readonly Line[][], room: number): Line[] {
  const lines: Line[] = []
  let shown = 0
  for (const block of blocks) {
    if (lines.length + block.length > Math.max(1, room - 1)) break
    lines.push(...block)
    shown++
  }
  const hidden = resources.slice(shown)
  if (hidden.length === 0) return lines
  const failing = hidden.filter(isFailing)
  const [first] = failing
  const more = `… and ${hidden.length} more`
  if (first === undefined) {
    const text = hidden.every(isInSync) ? `${more}, all synced` : more
    return [...lines, [{ text, style: 'dim' }]]
  }
  const error = printable(`${first.resource}: ${first.error}`)
  return [...lines, [{ text: `${more}, ${failing.length} with an error: ${error}`, style: 'red' }]]
}

function block(
  resource: ResourceFigures,
  figures: Figures,
  table: Table,
  detailLines: number,
  width: number,
): Line[] {
  const styles: readonly (Style | undefined)[] = ['bold', stateStyles[shownState(resource)]]
  const row = cells(table, resource, figures).map((text, i): Span => {
    const style = styles[i]
    return style === undefined ? text : { text, style }
  })
  const inner = width - indent.length
  const details = [
    ...wrap(progressWords(resource), ', ', inner),
    ...words(table, resource, figures).flatMap((group) => wrap(group, separator, inner)),
  ]
  return [
    row,
    ...troubleLines(resource, detailLines, inner).map((line): Line => [indent, ...line]),
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
  const speed = [`${formatCount(receivedPerSecond)} objects/s`]
  if (bytesPerSecond > 0) speed.push(`${formatBytes(bytesPerSecond)}/s`)
  switch (progress?.kind) {
    case 'listing':
      return [`initial list: ${formatCount(objects)} objects so far (total unknown)`, ...speed]
    case 'handling':
      return [
        `list read; handler: ${formatCount(progress.done)} of ${formatCount(progress.total)} objects done`,
      ]
    case 'relisting':
      return [
        `relist: ${formatCount(progress.read)} read (${formatCount(progress.cached)} cached before)`,
        ...speed,
      ]
    case undefined:
      return []
  }
}
