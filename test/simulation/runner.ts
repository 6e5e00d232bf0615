import { Worker } from 'node:worker_threads'

export interface RunOptions {
  /** Directory of the engine's sources: the repository, or a copy with a mutation. */
  readonly root: string
  readonly start: number
  readonly count: number
  readonly threads: number
  readonly watchFromHighestPage?: boolean
  /** No schedule after the first that fails. */
  readonly stopsAtFirst?: boolean
  readonly onProgress?: (done: number) => void
  /** As soon as it is found; in no order. */
  readonly onFailure?: (failure: Failure) => void
}

export interface Failure {
  readonly seed: number
  readonly violation: string
}

export interface RunResult {
  readonly schedules: number
  readonly steps: number
  readonly stepsMin: number
  readonly keysMin: number
  /** By seed. */
  readonly failures: readonly Failure[]
  /** How often each rule of the queue and the indexer was taken. */
  readonly rules: ReadonlyMap<string, number>
  readonly durationMs: number
}

/** What a thread is given; `shared[0]`: the next offset, `shared[1]`: the lowest offset that failed. */
export interface ThreadTask {
  readonly root: string
  readonly start: number
  readonly count: number
  readonly watchFromHighestPage: boolean
  readonly stopsAtFirst: boolean
  readonly shared: SharedArrayBuffer
}

export interface ThreadResult {
  readonly schedules: number
  readonly steps: number
  readonly stepsMin: number
  readonly keysMin: number
  readonly failures: Failure[]
  readonly rules: [string, number][]
}

/** Runs seeds `start` … `start + count - 1` on worker threads. The result does not depend on how many there are. */
export async function runSchedules(options: RunOptions): Promise<RunResult> {
  const startedAt = performance.now()
  const shared = new SharedArrayBuffer(8)
  const counters = new Int32Array(shared)
  counters[1] = options.count
  const task: ThreadTask = {
    root: options.root,
    start: options.start,
    count: options.count,
    watchFromHighestPage: options.watchFromHighestPage ?? false,
    stopsAtFirst: options.stopsAtFirst ?? false,
    shared,
  }
  const timer = setInterval(() => options.onProgress?.(Math.min(options.count, counters[0] ?? 0)), 1_000)
  let results: ThreadResult[]
  try {
    results = await Promise.all(
      Array.from({ length: options.threads }, () => runThread(task, options.onFailure)),
    )
  } finally {
    clearInterval(timer)
  }
  const rules = new Map<string, number>()
  for (const result of results) {
    for (const [rule, hits] of result.rules) rules.set(rule, (rules.get(rule) ?? 0) + hits)
  }
  return {
    schedules: sum(results, (result) => result.schedules),
    steps: sum(results, (result) => result.steps),
    stepsMin: Math.min(...results.map((result) => result.stepsMin)),
    keysMin: Math.min(...results.map((result) => result.keysMin)),
    failures: results.flatMap((result) => result.failures).sort((a, b) => a.seed - b.seed),
    rules: new Map([...rules].sort(([a], [b]) => (a < b ? -1 : 1))),
    durationMs: performance.now() - startedAt,
  }
}

function runThread(task: ThreadTask, onFailure: RunOptions['onFailure']): Promise<ThreadResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./schedule-thread.ts', import.meta.url), { workerData: task })
    worker.on('message', (message: Failure | ThreadResult) => {
      if ('seed' in message) onFailure?.(message)
      else resolve(message)
    })
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new Error(`a thread of the simulation ended with ${code}`)))
  })
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
