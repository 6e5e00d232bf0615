import type { InformerState } from '../../informer-stats.ts'
import { printable } from '../printable.ts'
import { formatAge, formatBytes, formatCount } from '../units.ts'
import { type Line, type Span, type Style, separator, textOf, wrap } from './line.ts'
import type { Figures, ResourceFigures } from './model.ts'
import { cells, layOut, type Table, titles, words } from './table.ts'

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

/** The table: each resource with a row, and as many words below it as fit into `room` lines for all. */
export function resourceLines(figures: Figures, width: number, room: number): Line[] {
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
