import { DeletedFinalStateUnknown } from './deleted-final-state-unknown.ts'

/**
 * - `Added`, `Updated`, `Deleted`: an event of a watch. Whether an object is new is the store's to say, not the event's;
 * - `Replaced`: the object is in a list, changed or not;
 * - `Sync`: nothing changed, a resync tells of it again.
 */
export type DeltaType = 'Added' | 'Updated' | 'Deleted' | 'Replaced' | 'Sync'

export type Delta<T> =
  | { readonly type: Exclude<DeltaType, 'Deleted'>; readonly object: T }
  | { readonly type: 'Deleted'; readonly object: T | DeletedFinalStateUnknown<T> }

/** What happened to one object, oldest first; never empty. */
export class Deltas<T> implements Iterable<Delta<T>> {
  readonly #deltas: readonly Delta<T>[]

  constructor(deltas: readonly [Delta<T>, ...Delta<T>[]]) {
    this.#deltas = deltas
  }

  get length(): number {
    return this.#deltas.length
  }

  oldest(): Delta<T> {
    return this.#deltas[0] as Delta<T>
  }

  /** All that counts for whoever keeps the newest state only. */
  newest(): Delta<T> {
    return this.#deltas.at(-1) as Delta<T>
  }

  [Symbol.iterator](): IterableIterator<Delta<T>> {
    return this.#deltas[Symbol.iterator]()
  }
}

/** The last state of the object that a delta knows. */
export function stateOf<T>({ object }: Delta<T>): T | undefined {
  return object instanceof DeletedFinalStateUnknown ? object.object : object
}

/**
 * Appends; of two Deleted in a row one is left, the one that knows the final state, the first if both do.
 * Nothing else is merged: every other delta may be the one that somebody waits for.
 */
export function appendDelta<T>(deltas: Delta<T>[], delta: Delta<T>): void {
  const last = deltas.at(-1)
  if (last?.type !== 'Deleted' || delta.type !== 'Deleted') deltas.push(delta)
  else if (last.object instanceof DeletedFinalStateUnknown) deltas[deltas.length - 1] = delta
}
