import { parentPort, workerData } from 'node:worker_threads'
import type { Failure, ThreadResult, ThreadTask } from './runner.ts'
import { Schedule } from './schedule.ts'
import { loadStages } from './stages.ts'

/** Seeds taken at once. */
const blockCount = 16

const task = workerData as ThreadTask
const counters = new Int32Array(task.shared)
const stages = await loadStages(task.root)
const rules = new Map<string, number>()
const result = {
  schedules: 0,
  steps: 0,
  stepsMin: Number.POSITIVE_INFINITY,
  keysMin: Number.POSITIVE_INFINITY,
}
const failures: ThreadResult['failures'] = []

for (;;) {
  const from = Atomics.add(counters, 0, blockCount)
  // Blocks are taken in order: what is below the lowest failure is run by somebody, whatever order they end in.
  const end = Math.min(task.count, task.stopsAtFirst ? Atomics.load(counters, 1) : task.count)
  if (from >= end) break
  for (let offset = from; offset < Math.min(from + blockCount, task.count); offset++) {
    const seed = task.start + offset
    const { steps, keys, violation } = new Schedule({
      stages,
      seed,
      watchFromHighestPage: task.watchFromHighestPage,
      onRule: (rule) => rules.set(rule, (rules.get(rule) ?? 0) + 1),
    }).run()
    result.schedules++
    result.steps += steps
    result.stepsMin = Math.min(result.stepsMin, steps)
    result.keysMin = Math.min(result.keysMin, keys)
    if (violation === undefined) continue
    failures.push({ seed, violation })
    // Told at once: a long run that is stopped early must not lose its find.
    parentPort?.postMessage({ seed, violation } satisfies Failure)
    if (!task.stopsAtFirst) continue
    lower(counters, offset)
    break
  }
}
parentPort?.postMessage({ ...result, failures, rules: [...rules] } satisfies ThreadResult)

function lower(shared: Int32Array, offset: number): void {
  for (let known = Atomics.load(shared, 1); offset < known; known = Atomics.load(shared, 1)) {
    if (Atomics.compareExchange(shared, 1, known, offset) === known) return
  }
}
