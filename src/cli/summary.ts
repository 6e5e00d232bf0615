import type { AuditResult } from './audit.ts'
import { textOf, wrap } from './live/line.ts'
import { widthOf } from './live/text-width.ts'
import type { Percentiles } from './process-meter.ts'
import { formatBytes, formatCount, formatMs } from './units.ts'

/** What the process cost while it watched. */
export interface ProcessFigures {
  readonly durationMs: number
  /** Own work per turn of the main thread. */
  readonly sliceMs: { readonly p99: number; readonly max: number } | null
  readonly loopDelayMs: { readonly p99: number; readonly max: number }
  readonly mainBusyMs: number
  /** All threads of the process, an embedded server's too. */
  readonly cpuMs: number
  readonly rssBytes: number
  readonly peakRssBytes: number
  readonly heapUsedBytes: number
}

/** What became of one resource, or of all of them together. Times in milliseconds; null: nothing was measured. */
export interface ResourceSummary {
  readonly resource: string
  readonly objects: number
  readonly changes: { readonly add: number; readonly update: number; readonly delete: number }
  /** From the start until the handler had finished the initial list; null: it never did. */
  readonly syncMs: number | null
  /** Events and list items the worker read. */
  readonly received: number
  readonly bytesRead: number
  /** Changes that were merged away, in the worker's queue and in the listener's buffer. */
  readonly merged: number
  readonly delivered: number
  /** Last byte of a change read in the worker → handler called; changes read after the sync only. */
  readonly lagMs: Percentiles | null
  readonly relists: number
  readonly reconnects: number
  readonly handlerErrors: number
  readonly refused: number
  /** What was wrong with it at the end. */
  readonly error?: string
  readonly audit?: AuditResult
}

/**
 * The end of a run, as `--output json` prints it: the sum of all resources (their names joined by commas, the latest
 * sync), the process, and each resource.
 */
export interface Summary extends Omit<ResourceSummary, 'error'>, ProcessFigures {
  readonly threads: number
  readonly resources: readonly ResourceSummary[]
}

/** Sums; `lagMs` cannot be summed and is told by who knows all samples. */
export function sumUp(
  resources: readonly ResourceSummary[],
  lagMs: Percentiles | null,
): Omit<ResourceSummary, 'error'> {
  const sum = (of: (resource: ResourceSummary) => number) =>
    resources.reduce((total, resource) => total + of(resource), 0)
  const audits = resources.flatMap(({ resource, audit }) =>
    audit === undefined ? [] : [{ resource, audit }],
  )
  const total = (of: (audit: AuditResult) => number) =>
    audits.reduce((result, { audit }) => result + of(audit), 0)
  return {
    resource: resources.map(({ resource }) => resource).join(','),
    objects: sum(({ objects }) => objects),
    changes: {
      add: sum(({ changes }) => changes.add),
      update: sum(({ changes }) => changes.update),
      delete: sum(({ changes }) => changes.delete),
    },
    syncMs: resources.reduce<number | null>(
      (latest, { syncMs }) => (latest === null || syncMs === null ? null : Math.max(latest, syncMs)),
      0,
    ),
    received: sum(({ received }) => received),
    bytesRead: sum(({ bytesRead }) => bytesRead),
    merged: sum(({ merged }) => merged),
    delivered: sum(({ delivered }) => delivered),
    lagMs,
    relists: sum(({ relists }) => relists),
    reconnects: sum(({ reconnects }) => reconnects),
    handlerErrors: sum(({ handlerErrors }) => handlerErrors),
    refused: sum(({ refused }) => refused),
    ...(audits.length > 0 && {
      audit: {
        ok: audits.every(({ audit }) => audit.ok),
        compared: total(({ compared }) => compared),
        missing: total(({ missing }) => missing),
        extra: total(({ extra }) => extra),
        different: total(({ different }) => different),
        fold: audits.every(({ audit }) => audit.fold),
        examples: audits.flatMap(({ resource, audit }) =>
          audits.length === 1 ? audit.examples : audit.examples.map((text) => `${resource} ${text}`),
        ),
      },
    }),
  }
}

