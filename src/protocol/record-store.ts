/** Slabs of records, addressed through cells that move with their record: the worker's queue and main's cache share it. */

/** One record's place. Whoever holds a cell holds it through `uses`; the bytes may move, the cell does not. */
export class VersionCell<E = unknown> {
  slab: Slab<E>
  offset: number
  length: number
  /** List generation that last confirmed this version (design §4). */
  generation: number
  /** Holders besides the cache: queued changes, memo, calls in progress. */
  uses = 0
  /** Whether the cache (or the queue) holds it. Not cached and uses > 0: pinned. */
  cached = true
  /** The frozen object while somebody uses it (uses > 0); see {@link RecordStore.release}. */
  object: unknown = undefined

  constructor(slab: Slab<E>, offset: number, length: number, generation: number) {
    this.slab = slab
    this.offset = offset
    this.length = length
    this.generation = generation
  }
}

export class Slab<E = unknown> {
  readonly bytes: Buffer
  /** Dictionary epoch of every record in here; compaction never crosses it. */
  readonly epoch: E
  /** Every cell that was placed here, in offset order; dead ones stay until compaction or reset. */
  readonly cells: VersionCell<E>[] = []
  usedBytes = 0
  liveBytes = 0
  /** Queued for compaction already. */
  draining = false

  constructor(bytes: Buffer, epoch: E) {
    this.bytes = bytes
    this.epoch = epoch
  }
}
