import { sliceable } from '../../src/protocol/byte-slices.ts'
import {
  formatError,
  type Head,
  mapHead,
  type StringSpan,
  skipValue,
  spanString,
  spanText,
} from '../../src/protocol/record-scalar.ts'

/** Above it keys are looked up, not compared with one another: a hostile object may have a hundred thousand. */
const comparedMax = 24
const ids = new Int32Array(comparedMax)
const starts = new Int32Array(comparedMax)
const lengths = new Int32Array(comparedMax)

/**
 * Whether a key stands twice in the map at `at`, as written: JSON.parse would keep the last one, and whoever looks for a
 * key in a record stops at the first.
 */
export function hasRepeatedKey(
  bytes: Buffer,
  at: number,
  values: readonly string[],
  structures: readonly (readonly string[])[],
): boolean {
  if (!mapHead(bytes, at, head)) throw formatError(at)
  const { count } = head
  if (count < 2) return false
  const known = count > comparedMax ? new Set<string>() : undefined
  let next = head.start
  for (let i = 0; i < count; i++) {
    if (!spanString(bytes, next, key)) throw formatError(next)
    if (known !== undefined) {
      const text = spanText(sliceable(bytes), key, values)
      if (known.has(text)) return true
      known.add(text)
    } else {
      for (let j = 0; j < i; j++) if (isSame(bytes, j, values)) return true
      ids[i] = key.id
      starts[i] = key.start
      lengths[i] = key.length
    }
    next = spanString(bytes, key.end, value) ? value.end : skipValue(bytes, key.end, structures)
  }
  return false
}

/** Whether {@link key} is the key number `j`. Of the dictionary's strings each has one id; a text may also be one of them. */
function isSame(bytes: Buffer, j: number, values: readonly string[]): boolean {
  if (key.id >= 0 && (ids[j] as number) >= 0) return key.id === ids[j]
  if (key.id < 0 && (ids[j] as number) < 0) {
    if (key.length !== lengths[j]) return false
    const start = starts[j] as number
    return bytes.compare(bytes, start, start + key.length, key.start, key.start + key.length) === 0
  }
  const [id, start, length] =
    key.id >= 0
      ? [key.id, starts[j] as number, lengths[j] as number]
      : [ids[j] as number, key.start, key.length]
  return values[id] === bytes.toString('utf8', start, start + length)
}

const head: Head = { count: 0, start: 0 }
const key: StringSpan = { start: 0, length: 0, id: -1, end: 0 }
const value: StringSpan = { start: 0, length: 0, id: -1, end: 0 }
