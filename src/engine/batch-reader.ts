import type { Pump } from '../base/slicer.ts'
import { KubeInformerError } from '../errors.ts'
import { CacheEpoch } from '../indexer/cache-epoch.ts'
import type { Indexer } from '../indexer/indexer.ts'
import type { IncomingRecords } from '../indexer/indexer-options.ts'
import type { BatchMarker } from '../protocol/batch-format.ts'
import type { Slab, VersionCell } from '../protocol/record-store.ts'
import { parseResourceVersion } from '../protocol/resource-version.ts'
import { Batch } from './batch.ts'

/** Batches of at least this many record bytes become slabs as they are; smaller ones are copied into main's slab. */
const slabBytesMin = 256 * 1024
/** Bytes moved by compaction, or written anew, between two looks at the clock. */
const compactionStepBytes = 64 * 1024

/** Rows that are looked for together. */
const lookAheadRows = 32

export interface BatchReaderOptions {
  readonly indexer: Indexer
  readonly nowMs: () => number
  /** `bytes` of batches are done with; `buffer` may be used again by the worker. Called inside a slice, never from a message handler. */
  readonly onCredit: (bytes: number, buffer: ArrayBuffer | undefined) => void
  /** A batch does not fit: this incarnation must be restarted, nothing more of it is applied. */
  readonly onMismatch: (error: KubeInformerError) => void
  /** After each applied batch. */
  readonly onApplied: () => void
  /**
   * Asked before each row: true, and nothing more is applied, and no credit given for it, until the pump is woken after
   * it was false again. Left out: never.
   */
  readonly isHolding?: () => boolean
}

/**
 * Applies batches of one watch to the indexer, row by row, within the slicer's deadline.
 *
 * Batches wait here at most as many as the credit window allows. Those of a dead incarnation are dropped by
 * {@link begin}; a sweep that has begun is always finished first.
 */
export class BatchReader implements Pump, IncomingRecords {
  readonly #options: BatchReaderOptions
  readonly #indexer: Indexer
  readonly #queue: ArrayBuffer[] = []
  #queueHead = 0
  #batch: Batch | undefined
  #marker = 0
  /** Of the current row and some after it; one array for all, of hundreds a second each would be garbage. */
  readonly #keys: string[] = []
  readonly #keyStarts = new Int32Array(lookAheadRows + 1)
  #keyAt = 0
  #keyCount = 0
  #slab: Slab<CacheEpoch> | undefined
  #incarnation = -1
  /** Rows between two looks at the clock. */
  readonly #rowMask: number
  /** Bytes received and not applied yet. */
  pendingBytes = 0
  epoch: CacheEpoch = new CacheEpoch(-1, -1)
  bytes: Buffer = Buffer.alloc(0)

  constructor(options: BatchReaderOptions) {
    this.#options = options
    this.#indexer = options.indexer
    this.#rowMask = options.isHolding === undefined ? 3 : 0
  }

