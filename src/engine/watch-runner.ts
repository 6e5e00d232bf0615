import type { MessagePort } from 'node:worker_threads'
import { Piscina } from 'piscina'
import type { WatchSpec } from '../protocol/messages.ts'
import { workerDied } from './worker-death.ts'

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
  readonly #options: PoolOptions
  readonly #workers = new Set<Unreferable>()
  #pool: Pool

  constructor(options: PoolOptions) {
    this.#options = options
    this.#pool = this.#start()
  }

  get queueSize(): number {
    return this.#pool.piscina.queueSize
  }

  /** Never with `signal`: piscina aborts a task by killing its thread, and all other watches in it. */
  async run(task: WatchTask): Promise<void> {
    if (this.#pool.isGone) this.#pool = this.#start()
    const pool = this.#pool
    try {
      await pool.piscina.run({ ...task, isOwnThread: true }, { transferList: [task.port] })
    } catch (error) {
      // What ended with the pool never ran: why the threads did not start says more than that they are gone.
      throw pool.isGone ? (pool.startError ?? error) : error
    }
  }

  unref(): void {
    for (const worker of this.#workers) worker.unref()
  }

  async close(): Promise<void> {
    // Told first: a second destroy while this one runs would let piscina replace its threads again.
    this.#pool.isGone = true
    await this.#pool.piscina.destroy()
  }

  #start(): Pool {
    const { threads, workerUrl, heapMbMax } = this.#options
    const piscina = new Piscina({
      filename: workerUrl.href,
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: tasksPerWorkerMax,
      // The default, 'sync', blocks an idle worker's event loop, and with it every socket in there.
      atomics: 'disabled',
      idleTimeout: Number.POSITIVE_INFINITY,
      maxQueue: Number.POSITIVE_INFINITY,
      recordTiming: false,
      // The JS heap only; buffers are bounded by the engine itself.
      resourceLimits: { maxOldGenerationSizeMb: heapMbMax, maxYoungGenerationSizeMb: youngMb },
    })
    const pool: Pool = { piscina, isGone: false, startError: undefined }
    // Of a thread without tasks. Each run rejects on its own when a thread dies; unheard, this event would end the process.
    piscina.on('error', (error: unknown) => {
      pool.startError = error
    })
    piscina.on('workerCreate', (worker: object) => {
      for (const inner of unreferables(worker)) this.#workers.add(inner)
    })
    piscina.on('workerDestroy', (worker: object) => {
      for (const inner of unreferables(worker)) this.#workers.delete(inner)
      // The thread counts until this event is over, and its error comes right behind.
      queueMicrotask(() => giveUpWithoutThreads(pool))
    })
    return pool
  }
}

interface PoolOptions {
  readonly threads: number
  readonly workerUrl: URL
  readonly heapMbMax: number
}

interface Pool {
  readonly piscina: Piscina
  /** No thread is left and none will come, or the last ones are on their way out. */
  isGone: boolean
  startError: unknown
}

/**
 * piscina replaces a thread that dies, but none that dies before it is ready: what waits in its queue would wait for
 * ever, and nobody would hear why.
 */
function giveUpWithoutThreads(pool: Pool): void {
  if (pool.isGone || pool.piscina.threads.length > 0) return
  pool.isGone = true
  void pool.piscina.destroy()
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
    try {
      const { default: runWatchTask } = await import(this.#watchModuleUrl.href)
      const ended: Promise<void> = runWatchTask(task)
      // Listening referenced it.
      task.port.unref()
      await ended
    } catch (error) {
      // Node throws one and the same error at every import of a module that failed: unwrapped, all deaths would count as
      // one, and one is free of any pause. Retried in microtasks, it would starve the event loop.
      throw workerDied(error)
    }
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
