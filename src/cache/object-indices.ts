import { checkObject } from '../base/check-options.ts'
import { KeyMap } from '../base/key-map.ts'
import type { KeySet } from '../base/key-set.ts'
import { KubeInformerError } from '../errors.ts'
import {
  checkDefinition,
  conflict,
  type IndexDefinition,
  type Indexers,
  sameDefinition,
  valuesFunction,
} from '../indexer/index-definition.ts'
import { ValueIndex } from '../indexer/value-index.ts'

interface NamedIndex<T> {
  readonly definition: IndexDefinition<T>
  readonly valuesOf: (object: T) => readonly string[]
  readonly index: ValueIndex
  /** What each key stands under: the object may have been changed meanwhile, and a function may answer differently. */
  readonly valuesOfKey: KeyMap<readonly string[]>
}

const none: readonly string[] = []

/** The indices of a store of plain objects. */
export class ObjectIndices<T> {
  readonly #named = new Map<string, NamedIndex<T>>()
  readonly #onError: (error: unknown, index: string, key: string) => void

  /** `onError`: an index function threw; its object is in no set of that index. */
  constructor(onError: (error: unknown, index: string, key: string) => void) {
    this.#onError = onError
  }

  get definitions(): Indexers<T> {
    return Object.fromEntries([...this.#named].map(([name, { definition }]) => [name, definition]))
  }

  /**
   * Adds all of `indexers` or none, and fills them. One that exists with the same definition is left as it is.
   *
   * @throws ERR_INDEX_CONFLICT, ERR_INVALID_OPTION for a path that does not parse
   */
  define(indexers: Indexers<T>, objects: Iterable<readonly [string, T]>): void {
    checkObject('indexers', indexers, "must be an object such as { byApp: { label: 'app' } }")
    const added = new Map<string, NamedIndex<T>>()
    for (const [name, definition] of Object.entries(indexers)) {
      const existing = this.#named.get(name)
      if (existing !== undefined) {
        if (sameDefinition(existing.definition, definition)) continue
        throw conflict(name)
      }
      checkDefinition(name, definition)
      const valuesOf = valuesFunction(name, definition)
      added.set(name, { definition, valuesOf, index: new ValueIndex(), valuesOfKey: new KeyMap() })
    }
    for (const [name, named] of added) this.#named.set(name, named)
    if (added.size === 0) return
    for (const [key, object] of objects) {
      for (const [name, named] of added) this.#set(name, named, key, object)
    }
  }

  set(key: string, object: T): void {
    for (const [name, named] of this.#named) this.#set(name, named, key, object)
  }

  delete(key: string): void {
    for (const named of this.#named.values()) remove(named, key)
  }

  clear(): void {
    for (const [name, { definition, valuesOf }] of this.#named) {
      this.#named.set(name, { definition, valuesOf, index: new ValueIndex(), valuesOfKey: new KeyMap() })
    }
  }

  keysOf(name: string, value: string): KeySet | undefined {
    return this.#get(name).index.keysOf(value)
  }

  values(name: string): Iterable<string> {
    return this.#get(name).index.values()
  }

  /** What an object stands under, or would. */
  valuesOf(name: string, object: T): readonly string[] {
    return this.#get(name).valuesOf(object)
  }

  #get(name: string): NamedIndex<T> {
    const named = this.#named.get(name)
    if (named === undefined) {
      throw new KubeInformerError('ERR_UNKNOWN_INDEX', `no index named "${name}"`, {
        facts: { option: name },
      })
    }
    return named
  }

  #set(name: string, named: NamedIndex<T>, key: string, object: T): void {
    let values = none
    try {
      values = named.valuesOf(object)
    } catch (error) {
      this.#onError(error, name, key)
    }
    const before = named.valuesOfKey.get(key) ?? none
    if (before.length === values.length && before.every((value, i) => value === values[i])) return
    named.index.move(key, before, values)
    if (values.length > 0) named.valuesOfKey.set(key, values)
    else named.valuesOfKey.delete(key)
  }
}

function remove<T>(named: NamedIndex<T>, key: string): void {
  for (const value of named.valuesOfKey.get(key) ?? none) named.index.delete(value, key)
  named.valuesOfKey.delete(key)
}
