/**
 * Slabs of records, addressed through cells that move with their record. The worker's delta queue and main's cache
 * share this: both hold many records of which any may die at any time, and both must not let one live record pin a slab.
 */

/** One record's place. The bytes may move (compaction), the cell does not: hold cells, never offsets. */
export class VersionCell<E = unknown> {
  // What a scan needs of each comes first: it lies in one line of a processor's cache.
  slab: Slab<E>
  offset: number
  /** Main only, written by the table of what is cached: its place there (-1: it is not there any more), and its key. */
  position = -1
  key = ''
  /** List generation that last confirmed this version. */
  generation: number
  length: number
  /** Holders besides `cached`: queued changes, calls in progress. */
  uses = 0
  /** Held by the cache (or, in a worker, by the queue). Not cached and uses > 0: pinned. */
  cached = true
  /** The object made from the record, while somebody who uses the cell has asked for it; never while uses is 0. */
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
  /** Every cell placed here; those whose `slab` is another by now, or that died, stay until the slab goes. */
  cells: VersionCell<E>[] = []
  usedBytes = 0
  liveBytes = 0
  /** Takes no more records; only then may it be compacted or freed. */
  sealed = false
  /** In the compaction queue already. */
  draining = false

  constructor(bytes: Buffer, epoch: E) {
    this.bytes = bytes
    this.epoch = epoch
  }
}

/** Bounds: slabs hold at most about twice the live bytes plus one slab per epoch; spare slabs kept: `spareCountMax`. */
export class RecordStore<E> {
  readonly #slabBytes: number
  readonly #spare: Buffer[] = []
  readonly #compaction: Slab<E>[] = []
  /** Slabs alive, by epoch in order of appearance: an epoch's dictionaries live as long as a slab of it. */
  readonly slabsByEpoch: Map<E, Set<Slab<E>>> = new Map()
  #current: Slab<E> | undefined
  /** Where dead cells lie. Nobody reads them: it has no epoch. */
  readonly #nowhere = new Slab<E>(Buffer.alloc(0), undefined as E)
  /** Bytes of all slabs held, spare ones included. */
  slabBytes = 0
  /** Bytes of records cached or in use. */
  liveBytes = 0
  /** Bytes of records in use though no longer cached: what slow listeners cost. */
  pinnedBytes = 0
  movedBytes = 0

  constructor(options: { readonly slabBytes: number }) {
    this.#slabBytes = options.slabBytes
  }

  /** Room for `bytesMax` bytes at the tail of a slab of `epoch`: write there, then {@link commit}. Nothing may be reserved between. */
  reserve(epoch: E, bytesMax: number): Slab<E> {
    const current = this.#current
    if (
      current !== undefined &&
      current.epoch === epoch &&
      current.bytes.length - current.usedBytes >= bytesMax
    ) {
      return current
    }
    this.#retire(current)
    const bytes = this.#allocate(bytesMax)
    this.#current = this.#track(new Slab(bytes, epoch))
    return this.#current
  }

  /** The `length` bytes written at the reserved tail become a record. */
  commit(slab: Slab<E>, length: number, generation: number): VersionCell<E> {
    const cell = new VersionCell(slab, slab.usedBytes, length, generation)
    slab.usedBytes += length
    this.#place(cell)
    return cell
  }

  /** Takes over a whole buffer (a large batch) as a slab; its records are then {@link adopt}ed. */
  addSlab(bytes: Buffer, epoch: E): Slab<E> {
    const slab = new Slab(bytes, epoch)
    slab.usedBytes = bytes.length
    this.slabBytes += bytes.length
    return this.#track(slab)
  }

  adopt(slab: Slab<E>, offset: number, length: number, generation: number): VersionCell<E> {
    const cell = new VersionCell(slab, offset, length, generation)
    this.#place(cell)
    return cell
  }

  /** An adopted slab got all its records; without this one that holds none would never be freed. */
  sealSlab(slab: Slab<E>): void {
    slab.sealed = true
    this.#shrink(slab, 0)
  }

  /** Instead of {@link sealSlab}: true if nothing in the adopted slab lives. Its buffer is then the caller's again. */
  reclaim(slab: Slab<E>): boolean {
    if (slab.liveBytes > 0) {
      this.sealSlab(slab)
      return false
    }
    this.#untrack(slab)
    this.slabBytes -= slab.bytes.length
    return true
  }

  copy(epoch: E, source: Buffer, offset: number, length: number, generation: number): VersionCell<E> {
    const slab = this.reserve(epoch, length)
    source.copy(slab.bytes, slab.usedBytes, offset, offset + length)
    return this.commit(slab, length, generation)
  }

  use(cell: VersionCell<E>): void {
    if (cell.uses++ === 0 && !cell.cached) this.pinnedBytes += cell.length
  }

  /** The last holder gone: the object made for them goes, and the record too unless it is cached. */
  release(cell: VersionCell<E>): void {
    if (--cell.uses > 0) return
    cell.object = undefined
    if (cell.cached) return
    this.pinnedBytes -= cell.length
    this.#kill(cell)
  }

  /** The cache lets go of it. */
  uncache(cell: VersionCell<E>): void {
    cell.cached = false
    if (cell.uses > 0) this.pinnedBytes += cell.length
    else this.#kill(cell)
  }

