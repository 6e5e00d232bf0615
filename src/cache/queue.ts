import type { DeletedFinalStateUnknown } from './deleted-final-state-unknown.ts'
import type { Deltas } from './deltas.ts'

/** What a {@link Reflector} fills: a queue, or a store itself. Calls are synchronous and come one at a time. */
export interface ReflectorStore<T> {
  add(object: T): void
  update(object: T): void
  delete(object: T | DeletedFinalStateUnknown<T>): void
  /** A complete list: whatever is not in it is gone. If it throws, the list is made again, after pauses that grow. */
  replace(objects: readonly T[], resourceVersion: string): void
  /** Tells of everything again, where somebody listens. */
  resync?(): void
  /** Everything up to this version has been told, though no object changed. */
  bookmark?(resourceVersion: string): void
  /** `'full'`: the source is not read until it says `'open'`. Without it, the source is always read. */
  pressure?(): 'open' | 'half' | 'full'
}

/**
 * Handles what happened to one object. `isInInitialList`: the queue has not synced yet. A promise is waited for: nothing
 * else is handed out until it settles. `signal` aborts when the controller stops.
 */
export type ProcessFunc<T> = (deltas: Deltas<T>, isInInitialList: boolean, signal: AbortSignal) => unknown

export interface PopOptions {
  /** What could not be processed is queued again, ahead of what came for its key meanwhile. @default false */
  readonly requeueOnError?: boolean
}

/** What a {@link Controller} pops from. */
export interface Queue<T> extends ReflectorStore<T> {
  resync(): void
  /** Resolves once `process` has handled one key's deltas. Rejects with what it threw, or with ERR_CLOSED. */
  pop(
    process: (deltas: Deltas<T>, isInInitialList: boolean) => unknown,
    options?: PopOptions,
  ): Promise<Deltas<T>>
  hasSynced(): boolean
  /** Resolves when {@link hasSynced} becomes true. */
  readonly synced: Promise<void>
  /** Pops that wait, or would have to, reject with ERR_CLOSED. Idempotent. */
  close(): void
}
