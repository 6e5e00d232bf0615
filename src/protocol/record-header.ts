import { sliceable } from './byte-slices.ts'
import { recordFlags, recordOffsets } from './record-layout.ts'
import {
  arrayHead,
  formatError,
  type Head,
  type StringSpan,
  skipValue,
  spanString,
  spanText,
  stringAt,
} from './record-scalar.ts'
import { parseResourceVersion, type ResourceVersion } from './resource-version.ts'

/** What can be known of a record without unpacking it. `offset` is always the record's start in `bytes`. */

export function isRawJson(bytes: Uint8Array, offset: number): boolean {
  return ((bytes[offset] as number) & recordFlags.rawJson) !== 0
}

/** Where the body ends, from the start of `bytes`. */
export function tailOffset(bytes: Uint8Array, offset: number): number {
  return offset + headerInt32(bytes, offset + recordOffsets.tail)
}

/** Where the labels' map is, from the start of `bytes`; 0: the object has none (or is raw JSON). */
export function labelsOffset(bytes: Uint8Array, offset: number): number {
  const labels = headerInt32(bytes, offset + recordOffsets.labels)
  return labels === 0 ? 0 : offset + labels
}

/** Comparable version, `NaN` if the server's text is not a decimal number. */
export function version(bytes: Buffer, offset: number): ResourceVersion {
  if (((bytes[offset] as number) & recordFlags.versionText) === 0) {
    return bytes.readDoubleLE(offset + recordOffsets.version)
  }
  return parseResourceVersion(versionText(bytes, offset))
}

export function versionText(bytes: Buffer, offset: number): string {
  if (((bytes[offset] as number) & recordFlags.versionText) === 0) {
    return String(bytes.readDoubleLE(offset + recordOffsets.version))
  }
  return stringAt(bytes, tailOffset(bytes, offset), noValues)
}

/** Also for versions that cannot be compared: whether it is the same version, byte for byte. */
export function sameVersionText(a: Buffer, aOffset: number, b: Buffer, bOffset: number): boolean {
  const flags = ((a[aOffset] as number) | (b[bOffset] as number)) & recordFlags.versionText
  if (flags !== 0) return versionText(a, aOffset) === versionText(b, bOffset)
  return sameBytes(a, aOffset + recordOffsets.version, b, bOffset + recordOffsets.version, 8)
}

export function uidText(bytes: Buffer, offset: number): string {
  const flags = bytes[offset] as number
  if ((flags & recordFlags.uidText) === 0) return canonicalUid(bytes, offset + recordOffsets.uid)
  let at = tailOffset(bytes, offset)
  if ((flags & recordFlags.versionText) !== 0) at = skipValue(bytes, at, noStructures)
  return stringAt(bytes, at, noValues)
}

export function sameUid(a: Buffer, aOffset: number, b: Buffer, bOffset: number): boolean {
  const aFlag = (a[aOffset] as number) & recordFlags.uidText
  const bFlag = (b[bOffset] as number) & recordFlags.uidText
  if (aFlag !== bFlag) return false
  if (aFlag !== 0) return uidText(a, aOffset) === uidText(b, bOffset)
  return sameBytes(a, aOffset + recordOffsets.uid, b, bOffset + recordOffsets.uid, 16)
}

/** Strings at the column's path in this object, in document order; empty when the path leads nowhere. */
export function columnValues(
  bytes: Buffer,
  offset: number,
  column: number,
  values: readonly string[],
): string[] {
  const head: Head = { count: 0, start: 0 }
  if (!arrayHead(bytes, columnOffset(bytes, offset, column), head)) throw formatError(offset)
  const span: StringSpan = { start: 0, length: 0, id: -1, end: head.start }
  const texts: string[] = []
  for (let i = 0; i < head.count; i++) {
    if (!spanString(bytes, span.end, span)) throw formatError(span.end)
    texts.push(spanText(sliceable(bytes), span, values))
  }
  return texts
}

/**
 * Whether a column surely has the same values in two records of ONE epoch; false may also mean that a string entered
 * the dictionary between the two. Saves an index the removal and re-insertion of a key at almost every update.
 */
export function sameColumn(a: Buffer, aOffset: number, b: Buffer, bOffset: number, column: number): boolean {
  const aStart = columnOffset(a, aOffset, column)
  const bStart = columnOffset(b, bOffset, column)
  const length = skipValue(a, aStart, noStructures) - aStart
  return bStart + length <= b.length && sameBytes(a, aStart, b, bStart, length)
}

/** Whether a hash column surely stands for equal subtrees, in records of any epochs; false also where one lacks it. */
export function sameHash(a: Buffer, aOffset: number, b: Buffer, bOffset: number, column: number): boolean {
  const isThere =
    column < (a[aOffset + recordOffsets.columnCount] as number) &&
    column < (b[bOffset + recordOffsets.columnCount] as number)
  return isThere && sameColumn(a, aOffset, b, bOffset, column)
}

function columnOffset(bytes: Buffer, offset: number, column: number): number {
  const flags = bytes[offset] as number
  if (column >= (bytes[offset + recordOffsets.columnCount] as number)) throw formatError(offset)
  let at = tailOffset(bytes, offset)
  if ((flags & recordFlags.versionText) !== 0) at = skipValue(bytes, at, noStructures)
  if ((flags & recordFlags.uidText) !== 0) at = skipValue(bytes, at, noStructures)
  for (let i = 0; i < column; i++) at = skipValue(bytes, at, noStructures)
  return at
}

/** `length` of a record that starts at `offset`: its tail ends it. */
export function recordLength(bytes: Buffer, offset: number): number {
  const flags = bytes[offset] as number
  let at = tailOffset(bytes, offset)
  let pending = bytes[offset + recordOffsets.columnCount] as number
  if ((flags & recordFlags.versionText) !== 0) pending++
  if ((flags & recordFlags.uidText) !== 0) pending++
  for (; pending > 0; pending--) at = skipValue(bytes, at, noStructures)
  return at - offset
}

const noValues: readonly string[] = []
const noStructures: readonly (readonly string[])[] = []

// Character codes of the two digits of every byte, and where in a UUID's text each byte stands.
const hexHigh = new Uint8Array(256)
const hexLow = new Uint8Array(256)
for (let i = 0; i < 256; i++) {
  const text = i.toString(16).padStart(2, '0')
  hexHigh[i] = text.charCodeAt(0)
  hexLow[i] = text.charCodeAt(1)
}
const uuidPlaces = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34]
const uuidCodes: number[] = new Array(36).fill(45)

/** 16 bytes as a canonical UUID; one call that makes the string, no concatenation. */
export function canonicalUid(bytes: Uint8Array, at: number): string {
  for (let i = 0; i < 16; i++) {
    const byte = bytes[at + i] as number
    const place = uuidPlaces[i] as number
    uuidCodes[place] = hexHigh[byte] as number
    uuidCodes[place + 1] = hexLow[byte] as number
  }
  return String.fromCharCode.apply(null, uuidCodes)
}

/** A record is far below 2 GiB: as a number with a sign it stays an integer of the machine. */
function headerInt32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  )
}

function sameBytes(a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[aStart + i] !== b[bStart + i]) return false
  return true
}
