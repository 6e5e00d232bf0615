import type { CacheEpoch } from '../indexer/cache-epoch.ts'
import type { VersionCell } from '../protocol/record-store.ts'
import { chunkBytes, chunkKinds, rowBytes, writeChunkHead } from './snapshot-format.ts'

/** Longest UTF-8 of one UTF-16 unit. */
const utf8BytesMax = 3

/** Records of one dictionary epoch on their way to a file; about a MiB, more only for the sake of one large record. */
export class RecordChunk {
  readonly epoch: number
  #rows: Buffer = Buffer.allocUnsafeSlow(1024 * rowBytes)
  #keys: Buffer = Buffer.allocUnsafeSlow(64 * 1024)
  #records: Buffer = Buffer.allocUnsafeSlow(chunkBytes)
  #rowCount = 0
  #keysEnd = 0
  #recordsEnd = 0

  constructor(epoch: number) {
    this.epoch = epoch
  }

  get rowCount(): number {
    return this.#rowCount
  }

  /** Copies the record as it lies now. Returns whether the chunk should be written before the next one. */
  add(cell: VersionCell<CacheEpoch>): boolean {
    const { key, slab, offset, length } = cell
    this.#rows = withRoom(this.#rows, this.#rowCount * rowBytes, rowBytes)
    this.#keys = withRoom(this.#keys, this.#keysEnd, key.length * utf8BytesMax)
    this.#records = withRoom(this.#records, this.#recordsEnd, length)
    const keyBytes = this.#keys.write(key, this.#keysEnd)
    slab.bytes.copy(this.#records, this.#recordsEnd, offset, offset + length)
    this.#rows.writeUInt32LE(keyBytes, this.#rowCount * rowBytes)
    this.#rows.writeUInt32LE(length, this.#rowCount * rowBytes + 4)
    this.#rowCount++
    this.#keysEnd += keyBytes
    this.#recordsEnd += length
    return this.#recordsEnd >= (chunkBytes / 16) * 15
  }

  /** Valid until the next {@link add}, which begins anew. */
  take(): readonly Buffer[] {
    const rows = this.#rowCount
    const head = writeChunkHead({
      kind: chunkKinds.records,
      epoch: this.epoch,
      rows,
      keyBytes: this.#keysEnd,
      bytes: this.#recordsEnd,
    })
    const parts = [
      head,
      this.#rows.subarray(0, rows * rowBytes),
      this.#keys.subarray(0, this.#keysEnd),
      this.#records.subarray(0, this.#recordsEnd),
    ]
    this.#rowCount = this.#keysEnd = this.#recordsEnd = 0
    return parts
  }
}

function withRoom(buffer: Buffer, used: number, bytes: number): Buffer {
  if (used + bytes <= buffer.length) return buffer
  const grown = Buffer.allocUnsafeSlow(Math.max(buffer.length, used) * 2 + bytes)
  buffer.copy(grown, 0, 0, used)
  return grown
}