  /** Slabs below half alive wait here; see {@link compact}. */
  get compactionPending(): boolean {
    return this.#compaction.length > 0
  }

  /** Copies live records out of drained slabs until about `bytesMax` are moved; returns whether more is to do. */
  compact(bytesMax: number): boolean {
    let moved = 0
    while (this.#compaction.length > 0) {
      // First in, first out: moving records may retire the current slab and append it here meanwhile.
      const slab = this.#compaction[0] as Slab<E>
      let cell: VersionCell<E> | undefined
      while (moved < bytesMax && (cell = slab.cells.pop()) !== undefined) {
        if (cell.slab === slab && (cell.cached || cell.uses > 0)) {
          this.#move(cell, slab)
          moved += cell.length
        }
      }
      if (slab.cells.length > 0) return true
      this.#compaction.shift()
      this.#free(slab)
    }
    return false
  }

  /**
   * Moves a slab's live records to `epoch`, each as `rewrite` writes it anew, about `bytesMax` of them, and frees the
   * slab after the last. So the last records of an old epoch let go of its dictionaries.
   */
  rewriteSlab(slab: Slab<E>, epoch: E, rewrite: (cell: VersionCell<E>) => Buffer, bytesMax: number): void {
    let rewritten = 0
    while (rewritten < bytesMax) {
      const cell = slab.cells.pop()
      if (cell === undefined) {
        if (slab.draining) this.#compaction.splice(this.#compaction.indexOf(slab), 1)
        this.#free(slab)
        return
      }
      if (cell.slab !== slab || !(cell.cached || cell.uses > 0)) continue
      const bytes = rewrite(cell)
      const to = this.reserve(epoch, bytes.length)
      bytes.copy(to.bytes, to.usedBytes)
      const growth = bytes.length - cell.length
      slab.liveBytes -= cell.length
      this.liveBytes += growth
      if (!cell.cached) this.pinnedBytes += growth
      cell.slab = to
      cell.offset = to.usedBytes
      cell.length = bytes.length
      to.usedBytes += bytes.length
      to.liveBytes += bytes.length
      to.cells.push(cell)
      rewritten += bytes.length
    }
  }

  #move(cell: VersionCell<E>, from: Slab<E>): void {
    const to = this.reserve(from.epoch, cell.length)
    from.bytes.copy(to.bytes, to.usedBytes, cell.offset, cell.offset + cell.length)
    cell.slab = to
    cell.offset = to.usedBytes
    to.usedBytes += cell.length
    to.liveBytes += cell.length
    to.cells.push(cell)
    from.liveBytes -= cell.length
    this.movedBytes += cell.length
  }

  #place(cell: VersionCell<E>): void {
    cell.slab.cells.push(cell)
    cell.slab.liveBytes += cell.length
    this.liveBytes += cell.length
  }

  #kill(cell: VersionCell<E>): void {
    this.liveBytes -= cell.length
    const { slab } = cell
    // A dead cell may be held for long, by an iteration that stands still: it must not hold a slab and its dictionaries.
    cell.slab = this.#nowhere
    this.#shrink(slab, cell.length)
  }

  #shrink(slab: Slab<E>, bytes: number): void {
    slab.liveBytes -= bytes
    if (!slab.sealed) return
    if (slab.liveBytes === 0) {
      // Nothing left to move: it must not wait for a compaction that may have nothing else to do.
      if (slab.draining) this.#compaction.splice(this.#compaction.indexOf(slab), 1)
      this.#free(slab)
    } else if (slab.draining) return
    else if (slab.liveBytes * 2 < slab.usedBytes) {
      slab.draining = true
      this.#compaction.push(slab)
    }
  }

  #retire(slab: Slab<E> | undefined): void {
    this.#current = undefined
    if (slab !== undefined) this.sealSlab(slab)
  }

  #track(slab: Slab<E>): Slab<E> {
    const slabs = this.slabsByEpoch.get(slab.epoch)
    if (slabs === undefined) this.slabsByEpoch.set(slab.epoch, new Set([slab]))
    else slabs.add(slab)
    return slab
  }

  #allocate(bytesMax: number): Buffer {
    for (let i = this.#spare.length - 1; i >= 0; i--) {
      if ((this.#spare[i] as Buffer).length >= bytesMax) return this.#spare.splice(i, 1)[0] as Buffer
    }
    const bytes = Math.max(this.#slabBytes, bytesMax)
    this.slabBytes += bytes
    // Not pooled: a slab is its own ArrayBuffer, so that freeing it frees memory.
    return Buffer.allocUnsafeSlow(bytes)
  }

  #free(slab: Slab<E>): void {
    this.#untrack(slab)
    const { length } = slab.bytes
    // An adopted one, too: fresh memory would cost more than writing into it, and this one waits for a collection.
    const isSpare = length <= this.#slabBytes && length * spareShare >= this.#slabBytes
    if (isSpare && this.#spare.length < spareCountMax) this.#spare.push(slab.bytes)
    else this.slabBytes -= length
  }

  #untrack(slab: Slab<E>): void {
    slab.cells = []
    const slabs = this.slabsByEpoch.get(slab.epoch)
    slabs?.delete(slab)
    if (slabs?.size === 0) this.slabsByEpoch.delete(slab.epoch)
  }
}

const spareCountMax = 4
/** A spare slab has at least this part of the bytes of a new one: smaller ones would be full soon. */
const spareShare = 4
