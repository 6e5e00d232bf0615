import type { Column } from '../../src/protocol/column.ts'
import type { Random } from './random.ts'

/** What stands in the records' tails. */
export const columns: readonly Column[] = ['metadata.labels.color', { hash: 'metadata.labels' }]

/** One state of one object, ever written. `serial` is unique over all of history, also across restored etcds. */
export interface ObjectState {
  readonly serial: number
  readonly key: string
  readonly uid: string
  readonly version: number
  /** The informer's selector matches it. */
  readonly isVisible: boolean
  /** With `isVisible` all that the labels say. */
  readonly color: string
  readonly bytes: Buffer
}

export interface ServerEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly version: number
  /** Of a DELETED: the object's final state, at the version of its end. */
  readonly state: ObjectState
}

export interface Snapshot {
  readonly version: number
  /** Visible objects, by key. */
  readonly items: readonly ObjectState[]
}

/** What really happened since the cluster began, up to now; an etcd restored from backup begins another one. */
export class World {
  /** Counts restores. */
  readonly number: number
  readonly events: ServerEvent[]
  readonly snapshots: Snapshot[]

  constructor(number: number, events: ServerEvent[], snapshots: Snapshot[]) {
    this.number = number
    this.events = events
    this.snapshots = snapshots
  }

  /** The last event of a key at or below a version. */
  lastEvent(key: string, version: number): ServerEvent | undefined {
    for (let i = this.events.length - 1; i >= 0; i--) {
      const event = this.events[i] as ServerEvent
      if (event.version <= version && event.state.key === key) return event
    }
    return undefined
  }
}

export interface ModelServerOptions {
  readonly keys: readonly string[]
  /** Added to versions on the wire: crossing 2^53 and beyond must not matter. undefined: they are no numbers at all. */
  readonly versionBase: bigint | undefined
}

/**
 * An API server's storage of one resource with its whole history. Nothing of the informer is in here: it writes,
 * answers lists of any version it still has, and events in order after a version.
 */
export class ModelServer {
  readonly keys: readonly string[]
  readonly #versionBase: bigint | undefined
  readonly #random: Random
  #world: World = new World(0, [], [])
  #objects = new Map<string, ObjectState>()
  #serial = 0
  #uids = 0
  #version: number
  /** Every version any client got to know in this world. */
  readonly #given = new Set<number>()
  /** Writes must stay below this while a client still believes in a world that is gone (see `restore`). */
  ceiling: number = Number.POSITIVE_INFINITY
  /** A watch may start at or above it, below is 410. */
  floor: number
  readonly bySerial: Map<number, ObjectState> = new Map()

  constructor(options: ModelServerOptions, random: Random) {
    this.keys = options.keys
    this.#versionBase = options.versionBase
    this.#random = random
    this.#version = 1 + random.below(20)
    this.floor = this.#version
    this.#remember()
  }

  get world(): World {
    return this.#world
  }

  get version(): number {
    return this.#version
  }

  versionText(version: number): string {
    return this.#versionBase === undefined ? `v${version}` : String(this.#versionBase + BigInt(version))
  }

  versionOf(text: string): number {
    return this.#versionBase === undefined ? Number(text.slice(1)) : Number(BigInt(text) - this.#versionBase)
  }

  /** A client learned of this version: from an event, a list or a bookmark. */
  give(version: number): number {
    this.#given.add(version)
    return version
  }

  /** One write by somebody to a random key; returns the event it caused for our selector, if any. */
  mutate(): ServerEvent | undefined {
    const random = this.#random
    const version = this.#version + (random.chance(0.15) ? 4 + random.below(9) : 1 + random.below(2))
    if (version >= this.ceiling) return undefined
    this.#version = version
    const key = random.pick(this.keys)
    const old = this.#objects.get(key)
    const action = random.below(10)
    let event: ServerEvent | undefined
    if (old === undefined) {
      const created = this.#write(key, uidText(++this.#uids), !random.chance(0.15))
      if (created.isVisible) event = { type: 'ADDED', version, state: created }
    } else if (action < 5) {
      const changed = this.#write(key, old.uid, old.isVisible)
      if (changed.isVisible) event = { type: 'MODIFIED', version, state: changed }
    } else if (action < 6) {
      const moved = this.#write(key, old.uid, !old.isVisible)
      event = { type: moved.isVisible ? 'ADDED' : 'DELETED', version, state: moved }
    } else {
      this.#objects.delete(key)
      const final = this.#state(key, old.uid, version, old.isVisible)
      if (old.isVisible) event = { type: 'DELETED', version, state: final }
    }
    if (event !== undefined) this.#world.events.push(event)
    this.#remember()
    return event
  }

