import type { Runtime } from '../base/runtime.ts'
import type { Slicer } from '../base/slicer.ts'
import { invalidOption, KubeInformerError } from '../errors.ts'
import type { Column } from '../protocol/column.ts'
import type { RecordStore, VersionCell } from '../protocol/record-store.ts'
import type { ChangeCause, ChangeSink } from './change-sink.ts'
import { addTotals, type DeliveryTotals, noTotals } from './delivery-totals.ts'
import type { OnListenerError } from './handler-error.ts'
import type { HandlerTracer } from './handler-tracer.ts'
import type { ResourceEventHandlers } from './handlers.ts'
import { Listener } from './listener.ts'
import type { ListenerContext, RemovedListener } from './listener-context.ts'
import { checkBatchOptions, checkHandlers, type ListenerLimits, listenerLimits } from './listener-limits.ts'
import type { Unsynced } from './listener-sync.ts'
import type { ListenerStats, Registration } from './registration.ts'
import type { AnyListenerOptions, ReplayEventHandlers } from './replay-handlers.ts'
import { SharedReads } from './shared-reads.ts'

/** What delivery needs of the cache beside its changes. */
export interface ListenedCache<E> {
  readonly store: RecordStore<E>
  /** Makes the frozen object of a version. It need not remember it: that happens here, where several listeners wait. */
  read(cell: VersionCell<E>): unknown
  /** Everything cached; keys may come and go meanwhile. */
  cells(): Iterator<VersionCell<E>>
  cell(key: string): VersionCell<E> | undefined
}

export interface ProcessorOptions<E> {
  readonly runtime: Runtime
  readonly slicer: Slicer
  /** Asked for when the first listener comes: cache and processor need each other. */
  readonly cache: () => ListenedCache<E>
  /** What stands in the records' tails; may grow until the first one comes. */
  readonly columns?: readonly Column[]
  /** Why the cache has no complete list yet; undefined: it has. */
  readonly unsynced?: () => Unsynced | undefined
  /** One listener at a time, which may hold everything back. @default false */
  readonly isPrivate?: boolean
  /** {@link Processor.isHolding} went back to false. */
  readonly onRoom?: () => void
  /** `key` is empty for `onChanges`, `onSynced` and `onDesynced`. */
  readonly onHandlerError: OnListenerError
  readonly tracer?: HandlerTracer | undefined
}

/**
 * Tells every listener of every change of one cache. Each listener has its own buffer and pace; nothing here waits,
 * and no handler runs inside a call of the sink.
 */
export class Processor<E> implements ChangeSink<E> {
  readonly #options: ProcessorOptions<E>
  #context: ListenerContext<E> | undefined
  // Replaced, never changed: a listener may go while all are being told.
  #listeners: readonly Listener<E>[] = []
  /** Removed, with calls in progress perhaps. */
  #leaving: readonly RemovedListener[] = []
  /** Of those that have left for good. */
  readonly #past = noTotals()
  #isListed = false
  #isClosed = false

  constructor(options: ProcessorOptions<E>) {
    this.#options = options
  }

