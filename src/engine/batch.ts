import { Unpackr } from 'msgpackr'
import { KubeInformerError } from '../errors.ts'
import {
  type BatchExtras,
  type BatchHeader,
  batchMagic,
  batchPrefixBytes,
  noExtras,
  rowFields,
  rowFloats,
  rowFromList,
} from '../protocol/batch-format.ts'
import { parseResourceVersion, type ResourceVersion } from '../protocol/resource-version.ts'

const unpackr = new Unpackr({ useRecords: false })
const noPrefix = new Uint32Array(6)

/** One batch, opened for reading row by row. Twin of workers/batch-writer.ts. Throws ERR_RECORD_FORMAT on a foreign buffer. */
export class Batch {
  readonly buffer: ArrayBuffer
  readonly bytes: Buffer
  readonly header: BatchHeader
  readonly rowCount: number
  readonly recordsOffset: number
  readonly recordBytes: number
  /** Of the whole buffer up to the keys, in eights of bytes; rows begin at `#rowsFrom`. */
  readonly #numbers: Float64Array
  readonly #rowsFrom: number
  #keyAt: number
  row = 0

  constructor(buffer: ArrayBuffer) {
    this.buffer = buffer
    this.bytes = Buffer.from(buffer)
    const prefix = buffer.byteLength >= batchPrefixBytes ? new Uint32Array(buffer, 0, 6) : noPrefix
    // No destructuring: it would iterate, and of small batches there are hundreds a second.
    const extrasBytes = prefix[1] as number
    const rowCount = prefix[2] as number
    const keysOffset = prefix[3] as number
    const recordsOffset = prefix[4] as number
    const usedBytes = prefix[5] as number
    if (
      prefix[0] !== batchMagic ||
      usedBytes > buffer.byteLength ||
      recordsOffset > usedBytes ||
      keysOffset > recordsOffset
    ) {
      throw new KubeInformerError('ERR_RECORD_FORMAT', 'a batch has no valid prefix')
    }
    const extrasEnd = batchPrefixBytes + extrasBytes
    const extras: BatchExtras =
      extrasBytes === 0 ? noExtras : unpackr.unpack(this.bytes.subarray(batchPrefixBytes, extrasEnd))
    this.#rowsFrom = (extrasEnd + 7) >>> 3
    const numbers = new Float64Array(buffer, 0, this.#rowsFrom + rowCount * rowFloats)
    this.#numbers = numbers
    const safe = numbers[7] as number
    this.header = {
      ...extras,
      incarnation: numbers[3] as number,
      epoch: numbers[4] as number,
      structuresFrom: numbers[5] as number,
      valuesFrom: numbers[6] as number,
      ...(!Number.isNaN(safe) && { safe: String(safe) }),
    }
    this.rowCount = rowCount
    this.recordsOffset = recordsOffset
    this.recordBytes = usedBytes - recordsOffset
    this.#keyAt = keysOffset
  }

  /**
   * Where the keys of the current row and of those after it lie: of the i-th from `starts[i]` to `starts[i + 1]`. As many
   * as `starts` has room for, or are left; returns how many. To be called once for each row: keys lie back to back, and
   * are read in order.
   */
  readKeys(starts: Int32Array): number {
    const count = Math.min(starts.length - 1, this.rowCount - this.row)
    let at = this.#rowsFrom + this.row * rowFloats + rowFields.keyBytes
    for (let i = 0; i < count; i++) {
      starts[i] = this.#keyAt
      this.#keyAt += this.#numbers[at] as number
      at += rowFloats
    }
    starts[count] = this.#keyAt
    return count
  }

  get generation(): number {
    return this.#field(rowFields.generation)
  }

  get receivedAtMs(): number {
    return this.#field(rowFields.receivedAtMs)
  }

  get isFromList(): boolean {
    return (this.#field(rowFields.flags) & rowFromList) !== 0
  }

  get goneVersion(): ResourceVersion {
    const version = this.#field(rowFields.goneVersion)
    if (!Number.isNaN(version)) return version
    const text = this.header.versions?.find(([row]) => row === this.row)?.[1]
    return text === undefined ? Number.NaN : parseResourceVersion(text)
  }

  get goneBytes(): number {
    return this.#field(rowFields.goneBytes)
  }

  get goneOffset(): number {
    return this.recordsOffset + this.#field(rowFields.goneOffset)
  }

  get hereBytes(): number {
    return this.#field(rowFields.hereBytes)
  }

  get hereOffset(): number {
    return this.recordsOffset + this.#field(rowFields.hereOffset)
  }

  #field(field: number): number {
    return this.#numbers[this.#rowsFrom + this.row * rowFloats + field] as number
  }
}
