import type { RecordStore, VersionCell } from '../protocol/record-store.ts'

/** Objects kept for other listeners at once, in the cells of one processor. */
const sharedCountMax = 1_024

/**
 * Makes the objects that handlers read. Listeners of one change share its object as long as one of them still waits
 * for it. How many objects are kept so is bounded, or a handler that never returns would pin every object that
 * another one reads; above the bound each listener reads its own.
 *
 * All uses of a cache's cells are released here: a release elsewhere would let the count drift.
 */
export class SharedReads<E> {
  readonly store: RecordStore<E>
  readonly #make: (cell: VersionCell<E>) => unknown
  #sharedCount = 0

  constructor(store: RecordStore<E>, make: (cell: VersionCell<E>) => unknown) {
    this.store = store
    this.#make = make
  }

  readonly read = (cell: VersionCell<E>): unknown => {
    if (cell.object !== undefined) return cell.object
    const object = this.#make(cell)
    if (cell.uses > 1 && this.#sharedCount < sharedCountMax) {
      cell.object = object
      this.#sharedCount++
    }
    return object
  }

  readonly release = (cell: VersionCell<E>): void => {
    if (cell.uses === 1 && cell.object !== undefined) this.#sharedCount--
    this.store.release(cell)
  }
}
