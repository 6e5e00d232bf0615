import type { Indexers } from './indexer/index-definition.ts'
import type { ListOptions, ObjectName } from './lister.ts'
import type { Changes, ChangesOptions, ReplayChangesOptions, ReplayLoopChange } from './notify/changes.ts'
import type { ListenerOptions, ResourceEventHandlers } from './notify/handlers.ts'
import type { Registration } from './notify/registration.ts'
import type { ReplayEventHandlers, ReplayListenerOptions } from './notify/replay-handlers.ts'
import type { ObjectList } from './object-list.ts'

/** What a {@link Lister} and the lister of a {@link NamespaceSet} have in common. */
export interface SharedLister<T> {
  get(name: string | ObjectName): T | undefined
  list(options?: ListOptions): ObjectList<T>
}

/** What an {@link InformerIndexer} and the indexer of a {@link NamespaceSet} have in common. */
export interface SharedIndexer<T> {
  readonly size: number
  get(name: string | ObjectName): T | undefined
  has(name: string | ObjectName): boolean
  keys(): Iterable<string>
  list(): ObjectList<T>
  byIndex(name: string, value: string): ObjectList<T>
  indexKeys(name: string, value: string): string[]
  indexValues(name: string): string[]
}

/** What an {@link Informer} and the informer of a {@link NamespaceSet} have in common: enough for a controller. */
export interface SharedInformer<T> {
  readonly resource: string
  readonly indexer: SharedIndexer<T>
  hasSynced(): boolean
  waitForSync(options?: { readonly signal?: AbortSignal }): Promise<void>
  addEventHandler(handlers: ReplayEventHandlers<T>, options: ReplayListenerOptions): Registration
  addEventHandler(handlers: ResourceEventHandlers<T>, options?: ListenerOptions): Registration
  changes(options: ReplayChangesOptions): Changes<T, ReplayLoopChange<T>>
  changes(options?: ChangesOptions): Changes<T>
  addIndexers(indexers: Indexers<T>): Promise<void>
  start(): void
  stop(): Promise<void>
}