  /** What a consistent list answers now. */
  snapshot(): Snapshot {
    return this.#world.snapshots.at(-1) as Snapshot
  }

  /** What a list at or below `version` would have answered then (a page of the same list; a stale replica). */
  snapshotAt(version: number): Snapshot {
    const snapshots = this.#world.snapshots
    for (let i = snapshots.length - 1; i >= 0; i--) {
      if ((snapshots[i] as Snapshot).version <= version) return snapshots[i] as Snapshot
    }
    return snapshots[0] as Snapshot
  }

  nextEvent(after: number): ServerEvent | undefined {
    const events = this.#world.events
    let low = 0
    let high = events.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((events[middle] as ServerEvent).version > after) high = middle
      else low = middle + 1
    }
    return events[low]
  }

  /** Forgets old events: watches from below get 410. */
  compact(): void {
    this.floor = Math.max(this.floor, this.#version - this.#random.below(8))
  }

  /**
   * etcd comes back from a backup. Clients that know a version which the backup lacks can find that out only by a
   * version that goes down, so no write reaches the first such version until `ceiling` is lifted; a server that
   * overtakes them cannot be told from one that was never restored, by any client.
   * Returns false when no backup fits.
   */
  restore(): boolean {
    const candidates: { snapshot: Snapshot; known: number }[] = []
    for (const snapshot of this.#world.snapshots) {
      let known = Number.POSITIVE_INFINITY
      for (const version of this.#given) if (version > snapshot.version && version < known) known = version
      if (known - snapshot.version > 2) candidates.push({ snapshot, known })
    }
    if (candidates.length === 0) return false
    const { snapshot, known } = this.#random.pick(candidates)
    this.#objects = new Map(snapshot.items.map((state) => [state.key, state]))
    this.#world = new World(
      this.#world.number + 1,
      this.#world.events.filter((event) => event.version <= snapshot.version),
      this.#world.snapshots.filter((other) => other.version <= snapshot.version),
    )
    for (const version of this.#given) if (version > snapshot.version) this.#given.delete(version)
    // A server that starts writes something of its own first, and its watch cache knows nothing older.
    this.#version = snapshot.version + 1
    this.floor = this.#version
    this.ceiling = known
    this.#remember()
    return true
  }

  #write(key: string, uid: string, isVisible: boolean): ObjectState {
    const state = this.#state(key, uid, this.#version, isVisible)
    this.#objects.set(key, state)
    return state
  }

  #state(key: string, uid: string, version: number, isVisible: boolean): ObjectState {
    const serial = ++this.#serial
    const [namespace, name] = key.includes('/') ? key.split('/') : [undefined, key]
    const color = this.#random.pick(['red', 'green'])
    const object = {
      apiVersion: 'v1',
      kind: 'Thing',
      metadata: {
        name,
        ...(namespace !== undefined && { namespace }),
        uid,
        resourceVersion: this.versionText(version),
        labels: {
          visible: String(isVisible),
          color,
        },
      },
      spec: { serial, ...(serial % 3 === 0 && { note: `note ${serial}` }) },
    }
    const bytes = Buffer.from(JSON.stringify(object))
    const state = { serial, key, uid, version, isVisible, color, bytes }
    this.bySerial.set(serial, state)
    return state
  }

  #remember(): void {
    this.#world.snapshots.push({
      version: this.#version,
      items: [...this.#objects.values()]
        .filter((state) => state.isVisible)
        .sort((a, b) => (a.key < b.key ? -1 : 1)),
    })
  }
}

/** Mostly UUIDs, which records hold as bytes; every fifth is some other text, as a few servers write. */
function uidText(number: number): string {
  if (number % 5 === 0) return `object-of-somebody-${number}`
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
}