  /** A new incarnation starts: what its predecessor sent and was not applied yet is not applied any more. */
  begin(incarnation: number): void {
    this.#incarnation = incarnation
    this.#queue.length = 0
    this.#queueHead = 0
    this.#batch = undefined
    if (this.#slab !== undefined) this.#indexer.store.sealSlab(this.#slab)
    this.#slab = undefined
    this.pendingBytes = 0
    this.epoch = new CacheEpoch(incarnation, -1)
  }

  push(incarnation: number, buffer: ArrayBuffer): void {
    if (incarnation !== this.#incarnation) return
    this.#queue.push(buffer)
    this.pendingBytes += buffer.byteLength
  }

  pump(deadlineMs: number): boolean {
    const { nowMs, isHolding } = this.#options
    if (isHolding === undefined) return this.#pump(() => nowMs() >= deadlineMs)
    if (isHolding()) return false
    return this.#pump(() => isHolding() || nowMs() >= deadlineMs) && !isHolding()
  }

  #pump(late: () => boolean): boolean {
    if (this.#indexer.sweep(late)) return true
    for (;;) {
      this.#batch ??= this.#open()
      if (this.#batch === undefined) return this.#compact(late)
      const batch = this.#batch
      if (!this.#applyRows(batch, late)) return true
      if (this.#batch !== batch) return false
      // Not before everything of it is applied, sweep included: the safe version promises all of it.
      this.#finish(batch)
      if (late()) return true
    }
  }

  place(offset: number, length: number, generation: number): VersionCell<CacheEpoch> {
    const store = this.#indexer.store
    if (this.#slab !== undefined) return store.adopt(this.#slab, offset, length, generation)
    return store.copy(this.epoch, this.bytes, offset, length, generation)
  }

  #open(): Batch | undefined {
    while (this.#queueHead < this.#queue.length) {
      const buffer = this.#queue[this.#queueHead++] as ArrayBuffer
      if (this.#queueHead === this.#queue.length) {
        this.#queue.length = 0
        this.#queueHead = 0
      }
      try {
        const batch = new Batch(buffer)
        this.#extendEpoch(batch)
        this.#marker = 0
        this.bytes = batch.bytes
        this.#keyAt = this.#keyCount = 0
        this.#slab =
          batch.recordBytes >= slabBytesMin ? this.#indexer.store.addSlab(batch.bytes, this.epoch) : undefined
        return batch
      } catch (error) {
        // Dictionaries out of step give wrong fields silently; so this watch starts anew, and nothing more is read.
        this.begin(-1)
        this.#options.onMismatch(
          error instanceof KubeInformerError
            ? error
            : new KubeInformerError('ERR_RECORD_FORMAT', 'a batch cannot be read', { cause: error }),
        )
      }
    }
    return undefined
  }

  #extendEpoch(batch: Batch): void {
    const { header } = batch
    if (header.epoch !== this.epoch.number) {
      if (header.structuresFrom !== 0 || header.valuesFrom !== 0) {
        throw new KubeInformerError(
          'ERR_RECORD_FORMAT',
          `dictionary epoch ${header.epoch} does not begin at 0`,
        )
      }
      this.epoch = new CacheEpoch(this.#incarnation, header.epoch)
    }
    const { reader } = this.epoch
    if (
      header.incarnation !== this.#incarnation ||
      header.structuresFrom !== reader.structures.length ||
      header.valuesFrom !== reader.values.length
    ) {
      throw new KubeInformerError('ERR_RECORD_FORMAT', 'a batch continues other dictionaries than main has')
    }
    reader.extend(header.structures, header.values)
  }

  /** Returns false when time was up before the end; true also when the batch was given up by {@link begin}. */
  #applyRows(batch: Batch, late: () => boolean): boolean {
    const { markers } = batch.header
    for (;;) {
      while (this.#marker < markers.length && (markers[this.#marker] as BatchMarker).row === batch.row) {
        this.#applyMarker(markers[this.#marker++] as BatchMarker)
        if (this.#indexer.sweep(late)) return false
      }
      if (batch.row >= batch.rowCount) return true
      this.#applyRow(batch)
      // A user's index function stopped the informer: what is left would be read with other dictionaries.
      if (this.#batch !== batch) return true
      batch.row++
      if ((batch.row & this.#rowMask) === 0 && late()) return false
    }
  }

  #applyRow(batch: Batch): void {
    if (this.#keyAt === this.#keyCount) this.#lookAhead(batch)
    const key = this.#keys[this.#keyAt++] as string
    const generation = batch.generation
    const cause = batch.isFromList ? 'list' : 'watch'
    const goneBytes = batch.goneBytes
    if (goneBytes > 0) {
      this.#indexer.applyDeleted(
        key,
        this,
        batch.goneOffset,
        goneBytes,
        batch.goneVersion,
        generation,
        cause,
        batch.receivedAtMs,
      )
    }
    const hereBytes = batch.hereBytes
    if (hereBytes > 0) {
      this.#indexer.applyUpsert(key, this, batch.hereOffset, hereBytes, generation, cause, batch.receivedAtMs)
    }
  }

  #lookAhead(batch: Batch): void {
    this.#keyAt = 0
    this.#keyCount = batch.readKeys(this.#keyStarts)
    this.#indexer.lookAhead(batch.bytes, this.#keyStarts, this.#keyCount, this.#keys)
  }

  #applyMarker(marker: BatchMarker): void {
    const indexer = this.#indexer
    if (marker.kind === 'start') indexer.listStart(marker.generation, marker.reset === true)
    else if (marker.kind === 'abort') indexer.listAbort()
    else if (marker.kind === 'stamp') indexer.stamp(marker.key ?? '', marker.generation)
    else {
      const { generation, version = '', knownVersion = version } = marker
      indexer.listEnd(generation, parseResourceVersion(version), parseResourceVersion(knownVersion))
    }
  }

  #finish(batch: Batch): void {
    const { safe } = batch.header
    if (safe !== undefined) this.#indexer.adoptSafeVersion(safe, parseResourceVersion(safe))
    // Of a list that brings nothing new, hardly any batch is kept.
    const kept = this.#slab !== undefined && !this.#indexer.store.reclaim(this.#slab)
    this.#slab = undefined
    this.#batch = undefined
    this.pendingBytes -= batch.buffer.byteLength
    this.#options.onCredit(batch.buffer.byteLength, kept ? undefined : batch.buffer)
    this.#options.onApplied()
  }

  #compact(late: () => boolean): boolean {
    const { store } = this.#indexer
    while (store.compactionPending) {
      store.compact(compactionStepBytes)
      if (late()) return store.compactionPending
    }
    while (this.#indexer.thinning.step(compactionStepBytes)) {
      if (late()) return true
    }
    return false
  }
}
