import type { VersionCell } from '../protocol/record-store.ts'
import { ChangeFilter } from './change-filter.ts'
import type { ChangeCause } from './change-sink.ts'
import type { Desync } from './desync.ts'
import type { LagSignal } from './lag-signal.ts'
import type { ListenerBuffer } from './listener-buffer.ts'
import type { ListenerContext } from './listener-context.ts'
import type { ListenerLimits } from './listener-limits.ts'
import type { ListenerSync } from './listener-sync.ts'
import { PendingChange } from './pending-change.ts'
import { Replay } from './replay.ts'

export interface ListenerIntakeOptions<E> {
  readonly context: ListenerContext<E>
  readonly limits: ListenerLimits
  readonly buffer: ListenerBuffer<E>
  readonly sync: ListenerSync
  readonly desync: Desync<E> | undefined
  readonly lag: LagSignal | undefined
  /** Something is to be told. `isOver`: the buffer was dropped for it. */
  readonly onTaken: (isOver: boolean) => void
}

/** Keys of the cache that a replay passes between two handler calls. */
const replayStepCount = 64

/**
 * What becomes of a change before it waits for its listener: news of an object that the listener was not told of is its
 * add, an update that is none of its business is counted, one that a desync will compare is only noted.
 */
export class ListenerIntake<E> {
  readonly #options: ListenerIntakeOptions<E>
  readonly #filter: ChangeFilter<E> | undefined
  #replay: Replay<E> | undefined
  /** Updates that `when` kept back. */
  unchangedCount = 0

  constructor(options: ListenerIntakeOptions<E>) {
    const { context, limits } = options
    this.#options = options
    if (limits.when !== undefined) {
      this.#filter = new ChangeFilter(limits.when, context.columns, context.reads.read)
    }
    this.#replay = new Replay(context.cells())
  }

  /** All that was cached when the listener came has been told, or waits. */
  get isReplayed(): boolean {
    return this.#replay === undefined
  }

  added(
    key: string,
    cell: VersionCell<E>,
    cause: ChangeCause,
    isInitial: boolean,
    receivedAtMs: number,
  ): void {
    this.#replay?.mark(key)
    this.#push(new PendingChange(key, undefined, false, cell, undefined, cause, isInitial, receivedAtMs))
  }

  updated(
    key: string,
    old: VersionCell<E>,
    cell: VersionCell<E>,
    cause: ChangeCause,
    receivedAtMs: number,
  ): void {
    if (this.#replay === undefined || this.#replay.isMarked(key)) {
      if (this.#filter?.isUnchanged(old, cell) === true) this.unchangedCount++
      else this.#push(new PendingChange(key, undefined, false, cell, old, cause, false, receivedAtMs))
      return
    }
    this.#replay.mark(key)
    this.#push(new PendingChange(key, undefined, false, cell, undefined, 'replay', true, receivedAtMs))
  }

  deleted(
    key: string,
    final: VersionCell<E>,
    finalStateUnknown: boolean,
    cause: ChangeCause,
    receivedAtMs: number,
  ): void {
    if (this.#replay !== undefined) {
      // Never heard of it, never will. Its mark goes: a successor of the same name is news again.
      if (!this.#replay.isMarked(key)) return
      this.#replay.unmark(key)
    }
    this.#push(
      new PendingChange(key, final, finalStateUnknown, undefined, undefined, cause, false, receivedAtMs),
    )
  }

  /** Tells of a little more of what was cached before. */
  advanceReplay(): void {
    const replay = this.#replay
    if (replay === undefined) return
    const { buffer, desync } = this.#options
    replay.advance(
      replayStepCount,
      () => buffer.isUnderHalf && desync?.isActive !== true,
      (key, cell) => this.#push(new PendingChange(key, undefined, false, cell, undefined, 'replay', true, 0)),
    )
    if (replay.isDone) this.#replay = undefined
  }

  /** Nothing of what was cached before is told any more. */
  end(): void {
    this.#replay = undefined
  }

  #push(change: PendingChange<E>): void {
    const { context, buffer, sync, desync, lag, onTaken } = this.#options
    if (desync?.takes(change.key) === true) {
      onTaken(false)
      return
    }
    // Before the push: merging may finish it at once.
    if (change.isInitial) sync.expect()
    if (change.receivedAtMs === 0) change.sinceMs = context.runtime.nowMs()
    buffer.push(change)
    lag?.arm()
    onTaken(desync?.drops() === true)
  }
}
