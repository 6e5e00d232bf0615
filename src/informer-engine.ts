import { Once } from './base/once.ts'
import { Engine, type EngineOptions } from './engine/engine.ts'
import { validateEngineOptions } from './engine-options.ts'
import { KubeInformerError } from './errors.ts'

/** What all factories of an engine share, as of now; counters run from the engine's creation. */
export interface EngineStats {
  /** Worker threads; 0: the caller's own does everything. */
  readonly threads: number
  /** Of all queues in the workers, and of all batches and objects of your sources on their way. */
  readonly memoryBytes: number
  readonly memoryBytesMax: number
  /** That are not closed. */
  readonly factories: number
  /** That run, of all factories. */
  readonly watches: number
  /** Of these, watches that no thread has taken yet; above 0 only while threads start. */
  readonly queuedWatches: number
  /** Lists in progress, at most `maxConcurrentSyncs`, and those that wait for their turn. */
  readonly syncs: number
  readonly waitingSyncs: number
  /** Turns of the event loop in which the engine worked on this thread, and for how long. */
  readonly slices: { readonly count: number; readonly busyMs: number; readonly maxMs: number }
}

interface Closable {
  close(): Promise<void>
}

/** Threads, memory bound, turns for lists and slices of the main thread, for any number of factories. */
export class InformerEngine {
  readonly #engine: Engine
  readonly #factories = new Set<Closable>()
  readonly #closing = new Once(() => this.#close())

  constructor(options: EngineOptions) {
    validateEngineOptions(options)
    this.#engine = new Engine(options)
  }

  /** Static as what follows: for factories, not for users, who have the type alone. */
  static is(value: unknown): value is InformerEngine {
    return typeof value === 'object' && value !== null && #engine in value
  }

  /** @throws ERR_CLOSED */
  static open(engine: InformerEngine): Engine {
    if (engine.#closing.hasBegun) throw new KubeInformerError('ERR_CLOSED', 'the engine is closed')
    return engine.#engine
  }

  static attach(engine: InformerEngine, factory: Closable): void {
    engine.#factories.add(factory)
  }

  static detach(engine: InformerEngine, factory: Closable): void {
    engine.#factories.delete(factory)
  }

  /** Counters and gauges of now. */
  stats(): EngineStats {
    const { threads, memory, memoryBytesMax, watches, runner, permits, slicer } = this.#engine
    return {
      threads,
      memoryBytes: memory.bytes,
      memoryBytesMax,
      factories: this.#factories.size,
      watches,
      queuedWatches: runner.queueSize,
      syncs: permits.heldCount,
      waitingSyncs: permits.waitingCount,
      slices: { ...slicer.slices },
    }
  }

  /**
   * Closes the factories that are still open, then the threads. Once it resolves no socket, timer, port or thread is
   * left. Idempotent; may be called from a handler.
   */
  close(): Promise<void> {
    return this.#closing.run()
  }

  async #close(): Promise<void> {
    try {
      await Promise.all([...this.#factories].map((factory) => factory.close()))
    } finally {
      await this.#engine.close()
    }
  }
}

/**
 * Makes an engine for several factories: several clusters in one process then share threads, one memory bound and the
 * number of lists at once. A factory without one makes its own. Closing a factory leaves the engine as it is.
 *
 * @throws ERR_INVALID_OPTION, ERR_NODE_VERSION on a Node below 22.19
 * @example
 * const engine = createEngine({ threads: 2, memoryBytesMax: 256 * 1024 * 1024 })
 * const east = createInformerFactory({ engine, kubeConfig: { context: 'east' } })
 * const west = createInformerFactory({ engine, kubeConfig: { context: 'west' } })
 * // …
 * await engine.close() // closes the factories that are left, then the threads
 */
export function createEngine(options: EngineOptions = {}): InformerEngine {
  return new InformerEngine(options)
}
