import type { Indexers } from './indexer/index-definition.ts'
import type { InformerHealth, InformerStats } from './informer-stats.ts'
import type { VerifyOptions, WaitOptions } from './life/cache-life.ts'
import type { StateChange, WatchFailure } from './life/informer-states.ts'
import type { WrittenObject } from './life/questions.ts'
import type { Snapshot } from './life/snapshot.ts'
import type { VerifyResult } from './life/verification.ts'
import type { ObjectName } from './lister.ts'
import type { Changes, ChangesOptions, ReplayChangesOptions, ReplayLoopChange } from './notify/changes.ts'
import type { ListenerOptions, ResourceEventHandlers } from './notify/handlers.ts'
import type { Registration } from './notify/registration.ts'
import type { ReplayEventHandlers, ReplayListenerOptions } from './notify/replay-handlers.ts'
import type { SharedInformer, SharedLister } from './shared-informer.ts'

/**
 * One resource in several namespaces, for those who may not watch all of them: one informer and one lister over a watch
 * and a cache for each namespace, which are those of `select({ namespace })`. An object lives in one namespace, so all that is
 * promised of an object holds.
 */
export interface NamespaceSet<T> {
  /** Sorted. */
  readonly namespaces: readonly string[]
  readonly informer: NamespacesInformer<T>
  readonly lister: SharedLister<T>
}

/** The informers of several namespaces as one; see {@link NamespaceSet}. */
export interface NamespacesInformer<T> extends SharedInformer<T> {
  /** All of them have held a complete list. Until then what some hold is there to be read. */
  hasSynced(): boolean
  /** Rejects with ERR_CACHE_SYNC, whose `facts.pending` names the namespaces that lack, or ERR_CLOSED. */
  waitForSync(options?: { readonly signal?: AbortSignal }): Promise<void>
  /**
   * One registration over all. `concurrency`, `buffer` and the resync are for each namespace; `onSynced` is called once, when
   * all have synced; with `overflow: 'replay'` again when all have after a desync of one. A namespace that fails delays the sync, and nothing else.
   *
   * @throws as {@link Informer.addEventHandler}; then no namespace has the handlers
   */
  addEventHandler(handlers: ReplayEventHandlers<T>, options: ReplayListenerOptions): Registration
  addEventHandler(handlers: ResourceEventHandlers<T>, options?: ListenerOptions): Registration
  /** One loop over all: `synced` comes once all have; the buffer is each one's. It ends when the last of them is closed. */
  changes(options: ReplayChangesOptions): Changes<T, ReplayLoopChange<T>>
  changes(options?: ChangesOptions): Changes<T>
  /** For each namespace, or for none if one refuses; see {@link Informer.addIndexers}. */
  addIndexers(indexers: Indexers<T>): Promise<void>
  /** Those of `select({ namespace })`, too: they are the same. One that is closed is skipped, and shows as `stopped`. */
  start(): void
  stop(): Promise<void>
  /** As {@link Informer.onStateChange}, of each namespace. */
  onStateChange(listener: (change: StateChange & { readonly namespace: string }) => void): () => void
  /** As {@link Informer.onWatchError}, of each namespace. */
  onWatchError(listener: (failure: WatchFailure & { readonly namespace: string }) => void): () => void
  /** As {@link Informer.snapshot}, of all namespaces at one moment. */
  snapshot(): Snapshot<T>
  /** As {@link Informer.waitForObject}; undefined at once for an object in none of the namespaces. */
  waitForObject(written: WrittenObject, options?: WaitOptions): Promise<T | undefined>
  /** As {@link Informer.waitForResourceVersion}, for every namespace. */
  waitForResourceVersion(resourceVersion: string, options?: WaitOptions): Promise<void>
  /** As {@link Informer.waitFor}; ERR_INVALID_OPTION for a name in none of the namespaces. */
  waitFor(
    name: string | ObjectName,
    predicate: (object: T | undefined) => boolean,
    options?: WaitOptions,
  ): Promise<T | undefined>
  /** As {@link Informer.verify}, one namespace after the other: sums. The first that cannot be verified ends it. */
  verify(options?: VerifyOptions): Promise<VerifyResult>
  /** One entry per namespace: one that is forbidden shows here, and hides no other. */
  health(): readonly (InformerHealth & { readonly namespace: string })[]
  /** One entry per namespace. */
  stats(): readonly (InformerStats & { readonly namespace: string })[]
}
