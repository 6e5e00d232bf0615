import { KeyMap } from '../base/key-map.ts'
import { KubeInformerError, wrongType } from '../errors.ts'
import { columnValues, sameColumn } from '../protocol/record-header.ts'
import type { VersionCell } from '../protocol/record-store.ts'
import type { CacheEpoch } from './cache-epoch.ts'
import type { CellTable } from './cell-table.ts'
import { ValueIndex } from './value-index.ts'

/** Values of one object for an index; none, one or many. */
export type IndexFunc<T = unknown> = (object: T) => readonly string[] | string | undefined
/** A path whose values the worker extracts (`'spec.nodeName'`, `'metadata.ownerReferences[*].uid'`), or a function. */
export type IndexDefinition<T = unknown> = string | IndexFunc<T>
/** Name → definition. Names are the caller's; `'namespace'` always exists. */
export type Indexers<T = unknown> = Readonly<Record<string, IndexDefinition<T>>>

export const namespaceIndex = 'namespace'

type Cell = VersionCell<CacheEpoch>

interface NamedIndex {
  readonly name: string
  readonly definition: IndexDefinition | undefined
  readonly index: ValueIndex
  /** Position in the record header; -1: by function. */
  readonly column: number
  /** Function indices only: what each key stands under, since a function may answer differently the second time. */
  readonly valuesOfKey: KeyMap<readonly string[]> | undefined
}

/** What reads need of an index. */
export interface KeyIndex {
  /** Keys under a value; undefined: none. A key that stands there throughout an iteration comes exactly once. */
  keysOf(value: string): (Iterable<string> & { readonly size: number }) | undefined
  values(): Iterable<string>
}

export interface IndicesOptions {
  /** The namespace index, kept by whoever keeps the cache. */
  readonly namespaces: CellTable<CacheEpoch>
  /** Paths in the record header, in their order. */
  readonly columns: readonly string[]
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

  /** Path indices must be among `columns`; others are refused (their values are not in the records). */
  define(indexers: Indexers): string[] {
    const added: string[] = []
    for (const [name, definition] of Object.entries(indexers)) {
      const existing = this.#named.get(name)
      if (existing?.definition === definition) continue
      if (existing !== undefined || name === namespaceIndex) {
        throw new KubeInformerError('ERR_INDEX_CONFLICT', `index "${name}" exists with another definition`, {
          facts: { option: name },
        })
      }
      added.push(name)
    }
    for (const name of added) {
      const definition = indexers[name] as IndexDefinition
      const column = typeof definition === 'string' ? this.#options.columns.indexOf(definition) : -1
      const byFunction = column < 0
      this.#named.set(name, {
        name,
        definition,
        index: new ValueIndex(),
        column,
        valuesOfKey: byFunction ? new KeyMap() : undefined,
      })
    }
    this.#list = [...this.#named.values()]
    return added
  }

  /** @throws ERR_UNKNOWN_INDEX */
  index(name: string): KeyIndex {
    if (name === namespaceIndex) return this.#options.namespaces
    const named = this.#named.get(name)
    if (named === undefined) {
      throw new KubeInformerError('ERR_UNKNOWN_INDEX', `no index named "${name}"`, {
        facts: { option: name },
      })
    }
    return named.index
  }

  added(key: string, cell: Cell): void {
    const list = this.#list
    for (let i = 0; i < list.length; i++) this.#insert(list[i] as NamedIndex, key, cell)
  }

  updated(key: string, old: Cell, cell: Cell): void {
    const list = this.#list
    for (let i = 0; i < list.length; i++) {
      const named = list[i] as NamedIndex
      if (named.column >= 0 && sameColumnValues(old, cell, named.column)) continue
      this.#remove(named, key, old)
      this.#insert(named, key, cell)
    }
  }

  removed(key: string, old: Cell): void {
    const list = this.#list
    for (let i = 0; i < list.length; i++) this.#remove(list[i] as NamedIndex, key, old)
  }

  /** Fills one index, added while running, with one object; idempotent per key. */
  backfill(name: string, key: string, cell: Cell): void {
    const named = this.#named.get(name)
    if (named === undefined) return
    this.#remove(named, key, cell)
    this.#insert(named, key, cell)
  }

  #insert(named: NamedIndex, key: string, cell: Cell): void {
    const values = named.column >= 0 ? columnOf(cell, named.column) : this.#compute(named, key, cell)
    for (const value of values) named.index.add(value, key)
  }

  #remove(named: NamedIndex, key: string, cell: Cell): void {
    const values = named.column >= 0 ? columnOf(cell, named.column) : (named.valuesOfKey?.get(key) ?? [])
    for (const value of values) named.index.delete(value, key)
    named.valuesOfKey?.delete(key)
  }

  #compute(named: NamedIndex, key: string, cell: Cell): readonly string[] {
    try {
      const values = indexValues(named.name, (named.definition as IndexFunc)(this.#options.read(cell)))
      if (values.length > 0) named.valuesOfKey?.set(key, values)
      return values
    } catch (error) {
      this.#options.onIndexError(named.name, key, error)
      return []
    }
  }
}

/**
 * What an index function gave, as a copy: an array that it keeps and changes would leave keys behind.
 *
 * @throws ERR_INVALID_OPTION for a promise, whose rejection would otherwise end the process
 */
export function indexValues(name: string, result: ReturnType<IndexFunc>): readonly string[] {
  if (result === undefined) return []
  if (typeof result === 'string') return [result]
  if (typeof Reflect.get(result, 'then') === 'function') {
    Promise.resolve(result).catch(() => {})
    throw wrongType(`indexers.${name}`, result, 'must give its values at once, not a promise of them')
  }
  return [...result]
}

function columnOf(cell: Cell, column: number): readonly string[] {
  return columnValues(cell.slab.bytes, cell.offset, column, cell.slab.epoch.reader.values)
}

function sameColumnValues(a: Cell, b: Cell, column: number): boolean {
  // The same bytes mean the same strings only within one dictionary epoch.
  return a.slab.epoch === b.slab.epoch && sameColumn(a.slab.bytes, a.offset, b.slab.bytes, b.offset, column)
}
