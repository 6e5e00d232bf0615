import { checkMethods, checkNames, checkSignalOptions, checkType } from '../base/check-options.ts'
import { nodeRuntime, type Runtime, type Timer } from '../base/runtime.ts'
import { KubeInformerError } from '../errors.ts'
import type { KubernetesObject } from '../kubernetes-object.ts'
import type { ListerWatcher, SourceObject } from '../lister-watcher.ts'
import type { ReflectorTiming, WatchState } from '../protocol/messages.ts'
import { Driver } from '../reflector/driver.ts'
import type { BracketSink, DriverHost } from '../reflector/host.ts'
import { backoffMs } from '../reflector/requests.ts'
import { timingOf } from '../reflector/timing.ts'
import type { ReflectorStore } from './queue.ts'
import { checkPeriod, checkSourceOptions, sourceOptionNames } from './source-options.ts'
import { SourceReader } from './source-reader.ts'

export interface ReflectorOptions<T extends SourceObject> {
  readonly listerWatcher: ListerWatcher<T>
  /** What is filled: a {@link DeltaFIFO}, a {@link Store}, or anything of that form. */
  readonly store: ReflectorStore<T>
  /** Calls the store's `resync` this often, from the first list on; the source is not asked. 0: never. @default 0 */
  readonly resyncPeriodMs?: number
  /** Asked each time it is due; false leaves this one out. @default always */
  readonly shouldResync?: () => boolean
  /**
   * A list or watch failed and will be tried again; an object or event was left out; the store or `shouldResync` threw.
   * What this itself throws is ignored. Without it, only {@link Reflector.stats} tells of them.
   */
  readonly onError?: (error: unknown) => void
  /** Timing of lists, watches and retries; the defaults are client-go's. */
  readonly timing?: Partial<ReflectorTiming>
  /** Clock, timers and randomness. @default Node's */
  readonly runtime?: Runtime
}

export interface RunOptions {
  /** Stops it. Without one it runs for ever. */
  readonly signal?: AbortSignal
}

/** What a reflector has done so far. */
export interface ReflectorStats {
  readonly state: WatchState
  readonly hasSynced: boolean
  readonly lists: number
  /** Lists after the first that was complete. */
  readonly relists: number
  readonly watches: number
  /** Watches that ended and were followed by another one. */
  readonly reconnects: number
  readonly bookmarks: number
  /** Whatever `onError` is told of, or would be. */
  readonly failed: number
  /** The newest of them; stays when all is well again. */
  readonly lastError: unknown
}

/**
 * Keeps a store equal to what a source has: lists, watches from the list's version, watches again from the last event
 * after a break, lists anew when that version has expired. Driven by the state machine that drives the worker threads.
 *
 * Order: `add`, `update` and `delete` as events come; `replace` once for a list, after its last page. Loss: none; of
 * what happened while it was not connected only the outcome is told. Every fault is retried for ever, with backoff
 * (`timing`), and told to `onError`. A `list()` that has not settled is waited for up to `timing.watchListTotalMs`; a watch
 * that says nothing for `timing.silenceMs` is opened again. A list is given to the store in one call, however long: for large collections use
 * a shared informer, which works in slices.
 *
 * Keeps the process alive while it runs.
 */
export class Reflector<T extends SourceObject = KubernetesObject> {
  readonly #options: ReflectorOptions<T>
  readonly #runtime: Runtime
  readonly #timing: ReflectorTiming
  readonly #driver: Driver
  /** Of the list in progress. */
  #listed: T[] = []
  #state: WatchState = 'connecting'
  /** Of the state, so that a fault is told once. */
  #fault: KubeInformerError | undefined
  #failed = 0
  #lastError: unknown
  #resyncTimer: Timer | undefined
  #relistTimer: Timer | undefined
  /** Lists in a row that the store did not take. */
  #refusals = 0
  #hasRun = false

