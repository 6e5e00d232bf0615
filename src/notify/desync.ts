import type { VersionCell } from '../protocol/record-store.ts'
import type { EventReader } from './change-event.ts'
import { HandedCell, HandedKeys, isSameObject } from './handed-keys.ts'
import type { ListenerBuffer } from './listener-buffer.ts'
import type { ListenerSync } from './listener-sync.ts'
import { PendingChange } from './pending-change.ts'
import type { SharedReads } from './shared-reads.ts'
import { StaleKeys } from './stale-keys.ts'

export interface DesyncOptions<E> {
  readonly reads: SharedReads<E>
  /** What is cached under a key. */
  readonly cell: (key: string) => VersionCell<E> | undefined
  readonly buffer: ListenerBuffer<E>
  readonly sync: ListenerSync
  /** Keys whose calls run. */
  readonly activeKeys: ReadonlySet<string>
}

/** Changes dropped between two looks at the clock. */
const dropStepCount = 128

/**
 * What `overflow: 'replay'` adds to a listener.
 *
 * At any time each key is one of two: *stale*, then nothing of it waits in the buffer, and what its handler lacks is the
 * difference between what it was handed and the cache; or not, then what it was handed and what waits for it give the
 * cache. An overflow makes every key stale that something was waiting for. Until the handler takes a call again every
 * changed key becomes stale, too; from then on changes of others wait in the buffer as ever, and stale keys are
 * compared, one at a call. Nothing of a stale key is held but the key.
 */
export class Desync<E> {
  readonly #options: DesyncOptions<E>
  readonly #handed = new HandedKeys<E>()
  readonly #stale = new StaleKeys()
  /** What waited at the overflow is still being dropped: all at once would stop the thread. */
  #isDropping = false
  /** Stale keys whose turn came while a call for them ran. */
  readonly #parked = new Set<string>()
  /** Calls in progress that belong to it: it ends after them. */
  readonly #awaited = new Set<string>()
  #isActive = false
  #hasBegun = false
  /** The handler: what it was told last is that it is desynced. */
  #isTold = false
  #isBufferNext = false
  /** Times that the buffer was dropped. */
  count = 0
  /** Since when the oldest of what was dropped waits to be told; undefined: all of it has been. */
  sinceMs: number | undefined
  /** Changes that were: what they came to is told by the comparison. */
  droppedCount = 0

  constructor(options: DesyncOptions<E>) {
    this.#options = options
  }

  get isActive(): boolean {
    return this.#isActive
  }

  /** As `reader`; of states that are known by uid and version alone there is no object. */
  static reader<E>(reader: EventReader<E>): EventReader<E> {
    return {
      get signal() {
        return reader.signal
      },
      read: (cell) => (cell instanceof HandedCell ? undefined : reader.read(cell)),
    }
  }

  /** After each push: begins to drop the buffer if it is above a bound, and returns whether. */
  drops(): boolean {
    const { buffer, activeKeys } = this.#options
    if (!buffer.isOver) return false
    this.#isActive = this.#isDropping = true
    this.#hasBegun = false
    this.count++
    this.sinceMs ??= buffer.oldestSinceMs(activeKeys)
    while (buffer.isOver) this.dropSome()
    for (const key of activeKeys) this.#awaited.add(key)
    return true
  }

  /**
   * Whether the handler is to be told of it now: once, until it is {@link toldSynced} that it is in sync. Not before it
   * first was: of a first list larger than the buffer nothing is lost that it knew.
   */
  takeNotice(): boolean {
    if (!this.#isActive || this.#isTold || !this.#options.sync.hasSynced) return false
    this.#isTold = true
    return true
  }

  /** It was told so. */
  toldSynced(): void {
    this.#isTold = false
  }

  /** The cache changed. True: the key is stale, nothing is to wait in the buffer. */
  takes(key: string): boolean {
    if (!this.#isActive || (this.#hasBegun && !this.#isStale(key))) return false
    this.droppedCount++
    this.#mark(key)
    return true
  }

  /** A call starts: from now on its handler counts as told. */
  handed(type: 'add' | 'update' | 'delete', key: string, cell: VersionCell<E>): void {
    if (type === 'delete') this.#handed.delete(key)
    else this.#handed.set(key, cell)
  }

  /** Before any {@link next}: drops some more of what waits; false: all is. Every changed key is taken until then. */
  dropSome(): boolean {
    if (!this.#isDropping) return false
    const { buffer, sync } = this.#options
    buffer.drop(dropStepCount, ({ key, isInitial, callCount }) => {
      if (isInitial) sync.finish()
      this.droppedCount += callCount
      this.#mark(key)
    })
    this.#isDropping = buffer.count > 0
    return true
  }

  /** Stale keys and changes that wait in the buffer get their calls by turns. */
  takeTurn(): boolean {
    this.#isBufferNext = !this.#isBufferNext
    return this.#isBufferNext
  }

  /** The next call for a stale key of which none runs. It must be made: the key is not stale any more. */
  next(): PendingChange<E> | undefined {
    this.#hasBegun = true
    for (let key = this.#stale.take(); key !== undefined; key = this.#stale.take()) {
      if (this.#options.activeKeys.has(key)) {
        this.#parked.add(key)
        continue
      }
      this.#awaited.add(key)
      const change = this.#compare(key)
      change.useAll(this.#options.reads.store)
      if (change.isInitial) this.#options.sync.expect()
      return change
    }
    return undefined
  }

  /** A call for `key` ended. */
  ended(key: string): void {
    this.#awaited.delete(key)
    if (this.#parked.delete(key)) this.#stale.add(key)
  }

  /** Returns whether it ended by this call: nothing is stale, and what was told of it is finished. */
  settle(): boolean {
    if (!this.#isActive || this.#isDropping) return false
    if (this.#stale.size + this.#parked.size + this.#awaited.size > 0) return false
    this.#isActive = false
    this.sinceMs = undefined
    return true
  }

  clear(): void {
    this.#isActive = this.#isDropping = false
    this.sinceMs = undefined
    this.#handed.clear()
    this.#stale.clear()
    this.#parked.clear()
    this.#awaited.clear()
  }

  #isStale(key: string): boolean {
    return this.#stale.has(key) || this.#parked.has(key)
  }

  /** A key that is neither handed nor cached has nothing to tell: without this, objects that come and go would add up. */
  #mark(key: string): void {
    if (this.#handed.has(key) || this.#options.cell(key) !== undefined) {
      if (!this.#parked.has(key)) this.#stale.add(key)
    } else {
      this.#stale.delete(key)
      this.#parked.delete(key)
    }
  }

  /** Also if both are of one version, which a restored etcd may give to another state. */
  #compare(key: string): PendingChange<E> {
    const handed = this.#handed.get(key)
    const cell = this.#options.cell(key)
    const isGone = handed !== undefined && (cell === undefined || !isSameObject(handed, cell))
    // The add of a re-created object waits as a stale key: until its call starts, it may still come to nothing.
    if (isGone && cell !== undefined) this.#stale.add(key)
    return new PendingChange<E>(
      key,
      isGone ? handed : undefined,
      isGone,
      isGone ? undefined : cell,
      isGone ? undefined : handed,
      'replay',
      handed === undefined && !this.#options.sync.hasSynced,
      0,
    )
  }
}
