import type { Indexers } from '../indexer/index-definition.ts'
import type { DeletedFinalStateUnknown } from './deleted-final-state-unknown.ts'
import type { KeyFunc } from './object-keys.ts'
import type { ReflectorStore } from './queue.ts'

/**
 * Objects by key: a Map with a key function. All calls are synchronous; those that write are complete when they return.
 * Objects are kept and handed out as they are, neither copied nor (save with `freeze`) frozen: do not change them.
 */
export interface Store<T> extends ReflectorStore<T> {
  readonly size: number
  /** Sets, as {@link update} does. */
  add(object: T): void
  update(object: T): void
  /** Removes what has the object's key; nothing happens if there is none. */
  delete(object: T | DeletedFinalStateUnknown<T>): void
  /** What has the key of `object`. */
  get(object: T): T | undefined
  getByKey(key: string): T | undefined
  /** In no particular order, as all lists of a store; the array is yours. */
  list(): T[]
  listKeys(): string[]
  /** Exactly these objects; of several with the same key the last one. */
  replace(objects: readonly T[], resourceVersion?: string): void
  /** Does nothing: whoever wants to be told again resyncs the queue before the store. */
  resync(): void
  bookmark(resourceVersion: string): void
  /** Of the object, list or bookmark that was last written here; `''`: of none that had one. */
  lastStoreSyncResourceVersion(): string
}

/**
 * A {@link Store} whose objects are found by the values of indices, too. All calls with the name of an index throw
 * ERR_UNKNOWN_INDEX if there is none.
 */
export interface Indexer<T> extends Store<T> {
  /** Objects that have a value of this index in common with `object`, each once. */
  index(name: string, object: T): T[]
  byIndex(name: string, value: string): T[]
  /** Keys of {@link byIndex}, sorted. */
  indexKeys(name: string, value: string): string[]
  /** Values under which there is at least one object. */
  listIndexFuncValues(name: string): string[]
  getIndexers(): Indexers<T>
  /**
   * At any time: objects that are there already are indexed before it returns. All of them are added, or none.
   *
   * @throws ERR_INDEX_CONFLICT for a name that is taken by another definition
   */
  addIndexers(indexers: Indexers<T>): void
}

export interface StoreOptions<T> {
  /** @default metaNamespaceKeyFunc */
  readonly keyFunc?: KeyFunc<T>
  /** Deep freezes what is stored, in place: changing a cached object throws where it happens. @default false */
  readonly freeze?: boolean
}

export interface IndexerOptions<T> extends StoreOptions<T> {
  /** By name: a path (`'spec.nodeName'`) or a function of the object. */
  readonly indexers?: Indexers<T>
  /**
   * An index function threw: that object is stored, and in no set of that index. Without this, what it threw is thrown
   * by the call that wrote the object, after all is written.
   */
  readonly onIndexError?: (error: unknown, context: { readonly index: string; readonly key: string }) => void
}
