import { KeyedQueue } from '../src/base/keyed-queue.ts'
import type { MarkerKind } from '../src/protocol/batch-format.ts'
import { RecordStore, type Slab, type VersionCell } from '../src/protocol/record-store.ts'
import { maxVersion, type ResourceVersion } from '../src/protocol/resource-version.ts'

/**
 * What of one key has not been sent yet: the first Deleted (`gone`), then the newest state (`here`); either may be
 * missing, main applies `gone` first. The entry keeps the place of its first event and carries its newest version.
 */
export class QueueEntry<E> {
  readonly key: string
  gone: VersionCell<E> | undefined
  goneVersion: ResourceVersion = 0
  here: VersionCell<E> | undefined
  /** Newest version this entry took, whatever the uid. */
  version: ResourceVersion
  generation: number
  /** Version just before the entry's first event: what main may resume from while this entry is the head. */
  readonly previous: ResourceVersion | undefined
  /** When the bytes of its newest event were read. */
  receivedAtMs: number
  /** Its newest event came inside a list bracket. */
  fromList: boolean
  next: QueueItem<E> | undefined

  constructor(
    key: string,
    version: ResourceVersion,
    generation: number,
    previous: ResourceVersion | undefined,
    receivedAtMs: number,
    fromList: boolean,
  ) {
    this.key = key
    this.version = version
    this.generation = generation
    this.previous = previous
    this.receivedAtMs = receivedAtMs
    this.fromList = fromList
  }

  /**
   * The version main judges `gone` at: the entry's newest one if nothing follows (a later Deleted was folded into
   * it), else its own.
   */
  get goneCountsAt(): ResourceVersion {
    return this.here === undefined ? this.version : this.goneVersion
  }
}

export class QueueMarker<E> {
  readonly marker: MarkerKind
  readonly generation: number
  /** `end`: the version the watch starts from. */
  readonly version: ResourceVersion
  /** `end`: the newest version of any page. */
  readonly knownVersion: ResourceVersion
  /** `start`: versions so far mean nothing any more. */
  readonly reset: boolean
  /** `stamp`: the key of a refused object, which the list did contain. */
  readonly key: string
  next: QueueItem<E> | undefined

  constructor(
    marker: MarkerKind,
    generation: number,
    facts: { version?: ResourceVersion; knownVersion?: ResourceVersion; reset?: boolean; key?: string } = {},
  ) {
    this.marker = marker
    this.generation = generation
    this.version = facts.version ?? 0
    this.knownVersion = facts.knownVersion ?? this.version
    this.reset = facts.reset ?? false
    this.key = facts.key ?? ''
  }
}

export type QueueItem<E> = QueueEntry<E> | QueueMarker<E>

/** The rules of merging by name, for the simulation's coverage table. */
export type QueueRule =
  | 'queue: repeat dropped'
  | '0: stale dropped'
  | '1: upsert replaces'
  | '2: same uid returns'
  | '2: other uid follows'
  | '3: deleted drops here'
  | '4: first deleted kept'
  | '4: later end of the same object'

export interface DeltaQueueOptions {
  /** First list generation to hand out: above every one main has seen. */
  readonly firstGeneration: number
  /** Version a resumed watch starts after; absent when it starts with a list. */
  readonly resumeVersion?: ResourceVersion
  readonly slabBytes?: number
  readonly onRule?: (rule: QueueRule) => void
}

/**
 * Holds, per key, the net of all events not sent yet (DeltaFIFO's job), in the order of each key's first event.
 *
 * Order per key is kept; between keys it is not once events merge. Nothing is lost but what a newer event of the
 * same key replaces (`counters.merged`) and what is older than the queue already knows (`counters.droppedStale`).
 * It never refuses: the caller stops reading its socket while `bytes` is at its bound; the newest state of every
 * key must get in, or the cache would be wrong for ever. Not for use by two threads.
 */
export class DeltaQueue<E> {
  readonly store: RecordStore<E>
  readonly counters: { merged: number; droppedStale: number; events: number } = {
    merged: 0,
    droppedStale: 0,
    events: 0,
  }
  readonly #items = new KeyedQueue<QueueItem<E>, QueueEntry<E>>()
  readonly #onRule: ((rule: QueueRule) => void) | undefined
  #generation: number
  #inBracket = false
  #endsQueued = 0
  #markersQueued = 0
  /** Newest version seen on this watch, bookmarks included; undefined before the first list ended. */
  #seen: ResourceVersion | undefined

