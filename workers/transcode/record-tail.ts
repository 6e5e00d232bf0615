import { type Column, isHash } from '../../src/protocol/column.ts'
import { recordFlags, recordOffsets } from '../../src/protocol/record-layout.ts'
import type { Identity } from './identity.ts'
import { ch } from './json-scanner.ts'
import type { RawFacts } from './raw-record.ts'
import type { RecordEncoder } from './record-encoder.ts'
import { StringMemo } from './structure-dictionary.ts'
import { type HashKey, hashBytes, SubtreeHash, writeNoHash } from './subtree-hash.ts'
import { writeUidText } from './uid-bytes.ts'

/** What stands around the body: the header, now that all is known, and the tail. */
export class RecordTail {
  readonly columnCount: number
  readonly #memos: StringMemo[] = []
  /** By column. */
  readonly #isHash: readonly boolean[]
  readonly #hash: SubtreeHash

  constructor(columns: readonly Column[], hashKey: HashKey) {
    this.columnCount = columns.length
    this.#isHash = columns.map(isHash)
    this.#hash = new SubtreeHash(hashKey)
    this.forget()
  }

  /** Ids of one epoch mean nothing in the next. */
  forget(): void {
    for (let i = 0; i < this.columnCount; i++) this.#memos[i] = new StringMemo()
  }

  /** The encoder stands behind the body of a record at `start`. */
  write(encoder: RecordEncoder, start: number, identity: Identity, raw: RawFacts | undefined): void {
    const { out } = encoder
    let flags = raw === undefined ? 0 : recordFlags.rawJson
    if (raw?.hasEscapedKeys === true) flags |= recordFlags.escapedKeys
    if (!identity.versionIsNumber) flags |= recordFlags.versionText
    // Also a canonical uid that came with escapes or in raw JSON stands as bytes: sameUid compares flags.
    const isUidText = identity.uidText !== undefined && !writeUidText(identity.uidText, out, start)
    if (isUidText) {
      flags |= recordFlags.uidText
      out.fill(0, start + recordOffsets.uid, start + recordOffsets.uid + 16)
    }
    out[start + recordOffsets.flags] = flags
    out[start + recordOffsets.columnCount] = this.columnCount
    out[start + 2] = out[start + 3] = 0
    out.writeUInt32LE(encoder.to - start, start + recordOffsets.tail)
    const labelsAt = raw === undefined && encoder.facts.labelsAt !== 0 ? encoder.facts.labelsAt - start : 0
    out.writeUInt32LE(labelsAt, start + recordOffsets.labels)
    const version = identity.versionIsNumber ? Number(identity.version) : Number.NaN
    out.writeDoubleLE(version, start + recordOffsets.version)
    if (!identity.versionIsNumber) encoder.ownText(identity.versionText)
    if (isUidText && identity.uidText !== undefined) encoder.ownText(identity.uidText)
    for (let column = 0; column < this.columnCount; column++) {
      if (this.#isHash[column] === true) this.#hashColumn(encoder, column, raw)
      else if (raw === undefined) this.#column(encoder, column)
      else this.#rawColumn(encoder, raw.columns[column] as string[])
    }
  }

  #column(encoder: RecordEncoder, column: number): void {
    const { columns, columnsLength } = encoder.facts
    let count = 0
    for (let i = 0; i < columnsLength; i += 3) if (columns[i] === column) count++
    encoder.arrayHead(count)
    if (count === 0) return
    for (let i = 0; i < columnsLength; i += 3) {
      if (columns[i] !== column) continue
      const start = columns[i + 1] as number
      if (encoder.bytes[start] === ch.quote) {
        encoder.at = start
        encoder.string(this.#memos[column] as StringMemo)
      } else {
        encoder.literal(start, (columns[i + 2] as number) - start)
      }
    }
  }

  #hashColumn(encoder: RecordEncoder, column: number, raw: RawFacts | undefined): void {
    const { out, to, view } = encoder
    encoder.to += hashBytes
    if (raw !== undefined) {
      this.#rawHash(raw.columns[column]?.[0], out, to)
      return
    }
    const { columns, columnsLength } = encoder.facts
    let i = 0
    while (i < columnsLength && columns[i] !== column) i += 3
    if (i >= columnsLength) writeNoHash(out, to)
    else this.#hash.write(view, columns[i + 1] as number, columns[i + 2] as number, out, to)
  }

  #rawHash(text: string | undefined, out: Buffer, to: number): void {
    // Room behind the end, which the hash may read.
    const bytes = Buffer.from(`${text}\0\0\0`)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    if (text === undefined) writeNoHash(out, to)
    else this.#hash.write(view, 0, bytes.length - 3, out, to)
  }

  #rawColumn(encoder: RecordEncoder, texts: readonly string[]): void {
    encoder.arrayHead(texts.length)
    for (const text of texts) encoder.ownText(text)
  }
}
