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

/** One batch, opened for reading row by row. Twin of workers/batch-writer.ts. Throws ERR_RECORD_FORMAT on a foreign buffer. */
export class Batch {
  readonly buffer: ArrayBuffer
  readonly bytes: Buffer
  readonly header: BatchHeader
  readonly rowCount: number
  readonly recordsOffset: number
  readonly recordBytes: number
  readonly #rows: Float64Array
  #keyAt: number
  /** Row that {@link readKey} gives the key of; keys are read strictly in order. */
  row = 0

  constructor(buffer: ArrayBuffer) {
    this.buffer = buffer
    this.bytes = Buffer.from(buffer)
    const [magic, extrasBytes, rowCount, keysOffset, recordsOffset, usedBytes] =
      buffer.byteLength >= batchPrefixBytes ? new Uint32Array(buffer, 0, 6) : []
    if (
      magic !== batchMagic ||
      extrasBytes === undefined ||
      rowCount === undefined ||
      keysOffset === undefined ||
      recordsOffset === undefined ||
      usedBytes === undefined ||
      usedBytes > buffer.byteLength ||
      recordsOffset > usedBytes ||
      keysOffset > recordsOffset
    ) {
      throw new KubeInformerError('ERR_RECORD_FORMAT', 'a batch has no valid prefix')
    }
    const extrasEnd = batchPrefixBytes + extrasBytes
    const extras: BatchExtras =
      extrasBytes === 0 ? noExtras : unpackr.unpack(this.bytes.subarray(batchPrefixBytes, extrasEnd))
    const [incarnation = -1, epoch = -1, structuresFrom = 0, valuesFrom = 0, safe = Number.NaN] =
      new Float64Array(buffer, 24, 5)
    this.header = {
      ...extras,
      incarnation,
      epoch,
      structuresFrom,
      valuesFrom,
      ...(!Number.isNaN(safe) && { safe: String(safe) }),
    }
    this.rowCount = rowCount
    this.recordsOffset = recordsOffset
    this.recordBytes = usedBytes - recordsOffset
    this.#rows = new Float64Array(buffer, (extrasEnd + 7) & ~7, rowCount * rowFloats)
    this.#keyAt = keysOffset
  }

  /** The key of the current row; call exactly once per row. */
  readKey(): string {
    const end = this.#keyAt + this.#field(rowFields.keyBytes)
    const key = this.bytes.toString('utf8', this.#keyAt, end)
    this.#keyAt = end
    return key
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
    return this.#rows[this.row * rowFloats + field] as number
  }
}