  constructor(options: DeltaQueueOptions) {
    this.store = new RecordStore<E>({ slabBytes: options.slabBytes ?? 256 * 1024 })
    this.#generation = options.firstGeneration - 1
    this.#seen = options.resumeVersion
    this.#onRule = options.onRule
  }

  /** Keys queued. */
  get count(): number {
    return this.#items.keyCount
  }

  /** What the queue holds, entries' own cost included (measured: about 300 B an entry). */
  get bytes(): number {
    return this.store.liveBytes + this.#items.keyCount * entryBytes
  }

  /** Nothing to send, markers included. */
  get isEmpty(): boolean {
    return this.#items.head === undefined
  }

  /** A marker waits: it must not wait for a batch to fill. */
  get hasMarker(): boolean {
    return this.#markersQueued > 0
  }

  get head(): QueueItem<E> | undefined {
    return this.#items.head
  }

  get inBracket(): boolean {
    return this.#inBracket
  }

  /** Of the list that is under way, or came last. */
  get generation(): number {
    return this.#generation
  }

  /** A server may repeat events after a resume: this watch has seen this one, or one behind it. */
  isRepeat(version: ResourceVersion): boolean {
    return !this.#inBracket && this.#seen !== undefined && version <= this.#seen
  }

  /**
   * Takes one event whose record (`length` bytes) lies at the tail reserved in `slab`; the record is committed only
   * if the event is accepted, so that a storm of repeats costs no memory.
   */
  offer(
    deleted: boolean,
    key: string,
    version: ResourceVersion,
    slab: Slab<E>,
    length: number,
    sameUid: (cell: VersionCell<E>, slab: Slab<E>, offset: number) => boolean,
    receivedAtMs: number,
  ): boolean {
    this.counters.events++
    let previous: ResourceVersion | undefined
    if (!this.#inBracket) {
      if (this.isRepeat(version)) {
        // Letting it through would carry `here` back in time.
        this.counters.droppedStale++
        this.#onRule?.('queue: repeat dropped')
        return false
      }
      previous = this.#seen
      this.#seen = version
    }
    let entry = this.#items.get(key)
    if (entry === undefined) {
      entry = new QueueEntry<E>(key, version, this.#generation, previous, receivedAtMs, this.#inBracket)
      this.#items.push(entry)
      this.#put(entry, deleted, version, slab, length)
      return true
    }
    if (version < entry.version || (version === entry.version && !deleted)) {
      // The stamp matters: a list that confirms a queued state must not let main sweep it.
      if (!deleted && entry.generation < this.#generation) entry.generation = this.#generation
      this.counters.droppedStale++
      this.#onRule?.('0: stale dropped')
      return false
    }
    entry.generation = this.#generation
    entry.version = Number.isNaN(version) ? version : maxVersion(entry.version, version)
    entry.receivedAtMs = receivedAtMs
    entry.fromList = this.#inBracket
    this.counters.merged++
    this.#merge(entry, deleted, version, slab, length, sameUid)
    return true
  }

  #merge(
    entry: QueueEntry<E>,
    deleted: boolean,
    version: ResourceVersion,
    slab: Slab<E>,
    length: number,
    sameUid: (cell: VersionCell<E>, slab: Slab<E>, offset: number) => boolean,
  ): void {
    const { gone, here } = entry
    if (deleted) {
      if (here !== undefined) {
        this.store.uncache(here)
        entry.here = undefined
        this.#onRule?.('3: deleted drops here')
      }
      if (gone === undefined) this.#put(entry, true, version, slab, length)
      else if (here !== undefined) return
      else if (sameUid(gone, slab, slab.usedBytes)) {
        // It was back in between, in an event that never came: its later end is the true one.
        this.store.uncache(gone)
        this.#put(entry, true, version, slab, length)
        this.#onRule?.('4: later end of the same object')
      }
      // The first Deleted tells main of the object it knows; a later one is of an object it never saw.
      else this.#onRule?.('4: first deleted kept')
      return
    }
    if (here !== undefined) {
      this.store.uncache(here)
      this.#onRule?.('1: upsert replaces')
    } else if (gone !== undefined) {
      if (sameUid(gone, slab, slab.usedBytes)) {
        // Left the selector and came back: for main nothing but an update happened.
        this.store.uncache(gone)
        entry.gone = undefined
        this.#onRule?.('2: same uid returns')
      } else this.#onRule?.('2: other uid follows')
    }
    this.#put(entry, false, version, slab, length)
  }

  #put(
    entry: QueueEntry<E>,
    deleted: boolean,
    version: ResourceVersion,
    slab: Slab<E>,
    length: number,
  ): void {
    const cell = this.store.commit(slab, length, this.#generation)
    if (deleted) {
      entry.gone = cell
      entry.goneVersion = version
    } else entry.here = cell
  }

  /**
   * An object refused though its key was read: what main has of it must survive the sweep of this list. Told in its
   * place, also when the key is queued: raising that entry would spare it from the sweep of an earlier list, too.
   */
  stampRefused(key: string): void {
    if (this.#inBracket) this.#mark(new QueueMarker<E>('stamp', this.#generation, { key }))
  }

  listStart(reset: boolean): number {
    this.#generation++
    this.#inBracket = true
    if (reset) this.#clear()
    this.#mark(new QueueMarker<E>('start', this.#generation, { reset }))
    return this.#generation
  }

  listEnd(version: ResourceVersion, knownVersion: ResourceVersion = version): void {
    this.#inBracket = false
    this.#seen = version
    this.#endsQueued++
    this.#mark(new QueueMarker<E>('end', this.#generation, { version, knownVersion }))
  }

  listAbort(): void {
    if (!this.#inBracket) return
    this.#inBracket = false
    this.#mark(new QueueMarker<E>('abort', this.#generation))
  }

  /** Never lowers what was seen: a replica that starts lower repeats events, and repeats are dropped. */
  watchStart(version: ResourceVersion): void {
    this.bookmark(version)
  }

  bookmark(version: ResourceVersion): void {
    if (this.#inBracket) return
    if (this.#seen === undefined || !(version <= this.#seen)) this.#seen = version
  }

  /** Removes the head. Its cells are the caller's to `uncache` once copied. */
  shift(): QueueItem<E> | undefined {
    const item = this.#items.shift()
    if (item instanceof QueueMarker) {
      this.#markersQueued--
      if (item.marker === 'end') this.#endsQueued--
    }
    return item
  }

  /** Takes `gone` alone from the head, which has both, and leaves the head in place. */
  splitGone(): QueueEntry<E> {
    const head = this.#items.head as QueueEntry<E>
    const half = new QueueEntry<E>(
      head.key,
      head.goneVersion,
      head.generation,
      head.previous,
      head.receivedAtMs,
      head.fromList,
    )
    half.gone = head.gone
    half.goneVersion = head.goneVersion
    head.gone = undefined
    return half
  }

  /**
   * The version everything up to which has been sent: what main may resume from after it applied all that was
   * shifted so far. Versions leave out of order (an entry keeps its first place), so the newest seen one is wrong;
   * inside a bracket, or while its end waits, there is none.
   */
  get safeVersion(): ResourceVersion | undefined {
    if (this.#inBracket || this.#endsQueued > 0) return undefined
    let item = this.#items.head
    while (item instanceof QueueMarker) item = item.next
    return item === undefined ? this.#seen : item.previous
  }

  #mark(marker: QueueMarker<E>): void {
    this.#markersQueued++
    this.#items.mark(marker)
  }

  /** Only at a reset: nothing queued from the old world may be applied in the new one. */
  #clear(): void {
    for (let item = this.#items.head; item !== undefined; item = item.next) {
      if (item instanceof QueueMarker) continue
      if (item.gone !== undefined) this.store.uncache(item.gone)
      if (item.here !== undefined) this.store.uncache(item.here)
    }
    this.#items.clear()
    this.#endsQueued = 0
    this.#markersQueued = 0
    this.#seen = undefined
  }
}

const entryBytes = 300
