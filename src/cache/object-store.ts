import { deepFreeze } from '../base/deep-freeze.ts'
import { KeyMap } from '../base/key-map.ts'
import type { Indexers } from '../indexer/index-definition.ts'
import type { KubernetesObject } from '../kubernetes-object.ts'
import { DeletedFinalStateUnknown } from './deleted-final-state-unknown.ts'
import { ObjectIndices } from './object-indices.ts'
import { type KeyFunc, metaNamespaceKeyFunc, resourceVersionOf } from './object-keys.ts'
import type { Indexer, IndexerOptions, Store, StoreOptions } from './store.ts'

/** See {@link Indexer}. */
export class ObjectStore<T> implements Indexer<T> {
  readonly #keyFunc: KeyFunc<T>
  readonly #freeze: boolean
  readonly #indices: ObjectIndices<T>
  #objects = new KeyMap<T>()
  #resourceVersion = ''
  /** What an index function threw during the present call, if nobody else wants to know. */
  #indexError: { readonly error: unknown } | undefined

  constructor(options: IndexerOptions<T>) {
    this.#keyFunc = options.keyFunc ?? metaNamespaceKeyFunc
    this.#freeze = options.freeze ?? false
    this.#indices = new ObjectIndices<T>((error, index, key) => {
      if (options.onIndexError === undefined) this.#indexError ??= { error }
      else options.onIndexError(error, { index, key })
    })
    this.#indices.define(options.indexers ?? {}, [])
  }

  get size(): number {
    return this.#objects.size
  }

  add(object: T): void {
    this.#put(this.#keyFunc(object), object)
    this.#wrote(object)
  }

  update(object: T): void {
    this.add(object)
  }

  delete(object: T | DeletedFinalStateUnknown<T>): void {
    const key = object instanceof DeletedFinalStateUnknown ? object.key : this.#keyFunc(object)
    this.#objects.delete(key)
    this.#indices.delete(key)
    this.#wrote(object)
  }

  get(object: T): T | undefined {
    return this.getByKey(this.#keyFunc(object))
  }

  getByKey(key: string): T | undefined {
    return this.#objects.get(key)
  }

  list(): T[] {
    return Array.from(this.#objects.entries(), ([, object]) => object)
  }

  listKeys(): string[] {
    return Array.from(this.#objects.entries(), ([key]) => key)
  }

  replace(objects: readonly T[], resourceVersion = ''): void {
    // Before anything is changed: a key function that throws must not leave half a list behind.
    const keys = objects.map((object) => this.#keyFunc(object))
    this.#objects = new KeyMap()
    this.#indices.clear()
    for (let i = 0; i < keys.length; i++) this.#put(keys[i] as string, objects[i] as T)
    this.bookmark(resourceVersion)
    this.#throwIndexError()
  }

  resync(): void {}

  bookmark(resourceVersion: string): void {
    if (resourceVersion !== '') this.#resourceVersion = resourceVersion
  }

  lastStoreSyncResourceVersion(): string {
    return this.#resourceVersion
  }

  index(name: string, object: T): T[] {
    const keys = new Set<string>()
    for (const value of this.#indices.valuesOf(name, object)) {
      for (const key of this.#indices.keysOf(name, value) ?? []) keys.add(key)
    }
    return this.#objectsOf(keys)
  }

  byIndex(name: string, value: string): T[] {
    return this.#objectsOf(this.#indices.keysOf(name, value) ?? [])
  }

  indexKeys(name: string, value: string): string[] {
    return Array.from(this.#indices.keysOf(name, value) ?? []).sort()
  }

  listIndexFuncValues(name: string): string[] {
    return Array.from(this.#indices.values(name))
  }

  getIndexers(): Indexers<T> {
    return this.#indices.definitions
  }

  addIndexers(indexers: Indexers<T>): void {
    this.#indices.define(indexers, this.#objects.entries())
    this.#throwIndexError()
  }

  #put(key: string, object: T): void {
    if (this.#freeze) deepFreeze(object)
    this.#objects.set(key, object)
    this.#indices.set(key, object)
  }

  #objectsOf(keys: Iterable<string>): T[] {
    return Array.from(keys, (key) => this.#objects.get(key) as T)
  }

  #wrote(object: unknown): void {
    this.bookmark(resourceVersionOf(object))
    this.#throwIndexError()
  }

  #throwIndexError(): void {
    const failed = this.#indexError
    this.#indexError = undefined
    if (failed !== undefined) throw failed.error
  }
}

/** Objects by key. @throws ERR_OBJECT_IDENTITY (its calls) for objects without a name, unless `keyFunc` says otherwise */
export function newStore<T = KubernetesObject>(options: StoreOptions<T> = {}): Store<T> {
  return new ObjectStore<T>(options)
}

/** Objects by key and by indices. @throws ERR_INVALID_OPTION for an index path that does not parse */
export function newIndexer<T = KubernetesObject>(options: IndexerOptions<T> = {}): Indexer<T> {
  return new ObjectStore<T>(options)
}
