import type { Runtime } from '../../base/runtime.ts'
import type { ResourceType } from '../../resources/names.ts'
import type { Counters } from './counters.ts'
import { EventEncoder } from './event-encoder.ts'
import type { Faults } from './faults.ts'
import type { ChangeType, HistoryBounds } from './history.ts'
import type { InitialLists } from './initial-lists.ts'
import { ResourceStore } from './resource-store.ts'
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
}

/** A resource as the server serves it: its objects, its form on the wire, its watches. */
export class ServedResource {
  readonly type: ResourceType
  readonly isBuiltIn: boolean
  readonly store: ResourceStore
  readonly encoder: EventEncoder
  readonly hub: WatchHub
  readonly #context: ServedContext

  constructor(type: ResourceType, isBuiltIn: boolean, context: ServedContext, firstVersion: number) {
    this.type = type
    this.isBuiltIn = isBuiltIn
    this.#context = context
    this.store = new ResourceStore(type, context.versions, context.history, firstVersion)
    this.encoder = new EventEncoder(type, isBuiltIn)
    const { store, encoder } = this
    this.hub = new WatchHub({ ...context, store, encoder })
  }

  /** The one way to change an object: `make` gets the version of the change. */
  change(type: ChangeType, make: (version: number) => StoredObject): StoredObject {
    const object = make(this.store.nextVersion())
    this.store.apply(type, object, this.#context.faults.takeLoss())
    this.#context.counters.changes++
    this.hub.wake()
    return object
  }

  get apiVersion(): string {
    return this.type.group === '' ? this.type.version : `${this.type.group}/${this.type.version}`
  }
}
