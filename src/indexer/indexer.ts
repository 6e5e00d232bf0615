import type { ChangeCause, ChangeSink } from '../notify/change-sink.ts'
import { sameUid, sameVersionText, version as versionAt } from '../protocol/record-header.ts'
import { RecordStore, type VersionCell } from '../protocol/record-store.ts'
import { noVersion, parseResourceVersion, type ResourceVersion } from '../protocol/resource-version.ts'
import type { CacheEpoch } from './cache-epoch.ts'
import type { CellRows } from './cell-rows.ts'
import { CellTable } from './cell-table.ts'
import { EpochThinning } from './epoch-thinning.ts'
import type { IncomingRecords, IndexerOptions, IndexerRule } from './indexer-options.ts'
import { Indices } from './indices.ts'
import { ListStamps } from './list-stamps.ts'
import { MemoRing } from './memo-ring.ts'
import { Tombstones } from './tombstones.ts'

type Cell = VersionCell<CacheEpoch>

/**
 * The cache: key → current version, its indices, and the rules by which an arriving delta changes it (see ARCHITECTURE.md).
 *
 * Every accepted change is told to the sink once, after cache and indices hold it. Per key the version never goes
 * down save after a declared reset. Not for use outside the thread that made it.
 */
export class Indexer {
  readonly store: RecordStore<CacheEpoch>
  readonly indices: Indices
  /** To be stepped in idle moments. */
  readonly thinning: EpochThinning
  readonly tombstones: Tombstones = new Tombstones()
  readonly counters: { droppedStale: number; foundByList: number } = { droppedStale: 0, foundByList: 0 }
  readonly #cells: CellTable<CacheEpoch>
  readonly #sink: ChangeSink<CacheEpoch>
  readonly #memo: MemoRing<Cell>
  readonly #onRule: ((rule: IndexerRule) => void) | undefined
  readonly #onDeleted: IndexerOptions['onDeleted']
  /** Of the list that declared the last reset; 0: none did. */
  resetGeneration = 0
  /** Stamped since the last reset though their version is of before: refused objects, kept at their last good state. */
  readonly #keptFromBefore = new Set<string>()
  #generationMax = 0
  #listedGeneration = 0
  #inBracket = false
  #hasSynced = false
  #safeVersion: string | undefined
  #knownVersion: ResourceVersion = noVersion
  #sweep:
    | { readonly cells: Iterator<Cell>; readonly generation: number; readonly version: ResourceVersion }
    | undefined
  readonly #stamps = new ListStamps()

  constructor(options: IndexerOptions) {
    this.#sink = options.sink
    this.#onRule = options.onRule
    this.#onDeleted = options.onDeleted
    this.#memo = new MemoRing(options.memoCount ?? 256)
    this.store = new RecordStore<CacheEpoch>({ slabBytes: options.slabBytes ?? 1024 * 1024 })
    this.thinning = new EpochThinning(this.store)
    this.#cells = new CellTable(options.random)
    this.indices = new Indices({
      namespaces: this.#cells,
      columns: options.columns,
      read: (cell) => this.read(cell),
      onIndexError: options.onIndexError,
    })
  }

  get size(): number {
    return this.#cells.size
  }

  /** A complete list has been applied, once. */
  get hasSynced(): boolean {
    return this.#hasSynced
  }

  get isRelisting(): boolean {
    return this.#hasSynced && this.#inBracket
  }

  /** Where a watch may resume; undefined: only a list will do. */
  get safeVersion(): string | undefined {
    return this.#safeVersion
  }

  /**
   * Newest version told since the last reset, dropped or not; undefined: none. Above the safe version whenever a watch
   * died on its way. A successor needs it: a consistent list below it comes from a restored etcd, whose objects would
   * be taken for old ones.
   */
  get knownVersion(): string | undefined {
    return this.#knownVersion === noVersion ? undefined : String(this.#knownVersion)
  }

  /** Highest list generation seen: a successor's must be above. */
  get generationMax(): number {
    return this.#generationMax
  }

  /** The newest list that is complete; 0: none yet. */
  get listedGeneration(): number {
    return this.#listedGeneration
  }

