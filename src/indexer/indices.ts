import { KubeInformerError } from '../errors.ts'
import type { Column } from '../protocol/column.ts'
import type { VersionCell } from '../protocol/record-store.ts'
import type { CacheEpoch } from './cache-epoch.ts'
import type { CellTable } from './cell-table.ts'
import {
  conflict,
  type IndexDefinition,
  type Indexers,
  namespaceIndex,
  sameDefinition,
  valuesFunction,
} from './index-definition.ts'
import { ColumnIndex, ComputedIndex, LabelKeyIndex, type NamedIndex } from './named-index.ts'
import type { ValueIndex } from './value-index.ts'

type Cell = VersionCell<CacheEpoch>

/** What reads need of an index. */
export interface KeyIndex {
  /** Keys under a value; undefined: none. A key that stands there throughout an iteration comes exactly once. */
  keysOf(value: string): (Iterable<string> & { readonly size: number }) | undefined
  values(): Iterable<string>
}

export interface IndicesOptions {
  /** The namespace index, kept by whoever keeps the cache. */
  readonly namespaces: CellTable<CacheEpoch>
  /** What stands in the records' tails, in its order. */
  readonly columns: readonly Column[]
  readonly read: (cell: Cell) => unknown
  /** An index function threw: that object is in no set of that index. */
  readonly onIndexError: (index: string, key: string, error: unknown) => void
}

/** All indices of one cache beside that of namespaces. Kept in step by the indexer, key by key. */
export class Indices {
  readonly #options: IndicesOptions
  readonly #named = new Map<string, NamedIndex>()
  #list: NamedIndex[] = []

  constructor(options: IndicesOptions) {
    this.#options = options
  }

  /** @throws ERR_INDEX_CONFLICT */
  check(indexers: Indexers): void {
    for (const [name, definition] of Object.entries(indexers)) {
      const existing = this.#named.get(name)
      if (name === namespaceIndex || (existing && !sameDefinition(existing.definition, definition))) {
        throw conflict(name)
      }
    }
  }

  /**
   * Adds all that are not there yet, and returns them. A path that is none of `columns` is not in the records: it is looked
   * up in the object, as a function is. Not `isComplete`: somebody will see to what is cached already.
   *
   * @throws ERR_INDEX_CONFLICT; then none is added
   */
  define(indexers: Indexers, isComplete: boolean = true): NamedIndex[] {
    this.check(indexers)
    const added = Object.entries(indexers)
      .filter(([name]) => !this.#named.has(name))
      .map(([name, definition]) => this.#make(name, definition, isComplete))
    for (const named of added) this.#named.set(named.name, named)
    this.#list = [...this.#named.values()]
    return added
  }

  /** @throws ERR_UNKNOWN_INDEX, ERR_INDEX_BUILDING */
  index(name: string): KeyIndex {
    if (name === namespaceIndex) return this.#options.namespaces
    const named = this.#named.get(name)
    if (named === undefined) {
      throw new KubeInformerError('ERR_UNKNOWN_INDEX', `no index named "${name}"`, {
        facts: { option: name },
      })
    }
    if (named.isComplete) return named.index
    // Half an index would look like one whose objects are gone.
    throw new KubeInformerError(
      'ERR_INDEX_BUILDING',
      `index "${name}" is not complete yet: wait for the promise of addIndexers`,
      { facts: { option: name } },
    )
  }

  /** A complete index of the values of this label; undefined: there is none. */
  ofLabel(label: string): ValueIndex | undefined {
    for (const named of this.#list) {
      if (named.isComplete && named instanceof LabelKeyIndex && named.label === label) return named.index
    }
    return undefined
  }

  added(key: string, cell: Cell): void {
    const list = this.#list
    for (let i = 0; i < list.length; i++) (list[i] as NamedIndex).added(key, cell)
  }

  updated(key: string, old: Cell, cell: Cell): void {
    const list = this.#list
    for (let i = 0; i < list.length; i++) (list[i] as NamedIndex).updated(key, old, cell)
  }

  removed(key: string, old: Cell): void {
    const list = this.#list
    for (let i = 0; i < list.length; i++) (list[i] as NamedIndex).removed(key, old)
  }

  #make(name: string, definition: IndexDefinition, isComplete: boolean): NamedIndex {
    if (typeof definition === 'object') {
      return new LabelKeyIndex(name, definition, isComplete, definition.label)
    }
    const column = typeof definition === 'string' ? this.#options.columns.indexOf(definition) : -1
    if (column >= 0) return new ColumnIndex(name, definition, isComplete, column)
    const valuesOf = valuesFunction(name, definition)
    return new ComputedIndex(name, definition, isComplete, (key, cell) => {
      try {
        return valuesOf(this.#options.read(cell))
      } catch (error) {
        this.#options.onIndexError(name, key, error)
        return []
      }
    })
  }
}
