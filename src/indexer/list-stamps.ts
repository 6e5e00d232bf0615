interface Stamped {
  generation: number
}

/**
 * How many of the cached versions bear the stamp of the newest list. If all do, its sweep has nothing to look for: after
 * a first list, and after one in which nothing had vanished, a walk over a million objects is spared.
 */
export class ListStamps {
  #generation = 0
  #count = 0

  /** A list began. What bears its stamp already is not counted: too few only mean that the sweep looks at all. */
  start(generation: number): void {
    this.#generation = generation
    this.#count = 0
  }

  /** `cell` is cached now. */
  entered(cell: Stamped): void {
    if (cell.generation >= this.#generation) this.#count++
  }

  /** `cell` is cached no longer. */
  left(cell: Stamped): void {
    if (cell.generation >= this.#generation) this.#count--
  }

  /** The list of `generation` contains the cached `cell`. */
  raise(cell: Stamped, generation: number): void {
    if (cell.generation >= generation) return
    this.left(cell)
    cell.generation = generation
    this.entered(cell)
  }

  /** All of `size` cached versions bear the stamp of `generation`. */
  isOnAll(generation: number, size: number): boolean {
    return generation === this.#generation && this.#count === size
  }
}