  /** A generation that has been used, though nothing of it was, and perhaps ever will be, applied. */
  sawGeneration(generation: number): void {
    if (generation > this.#generationMax) this.#generationMax = generation
  }

  cell(key: string): Cell | undefined {
    return this.#cells.get(key)
  }

  /** The key is cached in a version above `text`. */
  isNewerThan(key: string, text: string): boolean {
    const cell = this.#cells.get(key)
    return cell !== undefined && versionAt(cell.slab.bytes, cell.offset) > parseResourceVersion(text)
  }

  /** Everything that is accepted, while keys come and go: one that is there throughout comes exactly once. */
  cells(accepts?: (cell: Cell) => boolean): Generator<Cell, void> {
    return this.#cells.cells(accepts)
  }

  /** As {@link cells}, of one namespace. */
  cellsOf(namespace: string, accepts?: (cell: Cell) => boolean): Generator<Cell, void> {
    return this.#cells.cellsOf(namespace, accepts)
  }

  /** How many of one namespace, or of all, are accepted. */
  count(namespace: string | undefined, accepts: (cell: Cell) => boolean): number {
    return this.#cells.count(namespace, accepts)
  }

  /** Rows of all namespaces that hold something, or of one. */
  rowSets(namespace?: string): CellRows<CacheEpoch>[] {
    return this.#cells.rowSets(namespace)
  }

  /** The object of a version, deep frozen; made anew unless somebody who uses the version has it. Remembers nothing. */
  read(cell: Cell): unknown {
    return cell.object ?? cell.slab.epoch.reader.read(cell.slab.bytes, cell.offset)
  }

  /** By key; objects asked for repeatedly are remembered for a while. Identity is not promised. */
  get(key: string): unknown {
    const cell = this.#cells.get(key)
    if (cell === undefined) return undefined
    const known = cell.object ?? this.#memo.get(cell)
    if (known !== undefined) return known
    const object = this.read(cell)
    this.#memo.offer(cell, object)
    return object
  }

  /** Deltas of these keys come next: see {@link CellTable.lookAhead}. */
  lookAhead(bytes: Buffer, starts: Int32Array, count: number, keys: string[]): void {
    this.#cells.lookAhead(bytes, starts, count, keys)
  }

  applyUpsert(
    key: string,
    from: IncomingRecords,
    offset: number,
    length: number,
    generation: number,
    cause: ChangeCause,
    receivedAtMs: number,
  ): void {
    if (generation > this.#generationMax) this.#generationMax = generation
    const version = versionAt(from.bytes, offset)
    if (version > this.#knownVersion) this.#knownVersion = version
    const buried = this.tombstones.get(key)
    if (buried !== undefined && version <= buried) {
      this.#drop('main: tombstone drop')
      return
    }
    const old = this.#cells.get(key)
    if (old === undefined) {
      this.tombstones.delete(key)
      this.#add(key, from.place(offset, length, generation), cause, receivedAtMs)
      return
    }
    const sameObject = sameUid(old.slab.bytes, old.offset, from.bytes, offset)
    if (this.isComparable(key, old) && this.#isStale(old, version, sameObject, from.bytes, offset)) {
      // The list holds this object, only in a version we have or passed: the stamp keeps it from the sweep.
      this.#stamps.raise(old, generation)
      this.#drop(sameObject ? 'main: old or equal drop' : 'main: other uid old drop')
      return
    }
    const cell = from.place(offset, length, generation)
    // Asked first: a look into a set computes the hash of a key that is dropped right after.
    if (this.#keptFromBefore.size > 0) this.#keptFromBefore.delete(key)
    if (sameObject) {
      this.#cells.replace(old, cell)
      this.#stamps.left(old)
      this.#stamps.entered(cell)
      this.indices.updated(key, old, cell)
      this.#sink.updated(key, old, cell, cause, receivedAtMs)
      this.#uncache(old)
      return
    }
    this.#onRule?.('main: other uid replaces')
    this.#remove(key, old)
    this.#sink.deleted(key, old, old, true, cause, receivedAtMs)
    this.#uncache(old)
    this.tombstones.delete(key)
    this.#add(key, cell, cause, receivedAtMs)
  }

  /** `version`: what the delete counts at (see QueueEntry.goneCountsAt). */
  applyDeleted(
    key: string,
    from: IncomingRecords,
    offset: number,
    length: number,
    version: ResourceVersion,
    generation: number,
    cause: ChangeCause,
    receivedAtMs: number,
  ): void {
    if (generation > this.#generationMax) this.#generationMax = generation
    if (version > this.#knownVersion) this.#knownVersion = version
    const old = this.#cells.get(key)
    if (old === undefined) {
      this.#onRule?.('main: Deleted of unknown')
      this.#onDeleted?.(key, version)
      this.tombstones.raise(key, version)
      return
    }
    const oldVersion = this.isComparable(key, old) ? versionAt(old.slab.bytes, old.offset) : noVersion
    if (version < oldVersion) {
      this.#drop('main: Deleted old')
      return
    }
    this.#onDeleted?.(key, version)
    this.#remove(key, old)
    this.tombstones.raise(key, version)
    const isSame = sameUid(old.slab.bytes, old.offset, from.bytes, offset)
    if (isSame && !(versionAt(from.bytes, offset) < oldVersion)) {
      this.#onRule?.('main: Deleted same uid')
      const final = from.place(offset, length, generation)
      this.#sink.deleted(key, old, final, false, cause, receivedAtMs)
      this.#uncache(final)
    } else {
      // An earlier end is one that a resumed watch repeated, from before the object was back: how it really ended,
      // nobody saw.
      this.#onRule?.(isSame ? 'main: Deleted same uid, earlier end' : 'main: Deleted other uid')
      this.#sink.deleted(key, old, old, true, cause, receivedAtMs)
    }
    this.#uncache(old)
  }

  /** A refused object was in the list: what we have of it stays. */
  stamp(key: string, generation: number): void {
    const cell = this.#cells.get(key)
    if (cell === undefined || cell.generation >= generation) return
    // The stamp must not make a version from before a reset comparable: it would keep every newer one out.
    if (cell.generation < this.resetGeneration) this.#keptFromBefore.add(key)
    this.#stamps.raise(cell, generation)
  }

  listStart(generation: number, reset: boolean): void {
    if (generation > this.#generationMax) this.#generationMax = generation
    this.#inBracket = true
    this.#stamps.start(generation)
    this.#safeVersion = undefined
    if (!reset) return
    this.#onRule?.('main: reset')
    this.resetGeneration = generation
    this.#knownVersion = noVersion
    this.#keptFromBefore.clear()
    this.tombstones.clear()
  }

  listAbort(): void {
    this.#onRule?.('main: abort')
    this.#inBracket = false
  }

  /** The watch died: a list it had begun is broken off. A sweep that began is finished, its list was complete. */
  abortOpenBracket(): void {
    if (this.#inBracket && this.#sweep === undefined) this.listAbort()
  }

  /** Begins the sweep; {@link sweep} must be called until it returns false before anything else is applied. */
  listEnd(generation: number, version: ResourceVersion, knownVersion: ResourceVersion = version): void {
    if (knownVersion > this.#knownVersion) this.#knownVersion = knownVersion
    const isComplete = this.#stamps.isOnAll(generation, this.#cells.size)
    this.#sweep = { cells: isComplete ? [].values() : this.#cells.cells(), generation, version }
  }

  get isSweeping(): boolean {
    return this.#sweep !== undefined
  }

  /** Deletes what the ended list did not contain; `shouldYield` is asked every 256 keys, and after each delete. Returns whether to go on. */
  sweep(shouldYield: () => boolean): boolean {
    const sweep = this.#sweep
    if (sweep === undefined) return false
    let seen = 0
    for (let next = sweep.cells.next(); next.done !== true; next = sweep.cells.next()) {
      const cell = next.value
      if (cell.generation < sweep.generation) {
        this.#sweepOne(cell.key, cell, sweep.version)
        seen |= 255
      }
      if ((++seen & 255) === 0 && shouldYield()) return true
    }
    this.#sweep = undefined
    this.#inBracket = false
    this.#hasSynced = true
    this.#listedGeneration = sweep.generation
    this.#sink.listCompleted()
    return false
  }

  /** All of a batch is applied. Tombstones at or below can never be needed again. */
  adoptSafeVersion(text: string, version: ResourceVersion): void {
    this.#safeVersion = text
    if (version > this.#knownVersion) this.#knownVersion = version
    this.tombstones.prune(version)
  }

  #sweepOne(key: string, cell: Cell, version: ResourceVersion): void {
    if (this.isComparable(key, cell) && versionAt(cell.slab.bytes, cell.offset) > version) {
      // Newer than the list's start: the watch told of it, and will tell of its end.
      this.#onRule?.('main: sweep spared by version')
      return
    }
    this.#onRule?.('main: sweep')
    this.counters.foundByList++
    this.#remove(key, cell)
    this.tombstones.raise(key, version)
    this.#sink.deleted(key, cell, cell, true, 'list', 0)
    this.#uncache(cell)
  }

  /** Versions mean something only against entries stamped since the last reset. */
  isComparable(key: string, cell: Cell): boolean {
    if (cell.generation < this.resetGeneration) return false
    return this.#keptFromBefore.size === 0 || !this.#keptFromBefore.has(key)
  }

  #isStale(old: Cell, version: ResourceVersion, sameObject: boolean, bytes: Buffer, offset: number): boolean {
    if (version <= versionAt(old.slab.bytes, old.offset)) return true
    // Versions without an order: only the very same one is known to be no news.
    return Number.isNaN(version) && sameObject && sameVersionText(old.slab.bytes, old.offset, bytes, offset)
  }

  #add(key: string, cell: Cell, cause: ChangeCause, receivedAtMs: number): void {
    this.#cells.add(key, cell)
    this.#stamps.entered(cell)
    this.indices.added(key, cell)
    this.#sink.added(key, cell, cause, receivedAtMs)
  }

  #remove(key: string, cell: Cell): void {
    this.#cells.delete(cell)
    this.#stamps.left(cell)
    this.#keptFromBefore.delete(key)
    this.indices.removed(key, cell)
  }

  #uncache(cell: Cell): void {
    this.#memo.forget(cell)
    this.store.uncache(cell)
  }

  #drop(rule: IndexerRule): void {
    this.counters.droppedStale++
    this.#onRule?.(rule)
  }
}
