import type { CacheEpoch } from '../indexer/cache-epoch.ts'
import type { ChangeCause, ChangeSink } from '../notify/change-sink.ts'
import type { VersionCell } from '../protocol/record-store.ts'

export type Cell = VersionCell<CacheEpoch>

/** Whoever hears of changes beside the listeners, for a while: snapshots, waits, a verification. */
export interface ChangeTap {
  /**
   * The cache changed, indices included. `old`: what it held, to be kept by `store.use`; undefined: nothing. `isThere`:
   * it holds the key now. Of an end that is seen twice, or of what was not cached, a call without `old` comes as well.
   * No code of the user may be called: a batch is half applied.
   */
  changed(key: string, old: Cell | undefined, isThere: boolean): void
}

/** Between the cache and its listeners. While nobody taps, a change costs one comparison more. */
export class ChangeFan implements ChangeSink<CacheEpoch> {
  readonly #listeners: ChangeSink<CacheEpoch>
  // Replaced, never changed: a tap may go while all are being told.
  #taps: readonly ChangeTap[] = []

  constructor(listeners: ChangeSink<CacheEpoch>) {
    this.#listeners = listeners
  }

  /** Idempotent. */
  add(tap: ChangeTap): void {
    if (!this.#taps.includes(tap)) this.#taps = [...this.#taps, tap]
  }

  remove(tap: ChangeTap): void {
    this.#taps = this.#taps.filter((each) => each !== tap)
  }

  added(key: string, cell: Cell, cause: ChangeCause, receivedAtMs: number): void {
    if (this.#taps.length > 0) this.#tell(key, undefined, true)
    this.#listeners.added(key, cell, cause, receivedAtMs)
  }

  updated(key: string, old: Cell, cell: Cell, cause: ChangeCause, receivedAtMs: number): void {
    if (this.#taps.length > 0) this.#tell(key, old, true)
    this.#listeners.updated(key, old, cell, cause, receivedAtMs)
  }

  deleted(
    key: string,
    old: Cell,
    final: Cell,
    finalStateUnknown: boolean,
    cause: ChangeCause,
    receivedAtMs: number,
  ): void {
    if (this.#taps.length > 0) this.#tell(key, old, false)
    this.#listeners.deleted(key, old, final, finalStateUnknown, cause, receivedAtMs)
  }

  listCompleted(): void {
    this.#listeners.listCompleted()
  }

  /** A key's end was told, whether it was cached or not. */
  ended(key: string): void {
    if (this.#taps.length > 0) this.#tell(key, undefined, false)
  }

  #tell(key: string, old: Cell | undefined, isThere: boolean): void {
    for (const tap of this.#taps) tap.changed(key, old, isThere)
  }
}
