import { KubeInformerError } from '../../src/errors.ts'
import type {
  AddEvent,
  DeleteEvent,
  ListenerOptions,
  ResourceEventHandlers,
  UpdateEvent,
} from '../../src/notify/handlers.ts'
import type { Registration } from '../../src/notify/registration.ts'
import { type Gate, gate, type NotifyBed, type TestObject, uidOf, versionOf } from '../notify/notify-bed.ts'

export type Random = () => number

/** Seeded, so that a failing history can be run again (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

export function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)] as T
}

type AnyEvent = AddEvent<TestObject> | UpdateEvent<TestObject> | DeleteEvent<TestObject>

/**
 * One listener with random handlers, and what the contract says of everything it is told: kept as a fold of the calls
 * alone, without a look at how buffer and listener work.
 */
export class ModelledListener {
  readonly registration: Registration
  readonly options: ListenerOptions
  /** What the calls so far say is there. */
  readonly told: Map<string, { uid: string; version: number }> = new Map()
  readonly running: Map<string, Gate> = new Map()
  /** Objects that belong to its initial list, by uid; those whose add has ended leave. */
  readonly initial: Map<string, string> = new Map()
  readonly violations: Set<string> = new Set()
  readonly #bed: NotifyBed
  readonly #random: Random
  readonly #kept: AnyEvent[] = []
  readonly #runningAdds = new Set<string>()
  /** Everything was told to it from the first change on, so that its counters must add up. */
  readonly sawAll: boolean
  pushed = 0
  calls = 0
  errors = 0
  synced = 0
  isRemoved = false
  isListed = false

  constructor(bed: NotifyBed, random: Random, sawAll: boolean) {
    this.#bed = bed
    this.#random = random
    this.sawAll = sawAll
    for (const [key, cell] of bed.cache.current) this.initial.set(uidOf(cell), key)
    this.options = {
      buffer: {
        countMax: pick(random, [1, 2, 5, 30, 10_000]),
        bytesMax: pick(random, [1, 1_000, 15_000, 1024 * 1024]),
      },
      concurrency: pick(random, [1, 1, 2, 3]),
      resyncPeriodMs: pick(random, [0, 0, 50]),
    }
    const handlers: ResourceEventHandlers<TestObject> = {
      onAdd: (event) => this.#take(event),
      onUpdate: (event) => this.#take(event),
      onDelete: (event) => this.#take(event),
      onSynced: () => this.#onSynced(),
    }
    this.registration = bed.listen(handlers, { ...this.options, drainMs: 20 })
  }

