import {
  checkFunction,
  checkMethods,
  checkNames,
  checkSignalOptions,
  checkType,
} from '../base/check-options.ts'
import { nodeRuntime, type Runtime } from '../base/runtime.ts'
import { TurnBudget } from '../base/turn-budget.ts'
import { KubeInformerError } from '../errors.ts'
import type { KubernetesObject } from '../kubernetes-object.ts'
import type { ListerWatcher, SourceObject } from '../lister-watcher.ts'
import type { ReflectorTiming } from '../protocol/messages.ts'
import { type ErrorStage, Failures } from './failures.ts'
import { keyIfAny } from './object-keys.ts'
import type { ProcessFunc, Queue } from './queue.ts'
import { Reflector, type ReflectorStats, type RunOptions } from './reflector.ts'
import { checkPeriod, checkSourceOptions, sourceOptionNames } from './source-options.ts'

export interface Config<T extends SourceObject> {
  /** Filled by the controller's reflector, emptied by its loop; nobody else should pop from it. */
  readonly queue: Queue<T>
  readonly listerWatcher: ListerWatcher<T>
  /** Called for one key at a time, in the queue's order, with all that happened to its object. */
  readonly process: ProcessFunc<T>
  /** How often the queue is asked to resync. 0: never. @default 0 */
  readonly fullResyncPeriodMs?: number
  /** Asked each time a resync is due; false leaves it out. @default always */
  readonly shouldResync?: () => boolean
  /**
   * Deltas that `process` threw for, or rejected, are queued again, ahead of newer ones of the same key: at once the
   * first time, then after pauses of 5 ms to 1 s while nothing else succeeds. @default false: they are dropped
   */
  readonly retryOnError?: boolean
  /**
   * Whatever went wrong, see {@link ErrorStage}. What this itself throws is ignored.
   * @default a process warning (KUBE_INFORMER_HANDLER_ERROR, at most one a minute) for `process`; {@link Controller.stats}
   * counts everything in any case
   */
  readonly onError?: (error: unknown, stage: ErrorStage) => void
  /** Timing of lists, watches and retries; the defaults are client-go's. */
  readonly timing?: Partial<ReflectorTiming>
  /** Clock, timers and randomness. @default Node's */
  readonly runtime?: Runtime
}

/** For newInformer, whose handlers' errors are counted with the controller's own. No part of the public interface. */
export let failuresOf: <T extends SourceObject>(controller: Controller<T>) => Failures

const retryPauseMs = 5
const retryPauseMaxMs = 1_000

const ownNames: readonly string[] = ['queue', 'process', 'fullResyncPeriodMs', 'shouldResync', 'retryOnError']
const queueMethods: readonly string[] = [
  'add',
  'update',
  'delete',
  'replace',
  'resync',
  'pop',
  'hasSynced',
  'close',
]

/** Here and not in the reflector alone: that knows some of them by other names. */
function checkConfig<T extends SourceObject>(config: Config<T>): void {
  checkNames('', config, [...sourceOptionNames, ...ownNames])
  checkMethods('queue', config.queue, queueMethods)
  checkSourceOptions(config)
  checkFunction('process', config.process)
  checkPeriod('fullResyncPeriodMs', config.fullResyncPeriodMs)
  checkType('shouldResync', config.shouldResync, 'function')
  checkType('retryOnError', config.retryOnError, 'boolean')
}

/**
 * A {@link Reflector} that fills a queue, and a loop that empties it: the low-level half of an informer, without cache
 * or handlers of its own. `process` runs for at most about 5 ms before timers and I/O have their turn.
 *
 * @example
 * const store = newStore()
 * const queue = new DeltaFIFO({ knownObjects: store })
 * const controller = new Controller({ queue, listerWatcher, process: (deltas) => {
 *   const { type, object } = deltas.newest()
 *   type === 'Deleted' ? store.delete(object) : store.update(object)
 * } })
 * await controller.run({ signal })
 */
export class Controller<T extends SourceObject = KubernetesObject> {
  static {
    failuresOf = (controller) => controller.#failures
  }