  /** @throws ERR_INVALID_OPTION */
  constructor(options: ReflectorOptions<T>) {
    checkNames('', options, [...sourceOptionNames, 'store', 'resyncPeriodMs', 'shouldResync'])
    checkSourceOptions(options)
    checkMethods('store', options.store, ['add', 'update', 'delete', 'replace'])
    checkPeriod('resyncPeriodMs', options.resyncPeriodMs)
    checkType('shouldResync', options.shouldResync, 'function')
    const { runtime = nodeRuntime } = options
    this.#options = options
    this.#runtime = runtime
    this.#timing = timingOf(options.timing)
    const host = this.#host()
    this.#driver = new Driver({
      timing: this.#timing,
      runtime,
      keepAlive: true,
      sink: this.#sink(),
      host,
      // A ListerWatcher has no stream of initial events.
      initial: { listMode: 'paged', streamAgainAtMs: Number.POSITIVE_INFINITY },
      open: (effect, calls) =>
        new SourceReader<T>({
          ...calls,
          effect,
          runtime,
          silenceMs: this.#timing.silenceMs,
          listMsMax: this.#timing.watchListTotalMs,
          listerWatcher: options.listerWatcher,
          object: (type, object) => this.#object(type, object),
          refused: (error) => this.#report(error),
          isFull: () => host.queuePressure() === 'full',
        }),
    })
  }

  /**
   * Runs until `signal` aborts, then resolves; the store is not called any more from the abort on. The source's signal
   * aborts, too; a call of it that does not heed that is not waited for.
   *
   * @throws ERR_CLOSED (as a rejection) when called again
   */
  async run(options: RunOptions = {}): Promise<void> {
    checkSignalOptions(options)
    if (this.#hasRun) throw new KubeInformerError('ERR_CLOSED', 'a reflector runs once')
    this.#hasRun = true
    const { signal } = options
    if (signal?.aborted) return
    const stopped = Promise.withResolvers<void>()
    signal?.addEventListener(
      'abort',
      () => {
        this.#resyncTimer?.cancel()
        this.#relistTimer?.cancel()
        this.#driver.stop()
        this.#listed = []
        this.#state = 'stopped'
        stopped.resolve()
      },
      { once: true },
    )
    this.#driver.start()
    await stopped.promise
  }

  /** The version up to which the store has been told everything; `''` before the first list. */
  lastSyncResourceVersion(): string {
    return this.#driver.state.version ?? ''
  }

  stats(): ReflectorStats {
    const { lists, relists, watches, reconnects, bookmarks } = this.#driver.counters
    const { hasSynced } = this.#driver.state
    const faults = { failed: this.#failed, lastError: this.#lastError }
    return { state: this.#state, hasSynced, lists, relists, watches, reconnects, bookmarks, ...faults }
  }

  #object(type: 'listed' | 'ADDED' | 'MODIFIED' | 'DELETED', object: T): void {
    const { store } = this.#options
    if (type === 'listed') this.#listed.push(object)
    else if (type === 'ADDED') this.#tell(() => store.add(object))
    else if (type === 'MODIFIED') this.#tell(() => store.update(object))
    else this.#tell(() => store.delete(object))
  }

  #sink(): BracketSink {
    const { store } = this.#options
    return {
      listStart: () => {
        this.#listed = []
      },
      listEnd: (_version, text) => {
        const listed = this.#listed
        this.#listed = []
        const isTaken = this.#tell(() => store.replace(listed, text))
        if (isTaken) this.#refusals = 0
        else this.#listAgain()
        if (this.#resyncTimer === undefined) this.#scheduleResync()
      },
      listAbort: () => {
        this.#listed = []
      },
      bookmark: (_version, text) => {
        this.#tell(() => store.bookmark?.(text))
      },
      watchStart: () => {},
    }
  }

  #host(): DriverHost {
    return {
      setState: (state, error) => {
        this.#state = state
        // States that follow a fault name it again.
        if (error === undefined || error === this.#fault) return
        this.#fault = error
        this.#report(error)
      },
      // Credentials are the source's own: a 401 is tried again once, at once.
      requestConnection: () => this.#driver.connectionChanged(),
      requestPermit: () => this.#driver.permitGranted(),
      syncEnded: () => {},
      chunkEnds: () => {},
      queuePressure: () => this.#options.store.pressure?.() ?? 'open',
    }
  }

  #scheduleResync(): void {
    const { resyncPeriodMs = 0, shouldResync, store } = this.#options
    if (resyncPeriodMs === 0 || this.#driver.state.name === 'stopped') return
    this.#resyncTimer = this.#runtime.setTimer(resyncPeriodMs, () => {
      this.#scheduleResync()
      this.#tell(() => {
        if (shouldResync?.() ?? true) store.resync?.()
      })
    })
  }

  /** A store that throws loses that one event, until the next list; the driver must not be torn out of its step. False: it threw. */
  #tell(call: () => void): boolean {
    try {
      call()
      return true
    } catch (error) {
      this.#report(error)
      return false
    }
  }

  /** Without its list the store would be wrong for as long as watches go well. */
  #listAgain(): void {
    const runtime = this.#runtime
    const inputs = { nowMs: runtime.nowMs(), random: runtime.random(), timing: this.#timing }
    const ms = backoffMs(++this.#refusals, 0, inputs)
    this.#relistTimer?.cancel()
    // The store may have stopped it.
    if (this.#driver.state.name !== 'stopped') {
      this.#relistTimer = runtime.setTimer(ms, () => this.#driver.relist())
    }
  }

  #report(error: unknown): void {
    this.#failed++
    this.#lastError = error
    try {
      this.#options.onError?.(error)
    } catch {
      // Told where errors are told; there is nowhere else.
    }
  }
}
