import { appendFileSync, readFileSync } from 'node:fs'

/** How a worker thread is to die, and when. Handed over in the environment: a pool's threads share nothing else with a test. */
export interface DeathPlan {
  /** Every start and death is a line in here: what a thread knows dies with it. */
  readonly log: string
  /** Deaths still to come are those of this count that the log does not show. */
  readonly count: number
  /** Part of the path of the watch that kills; others just live in the same thread. */
  readonly path: string
  /**
   * `unstarted`: before the watch says that it started. `listing`: a first part of the list is sent. `unsent`: watching,
   * a batch is written and never sent. `in-flight`: watching, three batches are sent, nothing says that any was applied.
   * Both only once the log says `listed`: a worker watches before main has applied the list it sent, and a death in
   * between takes a new list, by design.
   */
  readonly when: 'unstarted' | 'listing' | 'unsent' | 'in-flight'
  readonly how: 'exit' | 'throw' | 'out-of-memory'
}

const variable = 'KUBE_INFORMER_TEST_DEATH_PLAN'

export function setPlan(plan: DeathPlan): void {
  process.env[variable] = JSON.stringify(plan)
}

export function clearPlan(): void {
  delete process.env[variable]
}

export function readPlan(): DeathPlan {
  return JSON.parse(process.env[variable] ?? '')
}

export interface LogEntry {
  readonly what: 'start' | 'listed' | 'death'
  readonly path: string
}

export function writeLog(plan: DeathPlan, what: LogEntry['what'], path: string): void {
  appendFileSync(plan.log, `${JSON.stringify({ what, path } satisfies LogEntry)}\n`)
}

export function readLog(plan: DeathPlan): readonly LogEntry[] {
  return readFileSync(plan.log, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

export function isListed(plan: DeathPlan): boolean {
  return readLog(plan).some(({ what }) => what === 'listed')
}

export function deathCount(plan: DeathPlan): number {
  return readLog(plan).filter(({ what }) => what === 'death').length
}