  /** Holds at any moment. */
  check(): void {
    const { depth, bytes } = this.registration.stats()
    const { countMax = 0, bytesMax = 0 } = this.options.buffer ?? {}
    const keys = new Set([...this.told.keys(), ...this.running.keys(), ...this.#bed.cache.current.keys()])
      .size
    if (depth > countMax + keys) this.#violate(`depth ${depth} above ${countMax} + ${keys} keys`)
    const changeBytesMax = 2 * this.#bed.cache.recordBytes + 512
    if (bytes > bytesMax + (keys + 1) * changeBytesMax) this.#violate(`${bytes} bytes above ${bytesMax}`)
    if (this.registration.hasSynced() && !this.isRemoved) {
      if (!this.isListed) this.#violate('synced before the list was complete')
      for (const [uid, key] of this.initial) {
        const cell = this.#bed.cache.current.get(key)
        const isThere = cell !== undefined && uidOf(cell) === uid
        if (isThere || this.#runningAdds.has(uid)) this.#violate(`synced before ${key} ${uid} was finished`)
      }
    }
  }

  /** Holds when nothing is left to do. */
  checkIdle(): void {
    if (this.isRemoved) return
    const stats = this.registration.stats()
    if (stats.depth + stats.bytes + stats.pinnedBytes + stats.inProgress > 0) {
      this.#violate(`idle, but ${JSON.stringify(stats)}`)
    }
    const { current } = this.#bed.cache
    if (this.told.size !== current.size) this.#violate(`told of ${this.told.size}, cached ${current.size}`)
    for (const [key, cell] of current) {
      const told = this.told.get(key)
      if (told?.uid !== uidOf(cell) || told.version !== versionOf(cell)) {
        this.#violate(`${key}: told ${JSON.stringify(told)}, cached ${uidOf(cell)} ${versionOf(cell)}`)
      }
    }
    if (stats.delivered !== this.calls) this.#violate(`${stats.delivered} delivered, ${this.calls} seen`)
    if (stats.errors !== this.errors) this.#violate(`${stats.errors} errors, ${this.errors} made`)
    if (this.sawAll && this.options.resyncPeriodMs === 0 && this.pushed !== stats.delivered + stats.merged) {
      this.#violate(`${this.pushed} changes, ${stats.delivered} delivered, ${stats.merged} merged`)
    }
    if (this.isListed !== this.registration.hasSynced())
      this.#violate(`synced: ${this.registration.hasSynced()}`)
    if (this.synced !== (this.isListed ? 1 : 0)) this.#violate(`onSynced came ${this.synced} times`)
    for (const event of this.#kept.splice(0)) this.#checkExpired(event)
  }

  #onSynced(): void {
    this.synced++
    this.check()
    if (!this.registration.hasSynced()) this.#violate('onSynced before hasSynced')
  }

  #take(event: AnyEvent): unknown {
    this.calls++
    const { key, uid } = event
    const version = Number(event.resourceVersion)
    if (this.isRemoved) this.#violate(`${event.type} of ${key} after the removal`)
    if (this.running.has(key)) this.#violate(`${event.type} of ${key} while a call for it runs`)
    if (this.running.size >= (this.options.concurrency ?? 1))
      this.#violate('more calls at once than asked for')
    if (this.#random() < 0.5) this.#read(event, uid, version)
    else if (this.#random() < 0.1) this.#kept.push(event)
    this.#fold(event, uid, version)
    return this.#respond(key, event.type === 'add' ? uid : undefined)
  }

  #fold(event: AnyEvent, uid: string, version: number): void {
    const { key, type } = event
    const told = this.told.get(key)
    if (type === 'add') {
      if (told !== undefined) this.#violate(`second add of ${key}`)
      if (event.isInInitialList !== this.initial.has(uid)) {
        this.#violate(`add of ${key}: isInInitialList ${event.isInInitialList}`)
      }
    } else if (told === undefined) this.#violate(`${type} of ${key}, which it was not told of`)
    else if (told.uid !== uid) this.#violate(`${type} of ${key} with another uid`)
    else if (type === 'update' && event.cause === 'resync') {
      if (told.version !== version) this.#violate(`resync of ${key} in ${version}, told was ${told.version}`)
    } else if (type === 'delete' ? version < told.version : version <= told.version) {
      this.#violate(`${type} of ${key} goes from ${told.version} to ${version}`)
    }
    if (type === 'delete') this.told.delete(key)
    else this.told.set(key, { uid, version })
  }

  #read(event: AnyEvent, uid: string, version: number): void {
    const { object } = event
    if (object.uid !== uid || object.version !== version)
      this.#violate(`${event.key}: another object was read`)
    if (event.type !== 'update') return
    const old = event.oldObject
    const told = this.told.get(event.key)
    if (old.version !== told?.version || old.uid !== told.uid) {
      this.#violate(`update of ${event.key}: old ${old.version}, told last ${told?.version}`)
    }
    if (event.cause === 'resync' && old !== object) this.#violate('resync with two objects')
  }

  #respond(key: string, addedUid: string | undefined): unknown {
    const end = (): void => {
      if (addedUid === undefined) return
      this.initial.delete(addedUid)
      this.#runningAdds.delete(addedUid)
    }
    const way = this.#random()
    if (way < 0.4) {
      end()
      return undefined
    }
    if (way < 0.5) {
      end()
      this.errors++
      throw new Error('thrown')
    }
    if (way < 0.6) {
      end()
      return Promise.resolve()
    }
    const running = gate()
    this.running.set(key, running)
    if (addedUid !== undefined) this.#runningAdds.add(addedUid)
    const settle = (): void => {
      this.running.delete(key)
      end()
    }
    const promise = running.promise.then(settle, (error: unknown) => {
      settle()
      this.errors++
      throw error
    })
    return promise
  }

  #checkExpired(event: AnyEvent): void {
    try {
      void event.object
    } catch (error) {
      if (error instanceof KubeInformerError && error.code === 'ERR_EVENT_EXPIRED') return
    }
    this.#violate(`${event.key}: first read after its call`)
  }

  #violate(text: string): void {
    this.violations.add(text)
  }
}
