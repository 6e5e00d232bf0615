import { KeyMap } from '../base/key-map.ts'
import type { VersionCell } from '../protocol/record-store.ts'

/**
 * Tells a listener that was added late of what is cached already, while live changes go on.
 *
 * The cursor over the cache is pulled, so that nothing of it waits in a buffer that is busy. A key is marked once the
 * listener's buffer got something of it: the cursor skips it then, and a live change to a key without a mark is the
 * first the listener hears of that object.
 */
export class Replay<E> {
  readonly #cells: Iterator<VersionCell<E>>
  readonly #marked = new KeyMap<true>()
  /** The cursor has passed the whole cache. */
  isDone = false

  constructor(cells: Iterator<VersionCell<E>>) {
    this.#cells = cells
  }

  isMarked(key: string): boolean {
    return this.#marked.get(key) === true
  }

  mark(key: string): void {
    this.#marked.set(key, true)
  }

  unmark(key: string): void {
    this.#marked.delete(key)
  }

  /** Moves the cursor over at most `countMax` keys, as long as there is room; unmarked ones are marked and told. */
  advance(countMax: number, hasRoom: () => boolean, tell: (key: string, cell: VersionCell<E>) => void): void {
    for (let i = 0; i < countMax && hasRoom(); i++) {
      const next = this.#cells.next()
      if (next.done === true) {
        this.isDone = true
        return
      }
      const cell = next.value
      const { key } = cell
      if (this.isMarked(key)) continue
      this.mark(key)
      tell(key, cell)
    }
  }
}
