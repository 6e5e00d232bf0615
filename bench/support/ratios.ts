import { Bench } from 'tinybench'
import { median } from './numbers.ts'

/** Time of each task over that of the baseline, medians over rounds: on a shared machine only ratios hold. */
export interface Ratios {
  readonly baselineNs: number
  /** The slowest round's baseline over the fastest one's: how noisy the machine was. */
  readonly baselineSpread: number
  /** Of every round. */
  readonly ratios: ReadonlyMap<string, readonly number[]>
  readonly byTask: ReadonlyMap<string, { readonly ratio: number; readonly ns: number }>
}

/**
 * Runs the baseline and the tasks in turns, several rounds of each, so that a busy neighbour meets all of them. `count`
 * operations a call; times are per operation.
 */
export async function measureRatios(
  baseline: () => void,
  tasks: ReadonlyMap<string, () => void>,
  options: { count: number; rounds?: number; roundMs?: number },
): Promise<Ratios> {
  const { count, rounds = 7, roundMs = 150 } = options
  const times = new Map<string, number[]>()
  for (let round = 0; round < rounds; round++) {
    const bench = new Bench({ time: roundMs, iterations: 3, warmup: round === 0, warmupTime: 500 })
    bench.add('baseline', baseline)
    for (const [name, task] of tasks) bench.add(name, task)
    await bench.run()
    for (const task of bench.tasks) {
      const { result } = task
      if (result.state !== 'completed') throw new Error(`${task.name} did not complete`)
      const list = times.get(task.name) ?? []
      // The fastest call of a round: the one least disturbed. tinybench counts milliseconds.
      list.push((result.latency.min * 1e6) / count)
      times.set(task.name, list)
    }
  }
  const base = times.get('baseline') as number[]
  const byTask = new Map<string, { ratio: number; ns: number }>()
  const ratios = new Map<string, readonly number[]>()
  for (const name of tasks.keys()) {
    const list = times.get(name) as number[]
    const rounds = list.map((ns, i) => ns / (base[i] as number))
    ratios.set(name, rounds)
    byTask.set(name, { ratio: median(rounds), ns: median(list) })
  }
  return { baselineNs: median(base), baselineSpread: Math.max(...base) / Math.min(...base), ratios, byTask }
}

/** One line of a budget; a broken 'must' fails the process. */
export function reportBudget(what: string, measured: number, must: number, stretch: number, unit = ''): void {
  const verdict = measured <= stretch ? 'stretch' : measured <= must ? 'ok' : 'BROKEN'
  const value = unit === '' ? measured.toFixed(3) : `${Math.round(measured)}${unit}`
  console.log(
    `  ${what.padEnd(44)} ${value.padStart(9)}   must ≤ ${must}${unit}, stretch ≤ ${stretch}${unit}: ${verdict}`,
  )
  if (measured > must) process.exitCode = 1
}
