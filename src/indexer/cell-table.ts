import type { VersionCell } from '../protocol/record-store.ts'
import { CellHash } from './cell-hash.ts'
import { CellRows } from './cell-rows.ts'
import { touchLabels } from './touch-labels.ts'
import { touchRecords } from './touch-records.ts'

const latelyCount = 256
/** Rows that a scan looks at in one go: what it touches of them fits into the first cache of a processor. */
const blockCount = 64

type Accepts<E> = (cell: VersionCell<E>) => boolean

/** All that is cached: found by key, listed by namespace. */
export class CellTable<E> {
  readonly #hash: CellHash<E>
  readonly #namespaces = new Map<string, CellRows<E>>()
  /** Keys without a namespace; these stand under no value of the namespace index. */
  readonly #clusterRows = new CellRows<E>('')
  /** By the end of their name: what was asked for lately is found without making a string of the namespace. */
  readonly #lately: (CellRows<E> | undefined)[] = new Array(latelyCount).fill(undefined)
  /** Of {@link lookAhead}: one array for all of its calls. */
  readonly #ahead: (VersionCell<E> | undefined)[] = []
  /** Of {@link touchLabels} and {@link touchRecords}; never read. */
  protected touched = 0

  constructor(random: () => number = () => 0.5) {
    this.#hash = new CellHash(random)
  }

  get size(): number {
    return this.#hash.size
  }

  get(key: string): VersionCell<E> | undefined {
    return this.#hash.get(key)
  }

  /**
   * Reads `count` keys, the i-th of which lies from `starts[i]` to `starts[i + 1]`, into `keys`; they are asked for next,
   * mostly in this order, and found faster. Of what is cached no new string is made.
   */
  lookAhead(bytes: Buffer, starts: Int32Array, count: number, keys: string[]): void {
    const cells = this.#ahead
    this.#hash.lookAhead(bytes, starts, count, cells)
    this.touched = touchRecords(cells, count)
    this.#hash.readKeys(bytes, starts, cells, keys)
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
    this.#lately[latelyOf(cell.key, rows.namespace.length)] = undefined
  }

  /** Namespaces in which something is cached. */
  values(): IterableIterator<string> {
    return this.#namespaces.keys()
  }

  /** All namespaces in which something is cached, or the one asked for. */
  rowSets(namespace?: string): CellRows<E>[] {
    if (namespace === undefined) return [this.#clusterRows, ...this.#namespaces.values()]
    const rows = this.#namespaces.get(namespace)
    return rows === undefined ? [] : [rows]
  }

  /** What is cached in a namespace; undefined: nothing. */
  keysOf(namespace: string): CellRows<E> | undefined {
    return this.#namespaces.get(namespace)
  }

  /**
   * Everything that is accepted; keys may come and go meanwhile, one that is there throughout comes exactly once, in its
   * newest version.
   */
  *cells(accepts?: Accepts<E>): Generator<VersionCell<E>, void> {
    yield* this.#rows(this.#clusterRows, accepts)
    for (const rows of this.#namespaces.values()) yield* this.#rows(rows, accepts)
  }

  /** As {@link cells}, of one namespace. */
  *cellsOf(namespace: string, accepts?: Accepts<E>): Generator<VersionCell<E>, void> {
    const rows = this.#namespaces.get(namespace)
    if (rows !== undefined) yield* this.#rows(rows, accepts)
  }

  /** How many of a namespace, or of all, are accepted. Nothing comes or goes meanwhile, so nothing need be handed on one by one. */
  count(namespace: string | undefined, accepts: Accepts<E>): number {
    if (namespace !== undefined) return this.#countOf(this.#namespaces.get(namespace), accepts)
    let count = this.#countOf(this.#clusterRows, accepts)
    for (const rows of this.#namespaces.values()) count += this.#countOf(rows, accepts)
    return count
  }

  #countOf(rows: CellRows<E> | undefined, accepts: Accepts<E>): number {
    if (rows === undefined) return 0
    const cells = rows.beginReading()
    let count = 0
    try {
      for (let start = 0; start < cells.length; start += blockCount) {
        count += this.#accepted(cells, start, Math.min(start + blockCount, cells.length), accepts).length
      }
    } finally {
      rows.endReading(cells)
    }
    return count
  }

  #rows(rows: CellRows<E>, accepts: Accepts<E> | undefined): Generator<VersionCell<E>, void> {
    return accepts === undefined ? this.#newest(rows) : this.#matching(rows, accepts)
  }

  *#newest(rows: CellRows<E>): Generator<VersionCell<E>, void> {
    const cells = rows.beginReading()
    try {
      for (let i = 0; i < cells.length; i++) {
        const cell = this.#newestOf(cells[i] as VersionCell<E>)
        if (cell !== undefined) yield cell
      }
    } finally {
      rows.endReading(cells)
    }
  }

  *#matching(rows: CellRows<E>, accepts: Accepts<E>): Generator<VersionCell<E>, void> {
    const cells = rows.beginReading()
    try {
      let end = 0
      while (end < cells.length) {
        const start = end
        end = Math.min(start + blockCount, cells.length)
        for (const row of this.#accepted(cells, start, end, accepts)) {
          const cell = this.#newestOf(row)
          // What took a row's place since the block was looked at may be something else.
          if (cell === row || (cell !== undefined && accepts(cell))) yield cell
        }
      }
    } finally {
      rows.endReading(cells)
    }
  }

  /** Apart from the generator, and with the bytes on their way: most of a scan's time is spent here. */
  #accepted(
    cells: readonly VersionCell<E>[],
    start: number,
    end: number,
    accepts: Accepts<E>,
  ): VersionCell<E>[] {
    this.touched = touchLabels(cells, start, end)
    const found: VersionCell<E>[] = []
    for (let i = start; i < end; i++) {
      const cell = this.#newestOf(cells[i] as VersionCell<E>)
      if (cell !== undefined && accepts(cell)) found.push(cell)
    }
    return found
  }

  #newestOf(row: VersionCell<E>): VersionCell<E> | undefined {
    return row.position >= 0 ? row : this.#hash.get(row.key)
  }

  #rowsOf(key: string): CellRows<E> {
    const slash = key.indexOf('/')
    if (slash <= 0) return this.#clusterRows
    const at = latelyOf(key, slash)
    const late = this.#lately[at]
    if (late !== undefined && late.namespace.length === slash && key.startsWith(late.namespace)) return late
    const namespace = key.slice(0, slash)
    let rows = this.#namespaces.get(namespace)
    if (rows === undefined) this.#namespaces.set(namespace, (rows = new CellRows(namespace)))
    this.#lately[at] = rows
    return rows
  }
}

/** Of the last two characters of the namespace that ends at `slash`, and its length. */
function latelyOf(key: string, slash: number): number {
  return (
    (key.charCodeAt(slash - 1) * 31 + (slash > 1 ? key.charCodeAt(slash - 2) : 0) * 7 + slash) &
    (latelyCount - 1)
  )
}
