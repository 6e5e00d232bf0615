import type { Runtime } from '../../base/runtime.ts'
import type { ResourceType } from '../../resources/names.ts'
import type { Counters } from './counters.ts'
import { EventEncoder } from './event-encoder.ts'
import type { Faults } from './faults.ts'
import type { ChangeType, HistoryBounds } from './history.ts'
import type { InitialLists } from './initial-lists.ts'
import type { ObjectForm } from './media-type.ts'
import type { ResourceStore } from './resource-store.ts'
import type { SlowWatchers } from './slow-watchers.ts'
import type { StoredObject } from './stored-object.ts'
import type { VersionCounter } from './version-counter.ts'
import { WatchHub } from './watch-hub.ts'

export interface ServedContext {
  readonly runtime: Runtime
  readonly counters: Counters
  readonly initialLists: InitialLists
  readonly faults: Faults
  readonly versions: VersionCounter
  readonly slow: SlowWatchers | undefined
  readonly history: HistoryBounds
  readonly channelEventsMax: number
  readonly bookmarkMs: number
  /** Told of every change after the watches were: what a cluster's controllers live from. */
  readonly onChange: (served: ServedResource, change: ChangeType, object: StoredObject) => void
}

/** What all versions of one resource have in common: its objects, and who is to be told of their changes. */
export interface SharedObjects {
  readonly store: ResourceStore
  readonly hubs: Set<WatchHub>
}

/** How objects look on the wire, and the watches that get them so. */
export interface ServedForm {
  readonly encoder: EventEncoder
  readonly hub: WatchHub
}

/** A resource as the server serves it in one version: its objects, their forms on the wire, its watches. */
export class ServedResource {
  readonly type: ResourceType
  readonly isBuiltIn: boolean
  readonly store: ResourceStore
  readonly forms: Readonly<Record<ObjectForm, ServedForm>>
  readonly #context: ServedContext
  readonly #shared: SharedObjects

  constructor(type: ResourceType, isBuiltIn: boolean, context: ServedContext, shared: SharedObjects) {
    this.type = type
    this.isBuiltIn = isBuiltIn
    this.#context = context
    this.#shared = shared
    this.store = shared.store
    const { store } = this
    const served = (encoder: EventEncoder): ServedForm => ({
      encoder,
      hub: new WatchHub({ ...context, store, encoder }),
    })
    this.forms = {
      whole: served(new EventEncoder(type, isBuiltIn)),
      metadata: served(EventEncoder.ofMetadata(type)),
    }
    for (const hub of this.hubs) shared.hubs.add(hub)
  }

  get hubs(): readonly WatchHub[] {
    return Object.values(this.forms).map(({ hub }) => hub)
  }

  /** The one way to change an object: `make` gets the version of the change. */
  change(type: ChangeType, make: (version: number) => StoredObject): StoredObject {
    const object = make(this.store.nextVersion())
    this.store.apply(type, object, this.#context.faults.takeLoss())
    this.#context.counters.changes++
    for (const hub of this.#shared.hubs) hub.wake()
    this.#context.onChange(this, type, object)
    return object
  }

  /** Watches are told all there is, then they end: this version is served no more, or its objects are kept anew. */
  end(): void {
    for (const hub of this.hubs) {
      hub.flushAll()
      hub.endAll()
      this.#shared.hubs.delete(hub)
    }
  }

  get apiVersion(): string {
    return this.type.group === '' ? this.type.version : `${this.type.group}/${this.type.version}`
  }
}
