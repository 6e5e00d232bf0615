import { KeyMap } from '../base/key-map.ts'
import type { VersionCell } from '../protocol/record-store.ts'
import { mergeChanges, type PendingChange } from './pending-change.ts'
import type { SharedReads } from './shared-reads.ts'

export interface ListenerBufferOptions<E> {
  readonly reads: SharedReads<E>
  readonly countMax: number
  readonly bytesMax: number
  /** Above a bound. Without it nothing is ever merged: whoever pushes looks at {@link ListenerBuffer.isOver}. */
  readonly merges: boolean
  /** {@link ListenerBuffer.park} and `unpark` are used. */
  readonly mayPark: boolean
  /** An add that a listener's sync waited for will never come: its object is gone again. */
  readonly onInitialVanished: () => void
}

/** Pending changes looked at for merging, per change pushed above a bound. */
const mergeStepCount = 4
/** Pending changes put into the index by key, per change pushed above half of a bound: all are there at the bound. */
const indexStepCount = 4

/**
 * Changes between the processor and one listener, oldest first.
 *
 * Up to both bounds every change is kept. Above one of them, a change of a key that waits already is merged into what
 * waits, at the place of the key's first change, and step by step the rest of the buffer too: then it holds one change
 * per key at most, of keys that are cached or that the listener was told of, with at most one old state each. Below the
 * bounds every change is kept again. Holds a `use` of each cell it names; {@link take} hands them on.
 */
export class ListenerBuffer<E> {
  readonly #reads: SharedReads<E>
  readonly #countMax: number
  readonly #bytesMax: number
  readonly #merges: boolean
  readonly #mayPark: boolean
  readonly #onInitialVanished: () => void
  /**
   * Key → its first pending change. Only merging and parking ask for it, so that it is kept only where these may come:
   * a buffer that stays below half of its bounds, as nearly all do, spends nothing on it.
   */
  readonly #byKey = new KeyMap<PendingChange<E>>()
  #isIndexed: boolean
  /** While indexed: the first change in the order that is not in the index yet, nor is any after it. */
  #unindexed: PendingChange<E> | undefined
  // A linked list, not a ring: add + delete of an object leaves no hole, however long the head stays.
  #head: PendingChange<E> | undefined
  #tail: PendingChange<E> | undefined
  #mergeCursor: PendingChange<E> | undefined
  /** Pending changes; one that is both a delete and an add counts once. */
  count = 0
  /** Records held and the changes themselves. */
  bytes = 0
  /** Of that, states that are held only for this listener. */
  pinnedBytes = 0
  /** Changes that were merged away: pushed = taken as calls + merged + waiting as calls. */
  merged = 0

  constructor(options: ListenerBufferOptions<E>) {
    this.#reads = options.reads
    this.#countMax = options.countMax
    this.#bytesMax = options.bytesMax
    this.#merges = options.merges
    this.#mayPark = options.mayPark
    this.#isIndexed = options.mayPark
    this.#onInitialVanished = options.onInitialVanished
  }

  /** Room for more than changes of now: a replay waits for this. */
  get isUnderHalf(): boolean {
    return this.count * 2 < this.#countMax && this.bytes * 2 < this.#bytesMax
  }

  /** At a bound. */
  get isFull(): boolean {
    return this.count >= this.#countMax || this.bytes >= this.#bytesMax
  }

