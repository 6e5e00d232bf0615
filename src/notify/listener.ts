import { setMaxListeners } from 'node:events'
import { checkSignalOptions } from '../base/check-options.ts'
import type { Pump } from '../base/slicer.ts'
import type { VersionCell } from '../protocol/record-store.ts'
import { callbacksOf } from './callbacks.ts'
import type { EventReader } from './change-event.ts'
import { Desync } from './desync.ts'
import { currentCall, HandlerCalls, outsideCalls } from './handler-calls.ts'
import { HandlerRunner } from './handler-runner.ts'
import type { ResourceEventHandlers } from './handlers.ts'
import { LagSignal } from './lag-signal.ts'
import { ListenerBuffer } from './listener-buffer.ts'
import type { ListenerContext } from './listener-context.ts'
import { ListenerIntake } from './listener-intake.ts'
import type { ListenerLimits } from './listener-limits.ts'
import { ListenerSync } from './listener-sync.ts'
import type { PendingChange } from './pending-change.ts'
import type { ListenerStats, Registration } from './registration.ts'
import { Resync } from './resync.ts'

/** Changes put into a batch between two looks at the clock. */
const batchStepCount = 32

/**
 * One registration: takes changes from the processor into its buffer, and calls its handlers from the slicer's turns.
 *
 * Handlers never run inside a call of the processor, so the cache is never half changed when they look at it. One
 * listener's pace, errors and removal are its own; what all share is the thread.
 */
export class Listener<E> implements Pump, EventReader<E>, Registration {
  /** Where the processor's changes go. */
  readonly intake: ListenerIntake<E>
  readonly #context: ListenerContext<E>
  readonly #limits: ListenerLimits
  readonly #buffer: ListenerBuffer<E>
  readonly #calls: HandlerCalls
  readonly #runner: HandlerRunner<E>
  readonly #sync = new ListenerSync()
  readonly #resync: Resync<E> | undefined
  /** With `overflow: 'replay'` alone. */
  readonly #desync: Desync<E> | undefined
  readonly #lag: LagSignal | undefined
  readonly #abort = new AbortController()
  readonly #userSignal: AbortSignal | undefined
  readonly #onRemoved: (() => void) | undefined
  #isHolding = false
  #isRunning = false
  #isRemoved = false
  #turnEndMs = Number.NEGATIVE_INFINITY
  #handlerMs = 0

