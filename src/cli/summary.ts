import type { AuditResult } from './audit.ts'
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

/** The end of a run, as `--output json` prints it. Times in milliseconds; null: nothing was measured. */
export interface Summary extends ProcessFigures {
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
  readonly lagMs: { readonly p50: number; readonly p99: number; readonly max: number } | null
  readonly relists: number
  readonly reconnects: number
  readonly handlerErrors: number
  readonly refused: number
  readonly threads: number
  readonly audit?: AuditResult
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
  const { changes, lagMs, sliceMs, loopDelayMs, audit } = summary
  const rows: [string, string][] = [
    ['objects', `${formatCount(summary.objects)} ${summary.resource}`],
    [
      'synced',
      summary.syncMs === null
        ? 'no'
        : `in ${formatMs(summary.syncMs)}, until the handler had seen every object`,
    ],
    [
      'changes',
      `${formatCount(summary.delivered)} delivered (${formatCount(changes.add)} add, ${formatCount(changes.update)} update, ${formatCount(changes.delete)} delete), ${formatCount(summary.received)} received, ${formatCount(summary.merged)} merged`,
    ],
    [
      'lag',
      lagMs === null
        ? '–'
        : `p50 ${formatMs(lagMs.p50)}, p99 ${formatMs(lagMs.p99)}, max ${formatMs(lagMs.max)}`,
    ],
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
  ]
  if (audit !== undefined) {
    rows.push([
      'audit',
      `ok: ${audit.ok}, compared: ${audit.compared}, missing: ${audit.missing}, extra: ${audit.extra}, different: ${audit.different}, fold: ${audit.fold}`,
    ])
    for (const example of audit.examples) rows.push(['', example])
  }
  return rows.map(([name, text]) => `${name.padEnd(12)} ${text}`).join('\n')
}
