import { checkNames, checkSignal, checkSignalOptions, checkType } from '../base/check-options.ts'
import { nodeRuntime, type Runtime } from '../base/runtime.ts'
import { waitUntil } from '../base/wait-until.ts'
import { invalidOption } from '../errors.ts'
import { MetricSource } from '../observe/metric.ts'
import { addMetrics, checkMetrics, type MetricsOption } from '../observe/metrics.ts'
import { defaultLimiter } from './default-limiter.ts'
import { Delays } from './delays.ts'
import { DurationMeter } from './duration-meter.ts'
import { ItemSets } from './item-sets.ts'
import { finite, methods } from './options.ts'
import { priorities } from './priorities.ts'
import type { RateLimiter } from './rate-limiter.ts'
import { Takers } from './takers.ts'
import { workQueueMetrics } from './work-queue-metrics.ts'
import type { WorkQueueStats } from './work-queue-stats.ts'

export interface WorkQueueOptions<T> {
  /** Stands in {@link WorkQueue.stats}, to tell the figures of several queues apart. @default '' */
  readonly name?: string
  /** What makes two items the same one; it must not change. Required unless the items are keys (strings). */
  readonly keyOf?: (item: T) => string
  /** Waits of {@link WorkQueue.addRateLimited}. @default defaultLimiter() */
  readonly limiter?: RateLimiter
  /** prom-client's `Registry`, or several: client-go's `workqueue_…`, labelled by `name`, until the queue is shut down and empty. */
  readonly metrics?: MetricsOption
  /** Clock and timers, for tests. @default Node's */
  readonly runtime?: Runtime
}

export interface AddOptions {
  /** Larger ones are handed out first; see {@link priorities}. */
  readonly priority?: number
}

/**
 * client-go's work queue: what has to be looked at again, each item once, and never by two workers at a time.
 *
 * - **Once.** An item that waits already is not added twice; the duplicate may only raise its priority. Of several
 *   items with one key the last one added is handed out.
 * - **Exclusion.** An item added while it is in process is held back, and queued when it is done. So no change
 *   goes unseen, and no two workers meet on one item.
 * - **Order.** Higher priority first, strictly: lower ones wait as long as a higher one does. Within a priority first
 *   come, first served.
 * - **Bound.** At most one entry per key among the waiting, one among the delayed and one in the limiter: never more
 *   than there are keys. No item is ever refused or forgotten for lack of space; {@link stats} counts all of them.
 * - **Process.** Delayed items keep the process alive until {@link shutDown}; nothing else does.
 *
 * @example
 * const queue = new WorkQueue()
 * pods.informer.addEventHandler({ onAdd: (event) => queue.add(event.key, { priority: priorityOf(event) }) })
 * await runWorkers(queue, reconcile, { concurrency: 4, signal })
 */
export class WorkQueue<T extends NonNullable<unknown> = string> {
  readonly name: string
  /** Clock and timers of the queue and of its workers. */
  readonly runtime: Runtime
  readonly #keyOf: (item: T) => unknown
  readonly #limiter: RateLimiter
  readonly #sets = new ItemSets<T>()
  readonly #delays: Delays<T>
  readonly #takers = new Takers<T>()
  readonly #latency = new DurationMeter()
  readonly #workDuration = new DurationMeter()
  readonly #drainWatchers = new Set<() => void>()
  readonly #removeMetrics: () => void
  #isShuttingDown = false
  #shutDownCount = 0
  #adds = 0
  #merged = 0
  #retries = 0
  #dropped = 0