  /** Above a bound. One change may always wait, however large: it could never be told otherwise. */
  get isOver(): boolean {
    return this.count > 1 && (this.count > this.#countMax || this.bytes > this.#bytesMax)
  }

  /** The change that {@link take} would give. */
  get head(): PendingChange<E> | undefined {
    return this.#head
  }

  /** Since when the oldest change waits; `activeKeys`: those that calls run for, whose changes may be parked. */
  oldestSinceMs(activeKeys: Iterable<string>): number | undefined {
    let oldest = this.#head?.sinceMs
    if (!this.#mayPark) return oldest
    for (const key of activeKeys) {
      const first = this.#byKey.get(key)
      if (first !== undefined && !(first.sinceMs >= (oldest as number))) oldest = first.sinceMs
    }
    return oldest
  }

  push(change: PendingChange<E>): void {
    change.useAll(this.#reads.store)
    this.count++
    this.bytes += change.bytes
    this.pinnedBytes += change.pinnedBytes
    this.#append(change)
    if (!this.#isIndexed) {
      if (this.isUnderHalf) return
      this.#isIndexed = true
      this.#unindexed = this.#head
    } else this.#unindexed ??= change
    // The change itself counts: with it in, the bound is passed only by keys that had nothing waiting.
    const isAbove = this.count > this.#countMax || this.bytes > this.#bytesMax
    this.#indexStep(isAbove || this.#mayPark ? Number.POSITIVE_INFINITY : indexStepCount)
    if (!isAbove || !this.#merges) return
    const first = this.#byKey.get(change.key) as PendingChange<E>
    if (first !== change) this.#mergeKey(first)
    this.#mergeStep()
  }

  /** Takes the oldest change out; its uses go to the caller. */
  take(): PendingChange<E> | undefined {
    const change = this.#head
    if (change === undefined) return undefined
    if (this.#isIndexed) this.#forgetFirst(change)
    this.#unlink(change)
    this.#discount(change)
    if (this.count === 0) this.#isIndexed = this.#mayPark
    return change
  }

  /** The delete part of the head, which stays as the add it also was. The use goes to the caller. */
  takeGone(change: PendingChange<E>): VersionCell<E> {
    const gone = change.gone as VersionCell<E>
    const { bytes, pinnedBytes } = change
    change.gone = undefined
    change.measure()
    this.bytes += change.bytes - bytes
    this.pinnedBytes += change.pinnedBytes - pinnedBytes
    return gone
  }

  /** Takes the head out of the order, to let others pass while a call for its key runs. */
  park(change: PendingChange<E>): void {
    this.#unlink(change)
    change.isParked = true
  }

  /** The call for `key` ended: its next change comes first. */
  unpark(key: string): void {
    const change = this.#byKey.get(key)
    if (change?.isParked !== true) return
    change.isParked = false
    change.next = this.#head
    if (this.#head === undefined) this.#tail = change
    else this.#head.previous = change
    this.#head = change
  }

  /**
   * Drops up to `countMax` of what waits, in no order, and releases its cells. Until all is, nothing may be pushed or taken.
   */
  drop(countMax: number, onDropped?: (change: PendingChange<E>) => void): void {
    for (let i = 0; i < countMax && this.count > 0; i++) {
      const head = this.#head
      // Of a key, the first: what follows it is found by it alone. What is left without a head is parked.
      const key = head?.key ?? (this.#byKey.entries().next().value as [string, unknown])[0]
      const change = this.#byKey.get(key) ?? (head as PendingChange<E>)
      this.#remove(change)
      this.#releaseAll(change)
      onDropped?.(change)
    }
    if (this.count === 0) this.#isIndexed = this.#mayPark
  }

  #releaseAll(change: PendingChange<E>): void {
    if (change.gone !== undefined) this.#reads.release(change.gone)
    if (change.here !== undefined) this.#reads.release(change.here)
    if (change.old !== undefined) this.#reads.release(change.old)
  }

  #indexStep(countMax: number): void {
    for (let i = 0; i < countMax && this.#unindexed !== undefined; i++) {
      const change: PendingChange<E> = this.#unindexed
      this.#unindexed = change.next
      const first = this.#byKey.get(change.key)
      if (first === undefined) this.#byKey.set(change.key, change)
      else {
        first.lastOfKey.nextOfKey = change
        first.lastOfKey = change
      }
    }
  }

  /** All changes of a key become one, or none. */
  #mergeKey(first: PendingChange<E>): void {
    for (let later = first.nextOfKey; later !== undefined; later = first.nextOfKey) {
      const callCount = first.callCount + later.callCount
      const pinnedBytes = first.pinnedBytes + later.pinnedBytes
      const bytes = first.bytes + later.bytes
      first.nextOfKey = later.nextOfKey
      if (first.nextOfKey === undefined) first.lastOfKey = first
      if (!later.isParked) this.#unlink(later)
      later.nextOfKey = undefined
      const vanished = mergeChanges(first, later, this.#reads.release)
      first.measure()
      this.count--
      this.merged += callCount - first.callCount
      this.bytes += first.bytes - bytes
      this.pinnedBytes += first.pinnedBytes - pinnedBytes
      if (first.callCount === 0) this.#remove(first)
      if (vanished > 0) this.#onInitialVanished()
      if (first.callCount > 0) continue
      const next = this.#byKey.get(first.key)
      if (next === undefined) return
      first = next
    }
  }

  /** Merges a little more of what came below the bounds, so that passing them does not stop for all of it at once. */
  #mergeStep(): void {
    if (this.count === this.#byKey.size) return
    for (let i = 0; i < mergeStepCount; i++) {
      const change: PendingChange<E> | undefined = this.#mergeCursor ?? this.#head
      if (change === undefined) return
      this.#mergeCursor = change.next
      const first = change.nextOfKey === undefined ? undefined : this.#byKey.get(change.key)
      if (first !== undefined) this.#mergeKey(first)
    }
  }

  #remove(change: PendingChange<E>): void {
    if (!change.isParked) {
      // Only a first change is ever brought back to the order: its parked successor must take over the place.
      if (change.nextOfKey?.isParked === true) this.#insertAfter(change, change.nextOfKey)
      this.#unlink(change)
    }
    this.#forgetFirst(change)
    this.#discount(change)
  }

  #forgetFirst(change: PendingChange<E>): void {
    const next = change.nextOfKey
    if (next === undefined) {
      this.#byKey.delete(change.key)
      return
    }
    next.lastOfKey = change.lastOfKey
    change.nextOfKey = undefined
    this.#byKey.set(change.key, next)
  }

  #discount(change: PendingChange<E>): void {
    this.count--
    this.bytes -= change.bytes
    this.pinnedBytes -= change.pinnedBytes
  }

  #insertAfter(place: PendingChange<E>, change: PendingChange<E>): void {
    change.isParked = false
    change.previous = place
    change.next = place.next
    if (place.next === undefined) this.#tail = change
    else place.next.previous = change
    place.next = change
  }

  #append(change: PendingChange<E>): void {
    change.previous = this.#tail
    if (this.#tail === undefined) this.#head = change
    else this.#tail.next = change
    this.#tail = change
  }

  #unlink(change: PendingChange<E>): void {
    const { previous, next } = change
    if (this.#mergeCursor === change) this.#mergeCursor = next
    if (this.#unindexed === change) this.#unindexed = next
    if (previous === undefined) this.#head = next
    else previous.next = next
    if (next === undefined) this.#tail = previous
    else next.previous = previous
    // A dead change in old space that still points on keeps all that followed alive until a full collection.
    change.previous = change.next = undefined
  }
}
