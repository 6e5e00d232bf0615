import { checkNames, checkSignal, checkType } from '../base/check-options.ts'
import type { Runtime } from '../base/runtime.ts'
import { TurnBudget } from '../base/turn-budget.ts'
import { wrongType } from '../errors.ts'
import { concurrencyMax, finite, whole } from './options.ts'
import type { WorkQueue } from './work-queue.ts'

/** What a reconcile that succeeded may ask for. */
export interface Requeue {
  /** Look at the item again after this time, at once when it is not above 0. undefined: not before it is added again. */
  readonly requeueAfterMs?: number | undefined
}

// The last one is void: functions that return nothing are let in beside those that return a result in some cases.
export type ReconcileResult = Requeue | ReturnType<() => void>

export interface ReconcileContext {
  /** Of {@link RunWorkersOptions}: stop soon. Never aborts when there is none. */
  readonly signal: AbortSignal
}

/**
 * Brings one item to where it should be, given its key: reads the state from a lister, not from an event. Called again
 * for whatever happened meanwhile, so it must stand being called with nothing to do.
 */
export type Reconcile<T> = (item: T, context: ReconcileContext) => ReconcileResult | Promise<ReconcileResult>

export interface RunWorkersOptions<T> {
  /** Items that may be in process at once. @default 1 */
  readonly concurrency?: number
  /** Aborting ends the taking of items; those in process are waited for, the rest stays queued. */
  readonly signal?: AbortSignal
  /** A reconcile failed, for the `numRequeues`-th time in a row; the item is tried again. Without this it is only counted. */
  readonly onError?: (error: unknown, context: { readonly item: T; readonly numRequeues: number }) => void
}

/** For an item whose own limiter failed: neither lost nor tried in a loop. */
const limiterFailedMs = 1_000

/**
 * Works a queue off until it is shut down and empty, or until `signal` aborts; resolves then, when the last call of
 * `reconcile` has ended. It never rejects for what `reconcile` does.
 *
 * - One item is never in process twice at a time, whatever the concurrency.
 * - A throw or a rejection: reported, and the item comes again as the queue's limiter says.
 * - Success: the limiter forgets the item. `{ requeueAfterMs }`: it is also added again after that time.
 * - A backlog is worked off in slices of 5 ms, between which I/O and timers have their turn. A synchronous call is not
 *   interrupted, and workers that were idle begin one each.
 *
 * The queue is not shut down by this: call `queue.shutDown()` when no other workers are left. Rejects with
 * ERR_INVALID_OPTION.
 *
 * @example
 * await runWorkers(queue, async (key, { signal }) => {
 *   const pod = pods.lister.get(key)
 *   if (pod === undefined) return
 *   await label(pod, { signal })
 *   return { requeueAfterMs: 600_000 }
 * }, { concurrency: 4, signal })
 */
export async function runWorkers<T extends NonNullable<unknown>>(
  queue: WorkQueue<T>,
  reconcile: Reconcile<T>,
  options: RunWorkersOptions<T> = {},
): Promise<void> {
  checkNames('', options, ['concurrency', 'signal', 'onError'])
  checkType('onError', options.onError, 'function')
  checkSignal('signal', options.signal)
  if (typeof reconcile !== 'function') throw wrongType('reconcile', reconcile, 'must be a function')
  const concurrency = whole('concurrency', options.concurrency ?? 1, 1, concurrencyMax)
  const signal = options.signal ?? new AbortController().signal
  const report = reporter(queue.runtime, options.onError)
  const budget = new TurnBudget(queue.runtime)

  const fail = (item: T, error: unknown): void => {
    try {
      queue.addRateLimited(item)
    } catch (limiterError) {
      report(limiterError, { item, numRequeues: 0 })
      queue.addAfter(item, limiterFailedMs)
    }
    report(error, { item, numRequeues: queue.numRequeues(item) })
  }

  const workOn = async (item: T): Promise<void> => {
    try {
      const requeueAfterMs = (await reconcile(item, { signal }))?.requeueAfterMs
      if (requeueAfterMs !== undefined) finite('requeueAfterMs', requeueAfterMs)
      queue.forget(item)
      if (requeueAfterMs !== undefined) queue.addAfter(item, requeueAfterMs)
    } catch (error) {
      fail(item, error)
    } finally {
      queue.done(item)
    }
  }

  const work = async (): Promise<void> => {
    for (;;) {
      // Before the get: an item that was taken must not wait for a turn. Asked again, for others may have spent that one, too.
      for (let turn = budget.spent(); turn !== undefined; turn = budget.spent()) await turn
      const item = await queue.get({ signal })
      if (item === undefined) return
      await workOn(item)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
}

function reporter<T>(
  runtime: Runtime,
  onError: RunWorkersOptions<T>['onError'],
): NonNullable<RunWorkersOptions<T>['onError']> {
  return (error, context) => {
    try {
      onError?.(error, context)
    } catch (thrown) {
      // A reporter that throws must be heard, but not by the item that happened to be next.
      runtime.defer(() => {
        throw thrown
      })
    }
  }
}
