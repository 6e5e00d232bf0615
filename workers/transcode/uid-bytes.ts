import { recordOffsets } from '../../src/protocol/record-layout.ts'

/** Lower-case hexadecimal digits; anything else is -1. */
const digit = new Int8Array(256).fill(-1)
for (let i = 0; i < 16; i++) digit[i.toString(16).charCodeAt(0)] = i

/** Where, behind the opening quote, each byte of a UUID stands as two digits. */
const places = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34]
const dash = 45
const quote = 34

/** The same for a text. */
export function writeUidText(text: string, out: Uint8Array, headerAt: number): boolean {
  return text.length === 36 && writeUid(Buffer.from(`"${text}"`), 0, out, headerAt)
}

/**
 * The string whose opening quote is at `at`, if it is a canonical lower-case UUID, into the header at `headerAt`. false: it
 * is not; nothing that counts was written then.
 */
export function writeUid(source: Uint8Array, at: number, out: Uint8Array, headerAt: number): boolean {
  const start = at + 1
  if (
    source[start + 36] !== quote ||
    source[start + 8] !== dash ||
    source[start + 13] !== dash ||
    source[start + 18] !== dash ||
    source[start + 23] !== dash
  ) {
    return false
  }
  const to = headerAt + recordOffsets.uid
  let bad = 0
  for (let i = 0; i < 16; i++) {
    const place = start + (places[i] as number)
    const byte =
      ((digit[source[place] as number] as number) << 4) | (digit[source[place + 1] as number] as number)
    bad |= byte
    out[to + i] = byte
  }
  return bad >= 0
}
