import { Packr } from 'msgpackr'
import {
  type BatchExtras,
  type BatchMarker,
  batchMagic,
  batchPrefixBytes,
  rowFields,
  rowFloats,
  rowFromList,
} from '../src/protocol/batch-format.ts'
import type { VersionCell } from '../src/protocol/record-store.ts'
import type { ResourceVersion } from '../src/protocol/resource-version.ts'
import { type DeltaQueue, type QueueEntry, QueueMarker } from './delta-queue.ts'

/** What the writer needs of a dictionary epoch (transcode/): both lists only grow. */
export interface WriterEpoch {
  readonly number: number
  readonly structures: readonly (readonly string[])[]
  readonly values: readonly string[]
}

export interface BatchWriterOptions {
  readonly incarnation: number
  readonly batchBytes?: number
  readonly rowCountMax?: number
}

/** A batch ends once its records reach this; above main's threshold for keeping a batch's buffer as a slab. */
export const targetBatchBytes: number = 320 * 1024

/** Buffers for small batches: in four steps from one power of two to the next, so that one that came back fits the next. */
const pooledBytesMin = 16 * 1024
const pooledBytesMax = 256 * 1024
const pooledCountMax = 8
/** Times the bytes that are needed. */
const pooledWasteMax = 1.5
/** Larger ones come back while a list brings nothing new: all its batches are about as large. */
const largeBytesMax = 2 * targetBatchBytes
const largeStepBytes = 64 * 1024
const largeCountMax = 8

const noBytes = new Uint8Array(0)

/**
 * Turns the head of a {@link DeltaQueue} into batches. Each batch belongs to one dictionary epoch and carries the
 * additions its records need; dictionaries must only grow between calls. The ArrayBuffer is the caller's to transfer.
 */
export class BatchWriter<E extends WriterEpoch> {
  readonly #queue: DeltaQueue<E>
  readonly #incarnation: number
  readonly #batchBytes: number
  readonly #rowCountMax: number
  readonly #packr = new Packr({ useRecords: false })
  readonly #pool: ArrayBuffer[] = []
  /** Empty but while a list is sent. */
  readonly #largePool: ArrayBuffer[] = []
  #isListing = false
  readonly #entries: QueueEntry<E>[] = []
  #epoch: E | undefined
  #structuresSent = 0
  #valuesSent = 0
  #lastSafe: ResourceVersion | undefined

  constructor(queue: DeltaQueue<E>, options: BatchWriterOptions) {
    this.#queue = queue
    this.#incarnation = options.incarnation
    this.#batchBytes = options.batchBytes ?? targetBatchBytes
    this.#rowCountMax = options.rowCountMax ?? 4096
  }

  /** The buffer of a batch that main kept nothing of came back with the credit. */
  recycle(buffer: ArrayBuffer): void {
    const bytes = buffer.byteLength
    if (bytes < pooledBytesMin || bytes > largeBytesMax) return
    if (bytes <= pooledBytesMax) {
      this.#pool.push(buffer)
      // The oldest goes: sizes follow the rate of changes.
      if (this.#pool.length > pooledCountMax) this.#pool.shift()
    } else if (this.#isListing && this.#largePool.length < largeCountMax) this.#largePool.push(buffer)
  }

  /** The next batch, or undefined when there is nothing new to tell (no delta, no marker, the same safe version). */
  write(): ArrayBuffer | undefined {
    const markers: BatchMarker[] = []
    const epoch = this.#collect(markers)
    const { safeVersion } = this.#queue
    const safe = Number.isNaN(safeVersion) ? undefined : safeVersion
    if (
      this.#entries.length === 0 &&
      markers.length === 0 &&
      (safe === undefined || safe === this.#lastSafe)
    ) {
      return undefined
    }
    this.#lastSafe = safe
    return this.#encode(markers, epoch, safe)
  }

  #list(marker: BatchMarker['kind']): void {
    if (marker === 'stamp') return
    this.#isListing = marker === 'start'
    if (!this.#isListing) this.#largePool.length = 0
  }

  /** Moves entries of one epoch from the queue's head to `#entries`. */
  #collect(markers: BatchMarker[]): E | undefined {
    const queue = this.#queue
    let epoch: E | undefined
    let bytes = 0
    for (let head = queue.head; head !== undefined; head = queue.head) {
      if (head instanceof QueueMarker) {
        markers.push({
          row: this.#entries.length,
          kind: head.marker,
          generation: head.generation,
          ...(head.marker === 'end' && { version: String(head.version) }),
          ...(head.knownVersion > head.version && { knownVersion: String(head.knownVersion) }),
          ...(head.reset && { reset: true }),
          ...(head.marker === 'stamp' && { key: head.key }),
        })
        this.#list(head.marker)
        queue.shift()
        continue
      }
      if (bytes >= this.#batchBytes || this.#entries.length >= this.#rowCountMax) break
      const goneEpoch = head.gone?.slab.epoch
      const hereEpoch = head.here?.slab.epoch
      // An entry across two epochs: its halves cannot share a batch, so main must judge `gone` by its own version.
      if (goneEpoch !== undefined && hereEpoch !== undefined && goneEpoch !== hereEpoch) {
        if (epoch !== undefined && epoch !== goneEpoch) break
        this.#entries.push(queue.splitGone())
        return goneEpoch
      }
      const own = goneEpoch ?? hereEpoch
      if (epoch !== undefined && own !== epoch) break
      epoch = own
      bytes += (head.gone?.length ?? 0) + (head.here?.length ?? 0)
      this.#entries.push(head)
      queue.shift()
    }
    return epoch
  }

  #encode(markers: BatchMarker[], epoch: E | undefined, safe: ResourceVersion | undefined): ArrayBuffer {
    const entries = this.#entries
    this.#enter(epoch)
    const current = this.#epoch
    const structuresFrom = this.#structuresSent
    const valuesFrom = this.#valuesSent
    const extras = this.#extras(markers, safe)
    let keyBytes = 0
    let recordBytes = 0
    for (const entry of entries) {
      keyBytes += Buffer.byteLength(entry.key)
      recordBytes += (entry.gone?.length ?? 0) + (entry.here?.length ?? 0)
    }
    const rowsOffset = (batchPrefixBytes + extras.length + 7) & ~7
    const keysOffset = rowsOffset + entries.length * rowFloats * 8
    const recordsOffset = keysOffset + keyBytes
    const usedBytes = recordsOffset + recordBytes
    const buffer = this.#allocate(usedBytes)
    const bytes = Buffer.from(buffer)
    const prefix = new Uint32Array(buffer, 0, 6)
    prefix[0] = batchMagic
    prefix[1] = extras.length
    prefix[2] = entries.length
    prefix[3] = keysOffset
    prefix[4] = recordsOffset
    prefix[5] = usedBytes
    const numbers = new Float64Array(buffer, 24, 5)
    numbers[0] = this.#incarnation
    numbers[1] = current?.number ?? -1
    numbers[2] = structuresFrom
    numbers[3] = valuesFrom
    numbers[4] = typeof safe === 'number' ? safe : Number.NaN
    bytes.set(extras, batchPrefixBytes)
    this.#writeRows(
      bytes,
      new Float64Array(buffer, rowsOffset, entries.length * rowFloats),
      keysOffset,
      recordsOffset,
    )
    entries.length = 0
    return buffer
  }

  #writeRows(bytes: Buffer, rows: Float64Array, keysOffset: number, recordsOffset: number): void {
    // A buffer that came back holds its last batch: a row without `gone` would inherit that one's.
    rows.fill(0)
    let row = 0
    let keyAt = keysOffset
    let at = 0
    for (const entry of this.#entries) {
      const keyBytes = bytes.write(entry.key, keyAt)
      keyAt += keyBytes
      rows[row + rowFields.keyBytes] = keyBytes
      rows[row + rowFields.generation] = entry.generation
      rows[row + rowFields.receivedAtMs] = entry.receivedAtMs
      rows[row + rowFields.flags] = entry.fromList ? rowFromList : 0
      if (entry.gone !== undefined) {
        const version = entry.goneCountsAt
        rows[row + rowFields.goneVersion] = typeof version === 'bigint' ? Number.NaN : version
        rows[row + rowFields.goneOffset] = at
        rows[row + rowFields.goneBytes] = entry.gone.length
        at = this.#move(entry.gone, bytes, recordsOffset, at)
      }
      if (entry.here !== undefined) {
        rows[row + rowFields.hereOffset] = at
        rows[row + rowFields.hereBytes] = entry.here.length
        at = this.#move(entry.here, bytes, recordsOffset, at)
      }
      row += rowFloats
    }
  }

