import type { Report, Subject } from '../support/subject.ts'
import type { Case } from './cases.ts'
import type { Peer, Place } from './peer.ts'

export interface Measured {
  /** Until the cache was complete and the handler had read two fields of every object. */
  readonly wallMs: number
  /** User and system time of the whole process until then, its start included. */
  readonly cpuMs: number
  readonly peakRssBytes: number
  /** Five seconds later, nobody having forced a garbage collection. */
  readonly settledRssBytes: number
}

export interface Row {
  readonly peer: Peer
  readonly runs: readonly Measured[]
  /** Why it has no figures. */
  readonly failure?: string
}

export interface RunCaseOptions {
  readonly place: Place
  readonly count: number
  readonly runs: number
  /** A peer that takes longer to sync has failed. */
  readonly syncMsMax: number
  readonly settleMs: number
  readonly log: (line: string) => void
}

export type Starter = (place: Place) => Subject<Report>

/** Every peer in turn, then all of them again: a machine that grows slower does so for all of them. */
export async function runCase(
  starters: ReadonlyMap<Peer, Starter>,
  options: RunCaseOptions,
): Promise<readonly Row[]> {
  const rows = new Map<Peer, { runs: Measured[]; failure?: string }>()
  for (const peer of starters.keys()) rows.set(peer, { runs: [] })
  for (let run = 0; run < options.runs; run++) {
    for (const [peer, start] of starters) {
      const row = rows.get(peer) as { runs: Measured[]; failure?: string }
      // What failed once is not waited for again: its row says so.
      if (row.failure !== undefined) continue
      try {
        row.runs.push(await measure(start(options.place), options))
        const { wallMs, cpuMs, peakRssBytes, settledRssBytes } = row.runs.at(-1) as Measured
        const mib = [peakRssBytes, settledRssBytes].map((bytes) => Math.round(bytes / 2 ** 20))
        options.log(
          `  run ${run + 1}, ${peer.name}: ${Math.round(wallMs)} ms, cpu ${Math.round(cpuMs)} ms, ` +
            `peak ${mib[0]} MiB, then ${mib[1]} MiB`,
        )
      } catch (error) {
        row.failure = reasonOf(error)
        options.log(`  run ${run + 1}, ${peer.name}: ${row.failure}`)
      }
    }
  }
  return [...rows].map(([peer, row]) => ({ peer, ...row }))
}

async function measure(subject: Subject<Report>, options: RunCaseOptions): Promise<Measured> {
  try {
    const synced = await subject.next(options.syncMsMax)
    // At once, of all in the same way: some say `synced` before their handler is done.
    const handled = await subject.ask('mark')
    if (synced['objects'] !== options.count || handled.handled !== options.count) {
      throw new Error(`Error: ${synced['objects']} objects, ${handled.handled} handled`)
    }
    await new Promise((resolve) => setTimeout(resolve, options.settleMs))
    const settled = await subject.ask('mark')
    return {
      wallMs: synced.handlerWallMs ?? synced.wallMs,
      cpuMs: handled.cpuMs,
      peakRssBytes: settled.peakRssBytes,
      settledRssBytes: settled.rssBytes,
    }
  } finally {
    await subject.end()
  }
}

/** One line of what a process wrote before it died: the one that speaks of an error, if there is one. */
export function reasonOf(error: unknown): string {
  const lines = String(error instanceof Error ? error.message : error)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  // Node shows the line of source that threw before it says what.
  const telling =
    lines.find((line) => /^[a-z ]*error\b.*:/i.test(line)) ??
    lines.find((line) => /\berror\b|cannot|out of memory|panic/i.test(line))
  return (telling ?? lines[0] ?? 'no reason given').replace(/^Error: |:$/g, '').slice(0, 200)
}

export function countOf(each: Case, isQuick: boolean): number {
  return isQuick ? each.quickCount : each.count
}