  /**
   * What is cached already comes first, with cause `replay`. `onRemoved`: the registration has ended, by whomever.
   *
   * @throws ERR_CLOSED, ERR_INVALID_OPTION, ERR_HANDLER_CONFLICT
   */
  addListener<T>(
    handlers: ResourceEventHandlers<T> | ReplayEventHandlers<T>,
    options: AnyListenerOptions & { readonly drainMs?: number } = {},
    onRemoved?: () => void,
  ): Registration {
    if (this.#isClosed) throw new KubeInformerError('ERR_CLOSED', 'no handler can be added any more: closed')
    checkHandlers(handlers)
    checkBatchOptions(handlers, options)
    const limits = listenerLimits(options)
    this.#checkPrivacy(limits)
    this.#context ??= this.#makeContext()
    const listener = new Listener(
      this.#context,
      // What T is, is between the caller and the handlers.
      handlers as unknown as ResourceEventHandlers<unknown>,
      limits,
      options.signal,
      onRemoved,
    )
    if (options.signal?.aborted !== true) this.#listeners = [...this.#listeners, listener]
    return listener
  }

  /** No change is to be told until {@link ProcessorOptions.onRoom}: the private listener's buffer is full. */
  get isHolding(): boolean {
    return this.#listeners[0]?.isHolding === true
  }

  get hasListeners(): boolean {
    return this.#listeners.length > 0
  }

  stats(): ListenerStats[] {
    return this.#listeners.map((listener) => listener.stats())
  }

  /** Of all there ever were: a counter must not fall when one goes. */
  totals(): DeliveryTotals {
    const sum = { ...this.#past }
    for (const listener of [...this.#listeners, ...this.#leaving]) addTotals(sum, listener.stats())
    return sum
  }

  /** Removes all listeners, and takes no new one. Resolves when their calls have ended or their `drainMs` are over. */
  async close(): Promise<void> {
    this.#isClosed = true
    // Those that leave already too: their calls may run on for a while.
    await Promise.all([...this.#listeners, ...this.#leaving].map((listener) => listener.remove()))
  }

  added(key: string, cell: VersionCell<E>, cause: ChangeCause, receivedAtMs: number): void {
    // Whatever its cause: a listed object that a watch event was merged into in the queue comes as the watch's.
    const isInitial = !this.#isListed
    for (const listener of this.#listeners) listener.intake.added(key, cell, cause, isInitial, receivedAtMs)
  }

  updated(
    key: string,
    old: VersionCell<E>,
    cell: VersionCell<E>,
    cause: ChangeCause,
    receivedAtMs: number,
  ): void {
    for (const listener of this.#listeners) listener.intake.updated(key, old, cell, cause, receivedAtMs)
  }

  deleted(
    key: string,
    _old: VersionCell<E>,
    final: VersionCell<E>,
    finalStateUnknown: boolean,
    cause: ChangeCause,
    receivedAtMs: number,
  ): void {
    for (const listener of this.#listeners) {
      listener.intake.deleted(key, final, finalStateUnknown, cause, receivedAtMs)
    }
  }

  listCompleted(): void {
    this.#isListed = true
    for (const listener of this.#listeners) listener.listCompleted()
  }

  #checkPrivacy({ overflow }: ListenerLimits): void {
    if (this.#options.isPrivate === true) {
      if (!this.hasListeners) return
      throw new KubeInformerError(
        'ERR_HANDLER_CONFLICT',
        'a private informer has one registration at a time: remove that first, or use a shared one',
      )
    }
    if (overflow !== 'backpressure') return
    throw invalidOption(
      'buffer.overflow',
      overflow,
      "must be 'coalesce' or 'replay', since others listen too: only select({ private: true }) may be held back",
    )
  }

  #makeContext(): ListenerContext<E> {
    const { runtime, slicer, onHandlerError, tracer } = this.#options
    const cache = this.#options.cache()
    return {
      runtime,
      slicer,
      cells: () => cache.cells(),
      cell: (key) => cache.cell(key),
      columns: this.#options.columns ?? [],
      reads: new SharedReads(cache.store, (cell) => cache.read(cell)),
      isListed: () => this.#isListed,
      onHandlerError,
      tracer,
      unsynced: this.#options.unsynced ?? (() => undefined),
      onRoom: this.#options.onRoom ?? (() => {}),
      onRemoved: (gone) => {
        this.#listeners = this.#listeners.filter((listener) => listener !== gone)
        const ended = this.#leaving.filter((listener) => listener.inProgress === 0)
        for (const listener of ended) addTotals(this.#past, listener.stats())
        this.#leaving = [...this.#leaving.filter((listener) => listener.inProgress > 0), gone]
      },
    }
  }
}
