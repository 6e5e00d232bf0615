import { KubeInformerError } from '../errors.ts'
import { type SliceableBytes, sliceable } from './byte-slices.ts'

/** Walks a record's bytes without making objects. */

/** `end` is where the value ends; `start` and `length` are its text's bytes, or `id` its place in the dictionary. */
export interface StringSpan {
  start: number
  length: number
  /** -1: the text stands at `start`. */
  id: number
  end: number
}

/** Finds the string at `at`; false when the value there is no string. Fills `span` so that nothing is allocated. */
export function spanString(bytes: Uint8Array, at: number, span: StringSpan): boolean {
  const t = bytes[at] as number
  span.id = -1
  if (t >= 0xa0 && t < 0xc0) {
    span.start = at + 1
    span.length = t & 31
  } else if (t >= 0x40 && t < 0x60) {
    span.id = (t & 31) | ((bytes[at + 1] as number) << 5)
    span.start = span.end = at + 2
    span.length = 0
    return true
  } else if (t === 0xc1) {
    span.id = u16(bytes, at + 1)
    span.start = span.end = at + 3
    span.length = 0
    return true
  } else if (t === 0xd9) {
    span.start = at + 2
    span.length = bytes[at + 1] as number
  } else if (t === 0xda) {
    span.start = at + 3
    span.length = u16(bytes, at + 1)
  } else if (t === 0xdb) {
    span.start = at + 5
    span.length = u32(bytes, at + 1)
  } else {
    return false
  }
  span.end = span.start + span.length
  return true
}

/** Id of the dictionary string at `at`; -1: something else stands there. It takes two bytes below 0x60, else three. */
export function referenceAt(bytes: Uint8Array, at: number): number {
  const t = bytes[at] as number
  if ((t & 0xe0) === 0x40) return (t & 31) | ((bytes[at + 1] as number) << 5)
  return t === 0xc1 ? u16(bytes, at + 1) : -1
}

const scratch: StringSpan = { start: 0, length: 0, id: -1, end: 0 }

/** The string at `at` as text. The header's uid is not reachable from here: it occurs only as `metadata.uid`. */
export function stringAt(bytes: Buffer, at: number, values: readonly string[]): string {
  if (!spanString(bytes, at, scratch)) throw formatError(at)
  return spanText(sliceable(bytes), scratch, values)
}

export function spanText(bytes: SliceableBytes, span: StringSpan, values: readonly string[]): string {
  if (span.id < 0) return bytes.utf8Slice(span.start, span.start + span.length)
  const text = values[span.id]
  if (text === undefined) throw formatError(span.end)
  return text
}

/** Number of elements of the array (or entries of the map) at `at`, and where the first one is. */
export interface Head {
  count: number
  start: number
}

export function arrayHead(bytes: Uint8Array, at: number, head: Head): boolean {
  return containerHead(bytes, at, head, 0x90, 0xdc)
}

export function mapHead(bytes: Uint8Array, at: number, head: Head): boolean {
  return containerHead(bytes, at, head, 0x80, 0xde)
}

function containerHead(bytes: Uint8Array, at: number, head: Head, fix: number, tag16: number): boolean {
  const t = bytes[at] as number
  if ((t & 0xf0) === fix) {
    head.count = t & 15
    head.start = at + 1
  } else if (t === tag16) {
    head.count = u16(bytes, at + 1)
    head.start = at + 3
  } else if (t === tag16 + 1) {
    head.count = u32(bytes, at + 1)
    head.start = at + 5
  } else {
    return false
  }
  return true
}

/** Length of a scalar of known size, by first byte: what follows it. */
const fixedBytes = new Int8Array(256).fill(-1)
for (let t = 0; t < 256; t++) {
  if (t < 0x40 || t >= 0xe0 || t === 0xc0 || t === 0xc2 || t === 0xc3) fixedBytes[t] = 0
  else if (t < 0x60) fixedBytes[t] = 1
}
fixedBytes[0xc1] = 2
for (const [tag, bytes] of [
  [0xca, 4],
  [0xcb, 8],
  [0xcc, 1],
  [0xcd, 2],
  [0xce, 4],
  [0xcf, 8],
  [0xd0, 1],
  [0xd1, 2],
  [0xd2, 4],
  [0xd3, 8],
] as const) {
  fixedBytes[tag] = bytes
}

/** Bytes behind the first byte of a scalar; -1: no scalar, or one that says its own length. */
export function scalarBytes(first: number): number {
  return fixedBytes[first] as number
}

/** Where the value at `at` ends; a record has as many values as its structure has keys. */
export function skipValue(bytes: Uint8Array, at: number, structures: readonly (readonly string[])[]): number {
  let pending = 1
  const head: Head = { count: 0, start: 0 }
  const span: StringSpan = { start: 0, length: 0, id: -1, end: 0 }
  while (pending > 0) {
    pending--
    if (at >= bytes.length) throw formatError(at)
    const t = bytes[at] as number
    const fixed = fixedBytes[t] as number
    if (fixed >= 0) at += 1 + fixed
    else if (t >= 0x60 && t < 0x80) {
      const structure = structures[(t & 31) | ((bytes[at + 1] as number) << 5)]
      if (structure === undefined) throw formatError(at)
      pending += structure.length
      at += 2
    } else if (arrayHead(bytes, at, head)) {
      pending += head.count
      at = head.start
    } else if (mapHead(bytes, at, head)) {
      pending += head.count * 2
      at = head.start
    } else if (spanString(bytes, at, span)) {
      at = span.end
    } else {
      throw formatError(at)
    }
  }
  return at
}

export function formatError(position: number): KubeInformerError {
  return new KubeInformerError('ERR_RECORD_FORMAT', 'a record does not fit its dictionaries', {
    facts: { position },
  })
}

export function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
}

export function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) * 65536 + u16(bytes, at + 2)
}
