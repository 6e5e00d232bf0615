import type { ResourceType } from '../../resources/names.ts'
import { type ChangeType, History, type HistoryBounds } from './history.ts'
import type { StoredObject } from './stored-object.ts'
import type { VersionCounter } from './version-counter.ts'

const snapshotsMax = 4

/** All objects of one resource in their newest version, and the history that leads to it. */
export class ResourceStore {
  readonly type: ResourceType
  readonly history: History
  readonly #versions: VersionCounter
  readonly #objects = new Map<string, StoredObject>()
  /** Lists at one version, newest last: pages of one list come from one of them. */
  readonly #snapshots = new Map<number, readonly StoredObject[]>()
  #sortedKeys: string[] | undefined
  /** Lists of versions below it are forgotten, whatever the history still holds for watches. */
  #listFloor = 0

  constructor(type: ResourceType, versions: VersionCounter, bounds: HistoryBounds, firstVersion: number) {
    this.type = type
    this.#versions = versions
    this.history = new History(bounds, firstVersion)
  }

  get size(): number {
    return this.#objects.size
  }

  /** Version of the newest state: as etcd's revision it grows with changes of other resources too. */
  get version(): number {
    return this.#versions.current
  }

  nextVersion(): number {
    return this.#versions.next()
  }

  get(key: string): StoredObject | undefined {
    return this.#objects.get(key)
  }

  values(): IterableIterator<StoredObject> {
    return this.#objects.values()
  }

  /** Puts an object there as if it had always been: no change, no event, history begins after it. */
  load(object: StoredObject): void {
    this.#objects.set(object.key, object)
    this.#sortedKeys = undefined
    this.history.compact(object.version)
    this.#snapshots.clear()
  }

  /** `object` must carry the version just taken by {@link nextVersion}; of a deletion it is the last state. */
  apply(type: ChangeType, object: StoredObject, isLost = false): void {
    const previous = this.#objects.get(object.key)
    if (type === 'DELETED') this.#objects.delete(object.key)
    else this.#objects.set(object.key, object)
    if (type !== 'MODIFIED') this.#sortedKeys = undefined
    this.history.push({ type, version: object.version, object, previous, isLost })
  }

  /** Objects in key order as they are now. The array belongs to nobody: never changed. */
  list(): readonly StoredObject[] {
    this.#sortedKeys ??= [...this.#objects.keys()].sort()
    return this.#sortedKeys.map((key) => this.#objects.get(key) as StoredObject)
  }

  /** The list as of `version`, kept for its next pages; undefined when that state is forgotten. */
  listAt(version: number): readonly StoredObject[] | undefined {
    if (version < this.#listFloor) return undefined
    const kept = this.#snapshots.get(version)
    const list = kept ?? (version === this.version ? this.list() : this.#rollback(version))
    if (list === undefined) return undefined
    this.#snapshots.delete(version)
    this.#snapshots.set(version, list)
    for (const oldest of this.#snapshots.keys()) {
      if (this.#snapshots.size <= snapshotsMax) break
      this.#snapshots.delete(oldest)
    }
    return list
  }

  compact(): void {
    this.history.compact(this.version)
    this.compactLists()
  }

  /** Only lists: watches resume from the history as before. */
  compactLists(): void {
    this.#listFloor = this.version
    this.#snapshots.clear()
  }

  /** Whether {@link restore} can reach `version`. */
  canRestore(version: number): boolean {
    return version >= this.history.floor
  }

  /** Goes back to the state as of `version`, as an etcd restored from a backup. No stream may be open. */
  restore(version: number): void {
    while (this.history.end > this.history.first) {
      if (this.history.at(this.history.end - 1).version <= version) break
      const { object, previous } = this.history.pop()
      if (previous === undefined) this.#objects.delete(object.key)
      else this.#objects.set(object.key, previous)
    }
    this.#sortedKeys = undefined
    this.#snapshots.clear()
    this.#listFloor = 0
  }

  #rollback(version: number): readonly StoredObject[] | undefined {
    const start = this.history.positionAfter(version)
    if (start === undefined) return undefined
    const objects = new Map(this.#objects)
    for (let position = this.history.end - 1; position >= start; position--) {
      const { object, previous } = this.history.at(position)
      if (previous === undefined) objects.delete(object.key)
      else objects.set(object.key, previous)
    }
    const keys = [...objects.keys()].sort()
    return keys.map((key) => objects.get(key) as StoredObject)
  }
}