  /** `keyOf` may be left out only where the items are keys. */
  constructor(
    ...[options = {}]: [T] extends [string]
      ? [options?: WorkQueueOptions<T>]
      : [options: WorkQueueOptions<T> & { readonly keyOf: (item: T) => string }]
  ) {
    checkNames('', options, ['name', 'keyOf', 'limiter', 'metrics', 'runtime'])
    checkType('name', options.name, 'string')
    checkType('keyOf', options.keyOf, 'function')
    checkMetrics(options.metrics, workQueueMetrics)
    this.name = options.name ?? ''
    this.runtime = options.runtime ?? nodeRuntime
    this.#keyOf = options.keyOf ?? ((item) => item)
    this.#limiter = options.limiter ?? defaultLimiter({ runtime: this.runtime })
    methods('limiter', this.#limiter, ['when', 'forget', 'numRequeues'])
    this.#delays = new Delays(this.runtime, (key, item, priority) => this.#add(key, item, priority))
    const source = new MetricSource(() => [{ labels: { name: this.name }, sample: this.stats() }])
    this.#removeMetrics = addMetrics(options.metrics, workQueueMetrics, source)
  }

  /** Items that a worker could take now: neither those in process nor the delayed ones. */
  get length(): number {
    return this.#sets.readyCount
  }

  get isShuttingDown(): boolean {
    return this.#isShuttingDown
  }

  /** Queues an item for its next {@link get}. Ignored after a shutdown. @default priority: live */
  add(item: T, options: AddOptions = {}): void {
    const key = this.#check(item)
    this.#add(key, item, finite('priority', options.priority ?? priorities.live))
  }

  /**
   * Adds an item after `delayMs`, at once when that is not above 0. Of several delays of one item the earliest time
   * counts; an {@link add} meanwhile does not cancel it. Ignored after a shutdown, which also drops what is delayed.
   * @default priority: of an item in process the one it was handed out with, so that a retry overtakes nobody; else live
   */
  addAfter(item: T, delayMs: number, options: AddOptions = {}): void {
    const key = this.#check(item)
    finite('delayMs', delayMs)
    const priority = finite(
      'priority',
      options.priority ?? this.#sets.processing.get(key)?.priority ?? priorities.live,
    )
    if (this.#isShuttingDown) {
      this.#dropped++
      return
    }
    this.#retries++
    if (delayMs <= 0) this.#add(key, item, priority)
    else this.#delays.add(key, item, priority, delayMs)
  }

  /** {@link addAfter} the wait that the limiter gives for one more failure of this item. */
  addRateLimited(item: T, options: AddOptions = {}): void {
    this.addAfter(item, this.#limiter.when(this.#check(item)), options)
  }

  /** The item's failures are over, or given up: the limiter starts anew. It stays in the queue if it is there. */
  forget(item: T): void {
    this.#limiter.forget(this.#check(item))
  }

  /** How often the item was rate limited since it was forgotten last. */
  numRequeues(item: T): number {
    return this.#limiter.numRequeues(this.#check(item))
  }

  /**
   * The next item, as soon as there is one; it is in process until {@link done}, which must be called once for it.
   * undefined: shut down and empty, or `signal` aborted; an item that was handed out stays handed out. Callers are
   * served in the order in which they came, and the item is taken at the call, not when it is awaited: never race it
   * against a timeout, abort it.
   */
  get(options: { readonly signal?: AbortSignal } = {}): Promise<T | undefined> {
    const { signal } = options
    checkSignal('signal', signal)
    if (signal?.aborted) return Promise.resolve(undefined)
    const item = this.#take()
    if (item !== undefined || this.#isShuttingDown) return Promise.resolve(item)
    return this.#takers.wait(signal)
  }

  /** The item is no longer in process. One that was added meanwhile is queued now. Does nothing for any other item. */
  done(item: T): void {
    const inProcess = this.#sets.done(this.#check(item))
    if (inProcess === undefined) return
    this.#workDuration.record(this.runtime.nowMs() - inProcess.startedAtMs)
    this.#serve()
    this.#tellDrains()
  }

  /**
   * From now on adds are ignored and delayed items are gone, no timer is left. What is queued is still handed out;
   * then every {@link get} resolves to undefined. Idempotent. Ends a {@link shutDownWithDrain} that still waits.
   */
  shutDown(): void {
    this.#shutDownCount++
    this.#close()
  }

  /**
   * {@link shutDown}, and resolves to true when all that was queued has been handed out and is done, items added again
   * while they were in process included. Resolves to false when `signal` aborts or {@link shutDown} is called first.
   * Somebody must go on taking: with items queued and no worker it waits until then.
   */
  async shutDownWithDrain(options: { readonly signal?: AbortSignal } = {}): Promise<boolean> {
    checkSignalOptions(options)
    const count = this.#shutDownCount
    this.#close()
    await waitUntil(
      () => this.#isDrained || this.#shutDownCount !== count,
      (watcher) => {
        this.#drainWatchers.add(watcher)
        return () => this.#drainWatchers.delete(watcher)
      },
      options.signal,
    )
    return this.#isDrained
  }

  /** Costs as much as there are items in process. */
  stats(): WorkQueueStats {
    const now = this.runtime.nowMs()
    let unfinishedWorkMs = 0
    let longestRunningMs = 0
    for (const { startedAtMs } of this.#sets.processing.values()) {
      unfinishedWorkMs += now - startedAtMs
      longestRunningMs = Math.max(longestRunningMs, now - startedAtMs)
    }
    return {
      name: this.name,
      depth: this.#sets.readyCount,
      processing: this.#sets.processing.size,
      held: this.#sets.heldCount,
      delayed: this.#delays.size,
      failing: this.#limiter.size,
      adds: this.#adds,
      merged: this.#merged,
      retries: this.#retries,
      dropped: this.#dropped,
      latency: this.#latency.stats(),
      workDuration: this.#workDuration.stats(),
      unfinishedWorkMs,
      longestRunningMs,
    }
  }

  get #isDrained(): boolean {
    return this.#isShuttingDown && this.#sets.readyCount === 0 && this.#sets.processing.size === 0
  }

  #add(key: string, item: T, priority: number): void {
    if (this.#isShuttingDown) {
      this.#dropped++
      return
    }
    if (this.#sets.add(key, item, priority, this.runtime.nowMs())) this.#adds++
    else this.#merged++
    this.#serve()
  }

  #take(): T | undefined {
    const now = this.runtime.nowMs()
    const taken = this.#sets.take(now)
    if (taken === undefined) return undefined
    this.#latency.record(now - taken.addedAtMs)
    return taken.item
  }

  #serve(): void {
    while (this.#takers.count > 0) {
      const item = this.#take()
      if (item === undefined) return
      this.#takers.give(item)
    }
  }

  #close(): void {
    this.#isShuttingDown = true
    this.#dropped += this.#delays.clear()
    // Who waits found nothing queued; what is held back goes to whoever calls done, and get again.
    while (this.#takers.count > 0) this.#takers.give(undefined)
    this.#tellDrains()
  }

  #tellDrains(): void {
    if (!this.#isShuttingDown) return
    if (this.#isDrained) this.#removeMetrics()
    for (const watcher of this.#drainWatchers) watcher()
  }

  #check(item: T): string {
    const key = this.#keyOf(item)
    if (typeof key === 'string') return key
    throw invalidOption('keyOf', key, 'items other than strings need a keyOf that returns one')
  }
}
