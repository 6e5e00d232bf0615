import { printable } from '../printable.ts'
import { formatBytes, formatCount, formatMs } from '../units.ts'
import { bar, sparkline, wanderingBar } from './bars.ts'
import type { Figures, ResourceFigures } from './model.ts'
import { historySecondsMax } from './model.ts'
import { shownState } from './resource-state.ts'
import { cut, cutMiddle, padEnd, padStart, widthOf } from './text-width.ts'

/** One figure of a resource: a column where the terminal is wide enough, else words below the resource. */
export interface Column {
  /** Of a column of this width; as words it stands before the value. */
  title(width: number): string
  readonly width: number
  /** Takes what is left over, up to this. */
  readonly widthMax?: number
  readonly isText?: true
  /** Is not told in words where there is no room for the column. */
  readonly isColumnOnly?: true
  /** Counts from the start; all others are of this moment. */
  readonly isSinceStart?: true
  value(resource: ResourceFigures, figures: Figures, width: number): string
}

const unknown = '–'
const gap = '  '
const resourceWidthMin = 12

function figure(title: string, width: number, value: (resource: ResourceFigures) => string): Column {
  return { title: () => title, width, value }
}

/** Of something that goes on: what is stopped has none. */
function nowFigure(title: string, width: number, value: (resource: ResourceFigures) => string): Column {
  return figure(title, width, (resource) => (resource.state === 'stopped' ? unknown : value(resource)))
}

const resourceColumn: Column = {
  title: () => 'resource',
  width: resourceWidthMin,
  isText: true,
  value: ({ resource }, _, width) => cutMiddle(printable(resource), width),
}

/** By weight: the first ones that fit are columns. */
export const columns: readonly Column[] = [
  { title: () => 'state', width: 10, isText: true, value: shownState },
  figure('objects', 9, ({ objects }) => formatCount(objects)),
  nowFigure('changes/s', 9, ({ changesPerSecond }) => formatCount(changesPerSecond)),
  {
    title: (width) => `last ${Math.min(width, historySecondsMax)} s`,
    width: 14,
    widthMax: historySecondsMax,
    isText: true,
    isColumnOnly: true,
    value: graph,
  },
  figure('lag p99', 8, (resource) => lag(resource, 'p99')),
  figure('lag p50', 8, (resource) => lag(resource, 'p50')),
  nowFigure('buffer', 7, ({ bufferCount }) => formatCount(bufferCount)),
  nowFigure('queue', 16, ({ queueCount, queueBytes }) =>
    queueCount === 0 ? '0' : `${formatCount(queueCount)} (${formatBytes(queueBytes)})`,
  ),
  { ...figure('merged', 9, ({ merged }) => formatCount(merged)), isSinceStart: true },
  { ...figure('relists', 7, ({ relists }) => formatCount(relists)), isSinceStart: true },
  { ...figure('reconnects', 10, ({ reconnects }) => formatCount(reconnects)), isSinceStart: true },
]

/** Lag is of a watch that follows: of one that does not, the last figure would look healthy. */
function lag({ lagMs, state }: ResourceFigures, figure: 'p50' | 'p99'): string {
  return state === 'watching' && lagMs !== null ? formatMs(lagMs[figure]) : unknown
}

/** Where what stands, for one width of the terminal. */
export interface Table {
  readonly shown: readonly { readonly column: Column; readonly width: number }[]
  /** What became words. */
  readonly rest: readonly Column[]
}

export function layOut(resources: readonly ResourceFigures[], width: number): Table {
  const longest = Math.max(resourceWidthMin, ...resources.map(({ resource }) => widthOf(resource)))
  // A long name may take a quarter of the screen, more only from what is left over.
  const nameWidth = Math.max(resourceWidthMin, Math.min(longest, Math.floor(width / 4)))
  const shown = [{ column: resourceColumn, width: Math.min(nameWidth, width) }]
  let left = width - nameWidth
  let next = 0
  for (; next < columns.length; next++) {
    const column = columns[next] as Column
    if (column.width + gap.length > left) break
    shown.push({ column, width: column.width })
    left -= column.width + gap.length
  }
  const widened = shown.map(({ column, width: given }) => {
    const wanted = column === resourceColumn ? longest : (column.widthMax ?? given)
    const more = Math.max(0, Math.min(left, wanted - given))
    left -= more
    return { column, width: given + more }
  })
  return { shown: widened, rest: columns.slice(next).filter(({ isColumnOnly }) => !isColumnOnly) }
}

export function titles({ shown }: Table): string {
  return shown.map(({ column, width }) => align(column, column.title(width), width)).join(gap)
}

/** Stands above the titles where they need it: some columns are not of this moment. */
export function groupTitle({ shown }: Table): string | undefined {
  const widthOfAll = (columns: Table['shown']) =>
    columns.reduce((sum, { width }) => sum + width + gap.length, -gap.length)
  const counters = shown.filter(({ column }) => column.isSinceStart)
  if (counters.length === 0) return undefined
  const text = ' since start'.padStart(widthOfAll(counters), '─')
  return padStart(text, widthOfAll(shown))
}

/** The cells of one resource, one by one: the caller colours them. */
export function cells({ shown }: Table, resource: ResourceFigures, figures: Figures): string[] {
  return shown.map(({ column, width }, i) => {
    const text = align(column, cut(column.value(resource, figures, width), width), width)
    return i === 0 ? text : gap + text
  })
}

/** What no column shows, as words: of now, and since the start. What is not told is 0 or not known. */
export function words(
  { rest }: Table,
  resource: ResourceFigures,
  figures: Figures,
): readonly (readonly string[])[] {
  const told = (name: string, columns: readonly Column[]): string[] => {
    const words = columns.flatMap((column) => {
      const value = column.value(resource, figures, 0)
      return value === '0' || value === unknown ? [] : [`${column.title(0)} ${value}`]
    })
    return words.map((word, i) => (i === 0 ? `${name}: ${word}` : word))
  }
  return [
    told(
      'now',
      rest.filter(({ isSinceStart }) => !isSinceStart),
    ),
    told(
      'since start',
      rest.filter(({ isSinceStart }) => isSinceStart),
    ),
  ]
}

function align(column: Column, text: string, width: number): string {
  return column.isText ? padEnd(text, width) : padStart(text, width)
}

/** Changes of the last seconds, or how far a list is. */
function graph({ progress, history }: ResourceFigures, { uptimeMs }: Figures, width: number): string {
  switch (progress?.kind) {
    case 'listing':
      return wanderingBar(uptimeMs, width)
    case 'handling':
      return bar(progress.total === 0 ? 0 : progress.done / progress.total, width)
    case 'relisting':
      return progress.cached === 0
        ? wanderingBar(uptimeMs, width)
        : bar(progress.read / progress.cached, width)
    case undefined:
      return sparkline(history, width)
  }
}
