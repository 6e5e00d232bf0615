import type { VersionCell } from '../protocol/record-store.ts'

/**
 * The cached cells of one namespace, in an array in which each cell knows its position: a set of keys would cost more
 * time and heap than the rest of an object's entry. Iterating it is safe while objects come and go.
 */
export class CellRows<E> implements Iterable<string> {
  readonly namespace: string
  #cells: VersionCell<E>[] = []
  /** Iterations of this very array; while there are any, it may only grow. */
  #readerCount = 0

  constructor(namespace: string) {
    this.namespace = namespace
  }

  get size(): number {
    return this.#cells.length
  }

  add(cell: VersionCell<E>): void {
    cell.position = this.#cells.length
    this.#cells.push(cell)
  }

  replace(old: VersionCell<E>, cell: VersionCell<E>): void {
    cell.position = old.position
    this.#cells[old.position] = cell
    old.position = -1
  }

  delete(cell: VersionCell<E>): void {
    if (this.#readerCount > 0) {
      // An iteration would miss the cell that is moved into the gap.
      this.#cells = [...this.#cells]
      this.#readerCount = 0
    }
    const last = this.#cells.pop() as VersionCell<E>
    if (last !== cell) {
      last.position = cell.position
      this.#cells[cell.position] = last
    }
    cell.position = -1
  }

  /**
   * The cells of now. Until {@link endReading} got them back, each that is there throughout stays in its place, as it was
   * or, if its `position` is -1, replaced since or gone.
   */
  beginReading(): readonly VersionCell<E>[] {
    this.#readerCount++
    return this.#cells
  }

  endReading(cells: readonly VersionCell<E>[]): void {
    // Those of an array that was given up are not counted any more.
    if (cells === this.#cells) this.#readerCount--
  }

  /** Keys of what is there throughout, each once. */
  *[Symbol.iterator](): Generator<string, void> {
    const cells = this.beginReading()
    try {
      for (let i = 0; i < cells.length; i++) yield (cells[i] as VersionCell<E>).key
    } finally {
      this.endReading(cells)
    }
  }
}
