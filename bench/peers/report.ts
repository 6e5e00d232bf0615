import { median, mib, seconds } from '../support/numbers.ts'
import { own } from './peer.ts'
import type { Measured, Row } from './run-case.ts'

export interface CaseResult {
  /** `15,000 pods, 112 MB of JSON, 74 MB of protobuf` */
  readonly title: string
  readonly rows: readonly Row[]
}

export interface Skipped {
  readonly what: string
  readonly why: string
}

const figures: readonly (readonly [string, keyof Measured, (value: number) => string])[] = [
  ['wall', 'wallMs', seconds],
  ['CPU', 'cpuMs', seconds],
  ['peak RSS', 'peakRssBytes', mib],
  ['RSS 5 s after', 'settledRssBytes', mib],
]

/** The result as Markdown: a table a case, medians, and beside each figure of a peer ours divided by it. */
export function formatReport(
  machine: readonly string[],
  runs: number,
  results: readonly CaseResult[],
  skipped: readonly Skipped[],
): string {
  return [
    `Medians of ${runs} run${runs === 1 ? '' : 's'}, peers in turns; in brackets ours / theirs (below 1: we need less).`,
    'Wall and CPU: from the start until every object is cached and a handler has read two fields of it.',
    'client-go looks every 100 ms whether it has synced: below a second its wall says little.',
    '',
    ...machine.map((fact) => `- ${fact}`),
    ...results.flatMap(({ title, rows }) => ['', `## ${title}`, '', ...table(rows)]),
    '',
    '## Skipped',
    '',
    ...(skipped.length === 0 ? ['Nothing.'] : skipped.map(({ what, why }) => `- ${what}: ${why}`)),
  ].join('\n')
}

function table(rows: readonly Row[]): string[] {
  const ours = rows.find(({ peer }) => peer.name === own)
  const lines = rows.map((row) => {
    const cells =
      row.failure === undefined ? cellsOf(row, ours) : [`failed: ${cell(row.failure)}`, '', '', '']
    return `| ${[row.peer.title, ...cells].join(' | ')} |`
  })
  return [
    `| | ${figures.map(([name]) => name).join(' | ')} |`,
    `| --- |${figures.map(() => ' --- |').join('')}`,
    ...lines,
  ]
}

function cellsOf(row: Row, ours: Row | undefined): string[] {
  return figures.map(([, figure, show]) => {
    const value = median(row.runs.map((run) => run[figure]))
    if (ours === undefined || ours === row || ours.failure !== undefined) return show(value)
    const ratio = median(ours.runs.map((run) => run[figure])) / value
    return `${show(value)} (${ratio.toFixed(2)})`
  })
}

/** What would end a cell or the row does not belong into one. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