  readonly #config: Config<T>
  readonly #runtime: Runtime
  readonly #reflector: Reflector<T>
  readonly #failures: Failures
  #hasRun = false

  /** @throws ERR_INVALID_OPTION */
  constructor(config: Config<T>) {
    checkConfig(config)
    const { queue, listerWatcher, fullResyncPeriodMs, shouldResync, timing } = config
    this.#config = config
    this.#runtime = config.runtime ?? nodeRuntime
    this.#failures = new Failures(config.onError, () => this.#runtime.nowMs())
    this.#reflector = new Reflector<T>({
      listerWatcher,
      store: queue,
      ...(fullResyncPeriodMs !== undefined && { resyncPeriodMs: fullResyncPeriodMs }),
      ...(shouldResync !== undefined && { shouldResync }),
      ...(timing !== undefined && { timing }),
      runtime: this.#runtime,
      onError: (error) => this.#failures.ofSource(error),
    })
  }

  /**
   * Runs until `signal` aborts or the queue is closed, and closes the queue. No call of `process` begins after the
   * abort; one in progress (which gets the same signal) is waited for, however long. Then it resolves.
   *
   * @throws ERR_CLOSED (as a rejection) when called again: the queue of a controller that has stopped is closed
   */
  async run(options: RunOptions = {}): Promise<void> {
    checkSignalOptions(options)
    if (this.#hasRun) throw new KubeInformerError('ERR_CLOSED', 'a controller runs once')
    this.#hasRun = true
    const { queue } = this.#config
    const stop = new AbortController()
    const abort = (): void => {
      stop.abort(options.signal?.reason)
      queue.close()
    }
    if (options.signal?.aborted) abort()
    options.signal?.addEventListener('abort', abort, { once: true })
    const reflecting = this.#reflector.run({ signal: stop.signal })
    try {
      await this.#processLoop(stop.signal)
    } finally {
      options.signal?.removeEventListener('abort', abort)
      abort()
    }
    await reflecting
  }

  /** The queue's: the first list has been processed. */
  hasSynced(): boolean {
    return this.#config.queue.hasSynced()
  }

  /** Resolves when {@link hasSynced} becomes true; never if it does not. */
  get synced(): Promise<void> {
    return this.#config.queue.synced
  }

  /** The version up to which the queue has been told everything; `''` before the first list. */
  lastSyncResourceVersion(): string {
    return this.#reflector.lastSyncResourceVersion()
  }

  /** Its reflector's; `failed` and `lastError` are also those of `process`. */
  stats(): ReflectorStats {
    return { ...this.#reflector.stats(), ...this.#failures.stats }
  }

  async #processLoop(signal: AbortSignal): Promise<void> {
    const { queue, process, retryOnError = false } = this.#config
    const budget = new TurnBudget(this.#runtime)
    let failures = 0
    while (!signal.aborted) {
      const outcome = { hasFailed: false, key: '' }
      try {
        await queue.pop(
          async (deltas, isInInitialList) => {
            if (signal.aborted) return
            try {
              await process(deltas, isInInitialList, signal)
            } catch (error) {
              outcome.hasFailed = true
              outcome.key = keyIfAny(deltas.newest().object)
              throw error
            }
          },
          { requeueOnError: retryOnError },
        )
        failures = 0
      } catch (error) {
        // A queue that is closed; or one that cannot be popped from, which nobody can go on with.
        if (!outcome.hasFailed) {
          if (error instanceof KubeInformerError && error.code === 'ERR_CLOSED') return
          throw error
        }
        this.#failures.ofHandler(error, 'process', outcome.key)
        if (retryOnError) await this.#pause(failures++, signal)
      }
      await budget.spent()
    }
  }

  /** Without it, one object that always fails would keep the thread busy for ever. */
  #pause(failures: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const ms = failures === 0 ? 0 : Math.min(retryPauseMs * 2 ** (failures - 1), retryPauseMaxMs)
      const timer = this.#runtime.setTimer(
        ms,
        () => {
          signal.removeEventListener('abort', end)
          resolve()
        },
        true,
      )
      const end = (): void => {
        timer.cancel()
        resolve()
      }
      signal.addEventListener('abort', end, { once: true })
    })
  }
}
