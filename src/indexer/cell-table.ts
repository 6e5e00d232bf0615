import type { VersionCell } from '../protocol/record-store.ts'
import { CellHash } from './cell-hash.ts'
import { CellRows } from './cell-rows.ts'

/** All that is cached: found by key, listed by namespace. */
export class CellTable<E> {
  readonly #hash = new CellHash<E>()
  readonly #namespaces = new Map<string, CellRows<E>>()
  /** Keys without a namespace; these stand under no value of the namespace index. */
  readonly #clusterRows = new CellRows<E>('')
  /** Lists come sorted: most keys stand where the one before does. */
  #lastRows: CellRows<E> | undefined

  get size(): number {
    return this.#hash.size
  }

  get(key: string): VersionCell<E> | undefined {
    return this.#hash.get(key)
  }

  /** `key` must not be cached. */
  add(key: string, cell: VersionCell<E>): void {
    cell.key = key
    this.#hash.add(cell)
    this.#rowsOf(key).add(cell)
  }

  /** `cell` takes the place of `old`, which must be cached. */
  replace(old: VersionCell<E>, cell: VersionCell<E>): void {
    cell.key = old.key
    this.#hash.replace(old, cell)
    this.#rowsOf(old.key).replace(old, cell)
  }

  /** `cell` must be cached. */
  delete(cell: VersionCell<E>): void {
    this.#hash.delete(cell)
    const rows = this.#rowsOf(cell.key)
    rows.delete(cell)
    if (rows.size > 0 || rows === this.#clusterRows) return
    this.#namespaces.delete(rows.namespace)
    this.#lastRows = undefined
  }

  /** Namespaces in which something is cached. */
  values(): IterableIterator<string> {
    return this.#namespaces.keys()
  }

  /** What is cached in a namespace; undefined: nothing. */
  keysOf(namespace: string): CellRows<E> | undefined {
    return this.#namespaces.get(namespace)
  }

  /** Everything; keys may come and go meanwhile, one that is there throughout comes exactly once, in its newest version. */
  *cells(): Generator<VersionCell<E>, void> {
    yield* this.#newest(this.#clusterRows)
    for (const rows of this.#namespaces.values()) yield* this.#newest(rows)
  }

  /** As {@link cells}, of one namespace. */
  *cellsOf(namespace: string): Generator<VersionCell<E>, void> {
    const rows = this.#namespaces.get(namespace)
    if (rows !== undefined) yield* this.#newest(rows)
  }

  *#newest(rows: CellRows<E>): Generator<VersionCell<E>, void> {
    for (const row of rows.cells()) {
      const cell = row.position >= 0 ? row : this.#hash.get(row.key)
      if (cell !== undefined) yield cell
    }
  }

  #rowsOf(key: string): CellRows<E> {
    const slash = key.indexOf('/')
    if (slash <= 0) return this.#clusterRows
    const last = this.#lastRows
    if (last !== undefined && last.namespace.length === slash && key.startsWith(last.namespace)) return last
    const namespace = key.slice(0, slash)
    let rows = this.#namespaces.get(namespace)
    if (rows === undefined) this.#namespaces.set(namespace, (rows = new CellRows(namespace)))
    this.#lastRows = rows
    return rows
  }
}