/** Three digits after the point are more than any clock here gives. */
export function roundNumbers<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(value, (_key, inner: unknown) =>
      typeof inner === 'number' ? Math.round(inner * 1000) / 1000 : inner,
    ),
  ) as T
}

export function summaryText(summary: Summary): string {
  const { changes, sliceMs, loopDelayMs, audit, resources } = summary
  const rows: [string, string][] = [
    ['objects', `${formatCount(summary.objects)} ${summary.resource.replaceAll(',', ', ')}`],
  ]
  if (resources.length > 1) for (const each of resources) rows.push(['', resourceText(each)])
  rows.push(
    ['synced', syncText(summary)],
    [
      'changes',
      `${formatCount(summary.delivered)} delivered (${formatCount(changes.add)} add, ${formatCount(changes.update)} update, ${formatCount(changes.delete)} delete), ${formatCount(summary.received)} received, ${formatCount(summary.merged)} merged`,
    ],
    ['lag', lagText(summary.lagMs)],
    [
      'main thread',
      `busy ${formatMs(summary.mainBusyMs)} of ${formatMs(summary.durationMs)}, loop delay p99 ${formatMs(loopDelayMs.p99)} max ${formatMs(loopDelayMs.max)}${sliceMs === null ? '' : `, own slices p99 ${formatMs(sliceMs.p99)} max ${formatMs(sliceMs.max)}`}`,
    ],
    ['cpu', `${formatMs(summary.cpuMs)} in all threads (${summary.threads} of the engine)`],
    [
      'memory',
      `rss ${formatBytes(summary.rssBytes)}, peak ${formatBytes(summary.peakRssBytes)}, JS heap ${formatBytes(summary.heapUsedBytes)}`,
    ],
    [
      'connection',
      `${formatBytes(summary.bytesRead)} read, ${summary.reconnects} reconnects, ${summary.relists} relists, ${summary.refused} objects refused, ${summary.handlerErrors} handler errors`,
    ],
  )
  if (audit !== undefined) {
    rows.push([
      'audit',
      `ok: ${audit.ok}, compared: ${audit.compared}, missing: ${audit.missing}, extra: ${audit.extra}, different: ${audit.different}, fold: ${audit.fold}`,
    ])
    for (const example of audit.examples) rows.push(['', example])
  }
  return rows.flatMap(rowLines).join('\n')
}

const columnsMax = 80
const nameColumns = 12

/** A terminal of 80 columns breaks longer lines anywhere; what is one word stays one. */
function rowLines([name, text]: readonly [string, string]): string[] {
  const width = columnsMax - nameColumns
  // Figures stay with their words, as far as they fit.
  const parts = text.split(/(?<=,) /).flatMap((part) => (widthOf(part) > width ? part.split(' ') : [part]))
  const lines = wrap(parts, ' ', width).map(textOf)
  return lines.map((line, i) => (i === 0 ? name : '').padEnd(nameColumns) + line)
}

function resourceText({ resource, objects, delivered, syncMs, lagMs, error }: ResourceSummary): string {
  const synced = syncMs === null ? 'never synced' : `synced in ${formatMs(syncMs)}`
  const lag = lagMs === null ? '' : `, lag p99 ${formatMs(lagMs.p99)}`
  return `${resource}: ${formatCount(objects)} objects, ${synced}, ${formatCount(delivered)} changes${lag}${error === undefined ? '' : ` (${error})`}`
}

function syncText({ syncMs, resources }: Summary): string {
  if (syncMs !== null) return `in ${formatMs(syncMs)}, until the handler had seen every object`
  const missing = resources.filter((each) => each.syncMs === null)
  return missing.length === resources.length
    ? 'no'
    : `all but ${missing.map(({ resource }) => resource).join(', ')}`
}

function lagText(lagMs: Percentiles | null): string {
  if (lagMs === null) return '–'
  return `p50 ${formatMs(lagMs.p50)}, p99 ${formatMs(lagMs.p99)}, max ${formatMs(lagMs.max)}`
}
