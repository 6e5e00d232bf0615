import type { Indexers } from './indexer/index-definition.ts'
import { Informer } from './informer.ts'
import type { NamespacesInformer } from './namespace-set.ts'
import { NamespacesLife } from './namespaces-life.ts'
import { NamespacesRegistration, syncedTogether, waitForAll } from './namespaces-registration.ts'
import type { Changes, ChangesOptions, ReplayChangesOptions, ReplayLoopChange } from './notify/changes.ts'
import { changesOf } from './notify/changes-iterator.ts'
import type { ListenerOptions, ResourceEventHandlers } from './notify/handlers.ts'
import { checkHandlers } from './notify/listener-limits.ts'
import type { Registration } from './notify/registration.ts'
import type {
  AnyListenerOptions,
  ReplayEventHandlers,
  ReplayListenerOptions,
} from './notify/replay-handlers.ts'
import type { SharedIndexer } from './shared-informer.ts'

export class InformerOfNamespaces<T> extends NamespacesLife<T> implements NamespacesInformer<T> {
  readonly resource: string
  readonly indexer: SharedIndexer<T>
  readonly #informers: ReadonlyMap<string, Informer<T>>

  constructor(informers: ReadonlyMap<string, Informer<T>>, indexer: SharedIndexer<T>) {
    super(informers)
    this.#informers = informers
    this.indexer = indexer
    this.resource = [...informers.values()][0]?.resource ?? ''
  }

  hasSynced(): boolean {
    return this.#all((informer) => informer.hasSynced()).every(Boolean)
  }

  waitForSync(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return waitForAll(this.#informers, options)
  }

  addEventHandler(handlers: ReplayEventHandlers<T>, options: ReplayListenerOptions): Registration
  addEventHandler(handlers: ResourceEventHandlers<T>, options?: ListenerOptions): Registration
  addEventHandler(
    handlers: ResourceEventHandlers<T> | ReplayEventHandlers<T>,
    options?: AnyListenerOptions,
  ): Registration {
    checkHandlers(handlers)
    const member = syncedTogether(handlers as ResourceEventHandlers<T>, this.#informers.size)
    const registrations = new Map<string, Registration>()
    try {
      for (const [namespace, informer] of this.#informers) {
        registrations.set(namespace, informer.addEventHandler(member(), options as ListenerOptions))
      }
    } catch (error) {
      for (const registration of registrations.values()) void registration.remove()
      throw error
    }
    return new NamespacesRegistration(registrations)
  }

  changes(options: ReplayChangesOptions): Changes<T, ReplayLoopChange<T>>
  changes(options?: ChangesOptions): Changes<T>
  changes(options: ChangesOptions | ReplayChangesOptions = {}): Changes<T, ReplayLoopChange<T>> {
    return changesOf<T, Informer<T>>([...this.#informers.values()], options, Informer.listen)
  }

  addIndexers(indexers: Indexers<T>): Promise<void> {
    for (const informer of this.#informers.values()) Informer.checkIndexers(informer, indexers)
    const all = Promise.all(this.#all((informer) => informer.addIndexers(indexers))).then(() => {})
    // As one informer's: it need not be waited for.
    all.catch(() => {})
    return all
  }

  start(): void {
    for (const informer of this.#informers.values()) if (!Informer.isClosed(informer)) informer.start()
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all((informer) => informer.stop()))
  }

  health(): ReturnType<NamespacesInformer<T>['health']> {
    return this.#all((informer, namespace) => ({ namespace, ...informer.health() }))
  }

  stats(): ReturnType<NamespacesInformer<T>['stats']> {
    return this.#all((informer, namespace) => ({ namespace, ...informer.stats() }))
  }

  #all<R>(ask: (informer: Informer<T>, namespace: string) => R): R[] {
    return Array.from(this.#informers, ([namespace, informer]) => ask(informer, namespace))
  }
}
