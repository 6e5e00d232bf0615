interface Taker<T> {
  readonly resolve: (item: T | undefined) => void
  readonly signal: AbortSignal | undefined
  readonly onAbort: () => void
}

/** Workers that wait for an item, served in the order in which they came. */
export class Takers<T> {
  readonly #waiting = new Set<Taker<T>>()

  get count(): number {
    return this.#waiting.size
  }

  /** undefined also when `signal` aborts first; it must not have aborted yet. */
  wait(signal: AbortSignal | undefined): Promise<T | undefined> {
    return new Promise((resolve) => {
      const taker: Taker<T> = { resolve, signal, onAbort: () => this.#end(taker, undefined) }
      this.#waiting.add(taker)
      signal?.addEventListener('abort', taker.onAbort)
    })
  }

  /** To the one that has waited longest; there must be one, else the item would be lost. */
  give(item: T | undefined): void {
    for (const taker of this.#waiting) {
      this.#end(taker, item)
      return
    }
  }

  #end(taker: Taker<T>, item: T | undefined): void {
    // A listener left behind would keep the taker for as long as its signal lives, one for every wait.
    taker.signal?.removeEventListener('abort', taker.onAbort)
    this.#waiting.delete(taker)
    taker.resolve(item)
  }
}