  constructor(
    context: ListenerContext<E>,
    handlers: ResourceEventHandlers<unknown>,
    limits: ListenerLimits,
    signal: AbortSignal | undefined,
    onRemoved: (() => void) | undefined,
  ) {
    this.#context = context
    this.#limits = limits
    this.#calls = new HandlerCalls(context.runtime)
    this.#runner = new HandlerRunner<E>({
      runtime: context.runtime,
      callbacks: callbacksOf(handlers),
      limits,
      calls: this.#calls,
      tracer: context.tracer,
      reader: limits.overflow === 'replay' ? Desync.reader(this) : this,
      release: context.reads.release,
      onHandlerError: (error, key, handler) =>
        context.onHandlerError(error, key, handler, this, limits.onHandlerError),
      onGathered: (key) => this.#unpark(key),
      onFinished: (key, isInitial) => this.#finish(key, isInitial),
      onAsyncEnd: () => this.#continue(),
    })
    this.#buffer = new ListenerBuffer({
      reads: context.reads,
      countMax: limits.countMax,
      bytesMax: limits.bytesMax,
      merges: limits.overflow === 'coalesce',
      mayPark: limits.concurrency > 1,
      onInitialVanished: () => this.#sync.finish(),
    })
    if (limits.overflow === 'replay') {
      const { activeKeys } = this.#runner
      this.#desync = new Desync({ ...context, buffer: this.#buffer, sync: this.#sync, activeKeys })
    }
    if (limits.lag !== undefined) {
      this.#lag = new LagSignal({
        runtime: context.runtime,
        lag: limits.lag,
        oldestSinceMs: () => this.#oldestSinceMs(),
        stats: () => this.stats(),
        report: (error) => this.#runner.report(error, 'lag.onChange'),
      })
    }
    // A signal that every event carries has as many listeners as there are calls in progress.
    setMaxListeners(0, this.#abort.signal)
    if (limits.resyncPeriodMs > 0) {
      this.#resync = new Resync({
        runtime: context.runtime,
        periodMs: limits.resyncPeriodMs,
        cells: context.cells,
        onDue: () => this.#wake(),
      })
    }
    this.#userSignal = signal
    this.#onRemoved = onRemoved
    this.intake = new ListenerIntake({
      ...{ context, limits, buffer: this.#buffer, sync: this.#sync, desync: this.#desync, lag: this.#lag },
      onTaken: (isOver) => {
        // Also when no call can be made: it is then that the handler wants to know.
        if (isOver) context.slicer.wake(this)
        else this.#wake()
      },
    })
    this.intake.advanceReplay()
    if (signal?.aborted === true) void this.remove()
    else signal?.addEventListener('abort', this.#onUserAbort)
    this.#wake()
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Async calls that have not settled, after a removal too. */
  get inProgress(): number {
    return this.#calls.count
  }

  /** With `overflow: 'backpressure'`: nothing more is to be pushed, from when the buffer is full until it is under half. */
  get isHolding(): boolean {
    if (this.#limits.overflow !== 'backpressure' || this.#isRemoved) return false
    this.#isHolding = this.#buffer.isFull || (this.#isHolding && !this.#buffer.isUnderHalf)
    return this.#isHolding
  }

  read(cell: VersionCell<E>): unknown {
    return this.#context.reads.read(cell)
  }

  hasSynced(): boolean {
    return this.#sync.hasSynced
  }

  async waitForSync(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    checkSignalOptions(options)
    const { runtime, unsynced } = this.#context
    await this.#sync.wait(options.signal, runtime, unsynced)
  }

  stats(): ListenerStats {
    const { count, bytes, pinnedBytes, merged } = this.#buffer
    const oldestSinceMs = this.#oldestSinceMs()
    return {
      depth: count,
      bytes,
      pinnedBytes,
      oldestAgeMs:
        oldestSinceMs === undefined ? 0 : Math.max(0, this.#context.runtime.nowMs() - oldestSinceMs),
      // A loop's change is in none of the calls.
      inProgress: Math.max(this.#calls.count, this.#runner.activeCount),
      delivered: this.#runner.deliveredCount,
      merged,
      dropped: this.#desync?.droppedCount ?? 0,
      desyncs: this.#desync?.count ?? 0,
      unchanged: this.intake.unchangedCount,
      errors: this.#runner.errorCount,
      handlerMs: this.#handlerMs,
      abandoned: this.#calls.abandonedCount,
      hasSynced: this.#sync.hasSynced,
      isDesynced: this.#desync?.isActive ?? false,
      initialPending: this.#sync.pendingCount,
    }
  }

  remove(): Promise<void> {
    if (!this.#isRemoved) this.#end()
    return this.#calls.drained(this.#limits.drainMs, currentCall())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.remove()
  }

  /** The cache holds a complete list: this listener may have synced by that alone. */
  listCompleted(): void {
    if (!this.#sync.hasSynced) this.#wake()
  }

  pump(deadlineMs: number): boolean {
    this.#turnEndMs = deadlineMs
    return outsideCalls(() => this.#run(deadlineMs))
  }

  /** What was dropped with the buffer counts until its comparison has told it: the handler is behind by that. */
  #oldestSinceMs(): number | undefined {
    return this.#desync?.sinceMs ?? this.#buffer.oldestSinceMs(this.#runner.activeKeys)
  }

  #wake(): void {
    if (!this.#isRemoved && this.#runner.activeCount < this.#limits.concurrency)
      this.#context.slicer.wake(this)
  }

  /** Calls handlers until nothing can be done now (false) or time is up (true). */
  #run(deadlineMs: number): boolean {
    this.#isRunning = true
    if (this.#desync?.takeNotice() === true) this.#runner.callDesynced()
    let nowMs = this.#context.runtime.nowMs()
    let hasMore = true
    while (hasMore) {
      this.#checkSync()
      const mayCall = !this.#isRemoved && this.#runner.activeCount < this.#limits.concurrency
      // What is dropped frees memory also while no call can be made.
      hasMore =
        this.#desync?.dropSome() === true ||
        (mayCall &&
          (this.#runner.batch === undefined ? this.#step(nowMs) : this.#callBatch(nowMs, deadlineMs)))
      const before = nowMs
      nowMs = this.#context.runtime.nowMs()
      this.#handlerMs += nowMs - before
      if (nowMs >= deadlineMs) break
    }
    // The last step may have ended the replay without a call.
    this.#checkSync()
    this.#isRunning = false
    this.#lag?.check()
    if (this.#isHolding && !this.isHolding) this.#context.onRoom()
    return hasMore
  }

  /** One call with all that waits, unless gathering takes half of the time that is left: the handler needs the rest. */
  #callBatch(nowMs: number, deadlineMs: number): boolean {
    const { runtime } = this.#context
    const untilMs = nowMs + (deadlineMs - nowMs) / 2
    let hasMore = true
    for (let steps = 1; hasMore && this.#runner.batch?.isFull !== true; steps++) {
      hasMore = this.#step(nowMs)
      if (steps % batchStepCount === 0 && runtime.nowMs() >= untilMs) break
    }
    this.#runner.flush()
    return hasMore
  }

  /** One handler call, or some keys of a replay; false: nothing to do. */
  #step(nowMs: number): boolean {
    if (!this.intake.isReplayed) this.intake.advanceReplay()
    const desync = this.#desync?.isActive === true ? this.#desync : undefined
    if (desync?.takeTurn() === true && this.#deliverStale(desync)) return true
    const change = this.#nextChange()
    if (change !== undefined) {
      this.#deliver(change)
      return true
    }
    if (desync !== undefined) return this.#deliverStale(desync)
    if (!this.intake.isReplayed) return this.#buffer.isUnderHalf
    return this.#resync?.isRunning === true && this.#buffer.count === 0 && this.#deliverResync(nowMs)
  }

  /** The oldest change whose key has no call running. */
  #nextChange(): PendingChange<E> | undefined {
    const { activeKeys } = this.#runner
    let change = this.#buffer.head
    while (change !== undefined && activeKeys.size > 0 && activeKeys.has(change.key)) {
      this.#buffer.park(change)
      change = this.#buffer.head
    }
    return change
  }

  #deliver(change: PendingChange<E>): void {
    const { gone, here } = change
    // The add of a re-created object stays in the buffer: until its call starts, it may still come to nothing.
    if (gone === undefined || here === undefined) this.#buffer.take()
    else this.#buffer.takeGone(change)
    this.#call(change, gone)
  }

  /** The call for one key that a desync left to compare; false: none can be made now. */
  #deliverStale(desync: Desync<E>): boolean {
    const change = desync.next()
    if (change !== undefined) this.#call(change, change.gone)
    return change !== undefined
  }

  /** Takes over the uses of the change's cells; of one with `gone` as its delete alone. */
  #call(change: PendingChange<E>, gone: VersionCell<E> | undefined): void {
    const { key, goneFinalStateUnknown, here, old, cause, isInitial, receivedAtMs } = change
    if (gone !== undefined) {
      this.#desync?.handed('delete', key, gone)
      this.#runner.call('delete', key, gone, undefined, cause, false, goneFinalStateUnknown, receivedAtMs)
    } else if (here !== undefined) {
      const type = old === undefined ? 'add' : 'update'
      this.#desync?.handed(type, key, here)
      this.#runner.call(type, key, here, old, cause, isInitial, false, receivedAtMs)
    }
  }

  #deliverResync(nowMs: number): boolean {
    const cell = this.#resync?.next()
    if (cell === undefined) return false
    const { key } = cell
    // Being told of it right now is as good.
    if (this.#runner.activeKeys.has(key)) return true
    this.#context.reads.store.use(cell)
    // What `when` kept back is told by it.
    this.#desync?.handed('update', key, cell)
    this.#runner.call('update', key, cell, cell, 'resync', false, false, nowMs)
    return true
  }

  #finish(key: string, isInitial: boolean): void {
    if (isInitial) this.#sync.finish()
    this.#desync?.ended(key)
    this.#unpark(key)
  }

  #unpark(key: string): void {
    if (this.#limits.concurrency > 1) this.#buffer.unpark(key)
  }

  /**
   * After an async call: goes on in what is left of the turn that started it. Waiting for the next one would make
   * handlers that are async without awaiting anything slow: one object per round of the event loop.
   */
  #continue(): void {
    if (this.#isRemoved || this.#isRunning) return
    if (this.#context.runtime.nowMs() >= this.#turnEndMs || this.#run(this.#turnEndMs)) this.#wake()
  }

  #checkSync(): void {
    if (this.#isRemoved) return
    // What waited for its end (a late listener's replay, a resync) goes on.
    const isInSync = this.#desync?.settle() === true
    if (isInSync) this.#wake()
    if (!this.#sync.hasSynced) {
      const isReplayed = this.intake.isReplayed && this.#desync?.isActive !== true
      if (!this.#sync.check(this.#context.isListed(), isReplayed)) return
      this.#resync?.start()
    } else if (!isInSync) return
    this.#desync?.toldSynced()
    this.#runner.callSynced()
  }

  #end(): void {
    this.#isRemoved = true
    this.#context.slicer.remove(this)
    this.#context.onRemoved(this)
    this.#userSignal?.removeEventListener('abort', this.#onUserAbort)
    this.#resync?.stop()
    this.#lag?.stop()
    this.intake.end()
    this.#buffer.drop(Number.POSITIVE_INFINITY)
    this.#desync?.clear()
    this.#sync.close()
    this.#onRemoved?.()
    this.#abort.abort()
    if (this.#isHolding) this.#context.onRoom()
  }

  readonly #onUserAbort = (): void => void this.remove()
}
