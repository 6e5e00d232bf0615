import type { VersionCell } from '../protocol/record-store.ts'
import type { LabelSelector } from '../selectors/label-selector.ts'
import type { CacheEpoch } from './cache-epoch.ts'
import { namespaceIndex } from './index-definition.ts'
import type { Indexer } from './indexer.ts'

type Cell = VersionCell<CacheEpoch>

/**
 * Cached objects of one namespace or all, whose labels match. Where an index of one of the labels is there, only what
 * stands under its values is looked at; what a change meanwhile has moved is seen at most once, as without an index.
 */
export class Selection {
  readonly #indexer: Indexer
  readonly #namespace: string | undefined
  readonly #selector: LabelSelector | undefined

  constructor(indexer: Indexer, namespace: string | undefined, selector: LabelSelector | undefined) {
    this.#indexer = indexer
    this.#namespace = namespace
    this.#selector = selector?.isEmpty === true ? undefined : selector
  }

  cells(): Generator<Cell, void> {
    const accepts = this.#accepts
    const keys = this.#keys()
    if (keys !== undefined && accepts !== undefined) return this.#cellsOf(keys, accepts)
    if (this.#namespace === undefined) return this.#indexer.cells(accepts)
    return this.#indexer.cellsOf(this.#namespace, accepts)
  }

  count(): number {
    const accepts = this.#accepts
    if (accepts === undefined) return this.#rowCount()
    if (this.#keys() === undefined) return this.#indexer.count(this.#namespace, accepts)
    let count = 0
    for (const _ of this.cells()) count++
    return count
  }

  get #accepts(): ((cell: Cell) => boolean) | undefined {
    const selector = this.#selector
    return selector && ((cell) => selector.matches(cell.slab.bytes, cell.offset, cell.slab.epoch.reader))
  }

  #rowCount(): number {
    if (this.#namespace === undefined) return this.#indexer.size
    return this.#indexer.indices.index(namespaceIndex).keysOf(this.#namespace)?.size ?? 0
  }

  *#cellsOf(keys: Iterable<string>, accepts: (cell: Cell) => boolean): Generator<Cell, void> {
    const prefix = this.#namespace === undefined ? '' : `${this.#namespace}/`
    for (const key of keys) {
      const cell = key.startsWith(prefix) ? this.#indexer.cell(key) : undefined
      if (cell !== undefined && accepts(cell)) yield cell
    }
  }

  /** Keys among which all that match are, by the condition with the fewest; undefined: no index has fewer than there are. */
  #keys(): Iterable<string> | undefined {
    let fewest = this.#rowCount()
    let best: readonly Iterable<string>[] | undefined
    for (const { key, operator, values } of this.#selector?.requirements ?? []) {
      const index = operator === 'in' ? this.#indexer.indices.ofLabel(key) : undefined
      if (index === undefined) continue
      const sets = values.map((value) => index.keysOf(value) ?? [])
      const count = sets.reduce((sum, set) => sum + ('size' in set ? set.size : 0), 0)
      if (count >= fewest) continue
      fewest = count
      best = sets
    }
    // A label may go from one value to another while the caller iterates: a copy holds each key once, and misses none.
    return best === undefined || best.length === 1 ? best?.[0] : best.flatMap((set) => [...set])
  }
}