  #move(cell: VersionCell<E>, bytes: Buffer, recordsOffset: number, at: number): number {
    cell.slab.bytes.copy(bytes, recordsOffset + at, cell.offset, cell.offset + cell.length)
    this.#queue.store.uncache(cell)
    return at + cell.length
  }

  /** A new dictionary epoch begins with nothing sent. */
  #enter(epoch: E | undefined): void {
    if (epoch === undefined || epoch === this.#epoch) return
    this.#epoch = epoch
    this.#structuresSent = 0
    this.#valuesSent = 0
  }

  #extras(markers: BatchMarker[], safe: ResourceVersion | undefined): Uint8Array {
    const structures = this.#epoch?.structures.slice(this.#structuresSent) ?? []
    const values = this.#epoch?.values.slice(this.#valuesSent) ?? []
    this.#structuresSent += structures.length
    this.#valuesSent += values.length
    const versions: [number, string][] = []
    for (let row = 0; row < this.#entries.length; row++) {
      const entry = this.#entries[row] as QueueEntry<E>
      if (entry.gone !== undefined && typeof entry.goneCountsAt === 'bigint') {
        versions.push([row, String(entry.goneCountsAt)])
      }
    }
    const hasLargeSafe = typeof safe === 'bigint'
    if (structures.length + values.length + markers.length + versions.length === 0 && !hasLargeSafe) {
      return noBytes
    }
    return this.#packr.pack({
      ...{ structures, values, markers },
      ...(hasLargeSafe && { safe: String(safe) }),
      ...(versions.length > 0 && { versions }),
    } satisfies BatchExtras)
  }

  #allocate(bytes: number): ArrayBuffer {
    if (bytes > largeBytesMax) return new ArrayBuffer((bytes + 7) & ~7)
    const isSmall = bytes <= pooledBytesMax
    const pool = isSmall ? this.#pool : this.#largePool
    // None that is much too large: until it comes back it counts whole, in the window and in the memory bound.
    const bytesMax = Math.max(pooledBytesMin, bytes * pooledWasteMax)
    for (let i = pool.length - 1; i >= 0; i--) {
      const { byteLength } = pool[i] as ArrayBuffer
      if (byteLength >= bytes && byteLength <= bytesMax) return pool.splice(i, 1)[0] as ArrayBuffer
    }
    if (isSmall) {
      const stepBytes = Math.max(pooledBytesMin, 2 ** Math.floor(Math.log2(bytes))) / 4
      return new ArrayBuffer(Math.max(pooledBytesMin, Math.ceil(bytes / stepBytes) * stepBytes))
    }
    return new ArrayBuffer(Math.ceil(bytes / largeStepBytes) * largeStepBytes)
  }
}
