import type { Indexer } from './indexer/indexer.ts'
import { keyOf, type ObjectName } from './lister.ts'
import { ObjectList } from './object-list.ts'

/** The cache and its indices, for reading (client-go's Indexer). All calls are synchronous; objects are deep frozen. */
export class InformerIndexer<T> {
  readonly #indexer: Indexer

  constructor(indexer: Indexer) {
    this.#indexer = indexer
  }

  /** Cached objects. */
  get size(): number {
    return this.#indexer.size
  }

  /** By `'namespace/name'` or by parts; undefined when not cached. Asked for repeatedly, it is kept unpacked for a while. */
  get(name: string | ObjectName): T | undefined {
    return this.#indexer.get(keyOf(name)) as T | undefined
  }

  has(name: string | ObjectName): boolean {
    return this.#indexer.cell(keyOf(name)) !== undefined
  }

  /** All keys, unordered; nothing is unpacked. May be iterated while the cache changes, as {@link ObjectList}. */
  *keys(): Generator<string, void> {
    for (const { key } of this.#indexer.cells()) yield key
  }

  /** All cached objects; see {@link ObjectList}. */
  list(): ObjectList<T> {
    const indexer = this.#indexer
    return new ObjectList<T>(
      function* () {
        for (const cell of indexer.cells()) yield indexer.read(cell) as T
      },
      () => indexer.size,
    )
  }

  /**
   * Objects that stand under `value` in the index `name`; `'namespace'` always exists.
   *
   * @throws ERR_UNKNOWN_INDEX; ERR_INDEX_BUILDING while what was cached before the index is not in it yet
   */
  byIndex(name: string, value: string): ObjectList<T> {
    const indexer = this.#indexer
    const index = indexer.indices.index(name)
    return new ObjectList<T>(
      function* () {
        for (const key of index.keysOf(value) ?? []) {
          const cell = indexer.cell(key)
          if (cell !== undefined) yield indexer.read(cell) as T
        }
      },
      () => index.keysOf(value)?.size ?? 0,
    )
  }

  /** Keys under `value`, unsorted. @throws as {@link byIndex} */
  indexKeys(name: string, value: string): string[] {
    return [...(this.#indexer.indices.index(name).keysOf(value) ?? [])]
  }

  /** Values of an index that have at least one object. @throws as {@link byIndex} */
  indexValues(name: string): string[] {
    return [...this.#indexer.indices.index(name).values()]
  }
}
