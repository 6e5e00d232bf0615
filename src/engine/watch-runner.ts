import type { MessagePort } from 'node:worker_threads'
import { Piscina } from 'piscina'
import type { WatchSpec } from '../protocol/messages.ts'

export interface WatchTask {
  readonly spec: WatchSpec
  readonly port: MessagePort
}

/** Where watches run. `run` resolves when the watch has stopped, rejects when its thread died. */
export interface WatchRunner {
  /** Watches not given to a thread yet; stays above 0 only while threads start. */
  readonly queueSize: number
  run(task: WatchTask): Promise<void>
  /** To be called once a watch has started: whether the process lives on is for the sessions to say, not for what runs them. */
  unref(): void
  close(): Promise<void>
}

/** Far above any real number of watches: a watch that waited in piscina's queue would never start. */
const tasksPerWorkerMax = 100_000

/**
 * The worker makes hardly any objects: what fills its young generation are dead socket buffers. A small one is collected
 * often, for a millisecond; in a larger one they pile up until V8 collects everything, ten times a second.
 */
const youngMb = 3

/** Watches on worker threads, spread evenly; each is one never-ending piscina task. */
export class PoolRunner implements WatchRunner {
  readonly #pool: Piscina
  readonly #workers = new Set<Unreferable>()

  constructor(options: { readonly threads: number; readonly workerUrl: URL; readonly heapMbMax: number }) {
    this.#pool = new Piscina({
      filename: options.workerUrl.href,
      minThreads: options.threads,
      maxThreads: options.threads,
      concurrentTasksPerWorker: tasksPerWorkerMax,
      // The default, 'sync', blocks an idle worker's event loop, and with it every socket in there.
      atomics: 'disabled',
      idleTimeout: Number.POSITIVE_INFINITY,
      maxQueue: Number.POSITIVE_INFINITY,
      recordTiming: false,
      // The JS heap only; buffers are bounded by the engine itself.
      resourceLimits: { maxOldGenerationSizeMb: options.heapMbMax, maxYoungGenerationSizeMb: youngMb },
    })
    // Each run rejects on its own when a thread dies; unheard, this event would end the process.
    this.#pool.on('error', () => {})
    this.#pool.on('workerCreate', (worker: object) => {
      for (const inner of unreferables(worker)) this.#workers.add(inner)
    })
    this.#pool.on('workerDestroy', (worker: object) => {
      for (const inner of unreferables(worker)) this.#workers.delete(inner)
    })
  }

  get queueSize(): number {
    return this.#pool.queueSize
  }

  /** Never with `signal`: piscina aborts a task by killing its thread, and all other watches in it. */
  async run(task: WatchTask): Promise<void> {
    await this.#pool.run(task, { transferList: [task.port] })
  }

  unref(): void {
    for (const worker of this.#workers) worker.unref()
  }

  async close(): Promise<void> {
    await this.#pool.destroy()
  }
}

interface Unreferable {
  unref(): unknown
}

/**
 * piscina references its port while a task runs, ours never end, and no option of it changes that. What its events hand
 * out carries the worker's own record under a symbol; if a later version does not, unref'd informers just keep the
 * process alive (test/threads/reference.test.ts).
 */
function unreferables(worker: object): Unreferable[] {
  return Object.getOwnPropertySymbols(worker)
    .map((symbol): unknown => Reflect.get(worker, symbol))
    .filter((inner): inner is Unreferable => {
      return (
        typeof inner === 'object' && inner !== null && 'unref' in inner && typeof inner.unref === 'function'
      )
    })
}

/** `threads: 0`: the same stages in the caller's thread. */
export class LocalRunner implements WatchRunner {
  readonly queueSize: number = 0
  readonly #watchModuleUrl: URL

  constructor(workerUrl: URL) {
    this.#watchModuleUrl = workerUrl
  }

  async run(task: WatchTask): Promise<void> {
    const { default: runWatchTask } = await import(this.#watchModuleUrl.href)
    const ended: Promise<void> = runWatchTask(task)
    // Listening referenced it.
    task.port.unref()
    await ended
  }

  unref(): void {}

  async close(): Promise<void> {}
}

/**
 * Threads only while a watch runs: the first one starts them, with the end of the last one they are gone. For informers
 * that are stopped and never closed.
 */
export class ElasticRunner implements WatchRunner {
  readonly #make: () => WatchRunner
  #runner: WatchRunner | undefined
  #count = 0

  constructor(make: () => WatchRunner) {
    this.#make = make
  }

  get queueSize(): number {
    return this.#runner?.queueSize ?? 0
  }

  async run(task: WatchTask): Promise<void> {
    this.#runner ??= this.#make()
    const runner = this.#runner
    this.#count++
    try {
      await runner.run(task)
    } finally {
      if (--this.#count === 0) {
        // A watch that starts from now on gets threads of its own: these are on their way out.
        this.#runner = undefined
        await runner.close()
      }
    }
  }

  unref(): void {
    this.#runner?.unref()
  }

  async close(): Promise<void> {
    await this.#runner?.close()
  }
}
