const quote = 0x22
const backslash = 0x5c

/**
 * Ends of JSON values, found by quotes and brackets alone: cheap, and enough to cut. Whether what is cut out is valid
 * JSON is the transcoder's to say. Every function returns -1 when the value does not end before `end`.
 */
export function stringEnd(bytes: Uint8Array, at: number, end: number): number {
  for (let i = at + 1; i < end; i++) {
    const c = bytes[i]
    if (c === quote) return i + 1
    if (c === backslash) i++
  }
  return -1
}

export function bracketEnd(bytes: Uint8Array, at: number, end: number): number {
  let depth = 0
  for (let i = at; i < end; i++) {
    const c = bytes[i] as number
    if (c === quote) {
      i = stringEnd(bytes, i, end) - 1
      if (i < 0) return -1
    } else if (c === 0x7b || c === 0x5b) depth++
    else if ((c === 0x7d || c === 0x5d) && --depth === 0) return i + 1
  }
  return -1
}

/** Of any value; numbers and words end before the next comma, bracket or white space. */
export function valueEnd(bytes: Uint8Array, at: number, end: number): number {
  const c = bytes[at]
  if (c === quote) return stringEnd(bytes, at, end)
  if (c === 0x7b || c === 0x5b) return bracketEnd(bytes, at, end)
  let i = at
  while (i < end && !isDelimiter(bytes[i] as number)) i++
  return i === at ? -1 : i
}

export function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  let i = at
  while (i < end && isSpace(bytes[i] as number)) i++
  return i
}

function isSpace(c: number): boolean {
  return c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09
}

function isDelimiter(c: number): boolean {
  return c === 0x2c || c === 0x7d || c === 0x5d || isSpace(c)
}

/** Members of the object at `at`, as [name, value start, value end]; ends early at anything malformed. */
export function* membersOf(
  bytes: Buffer,
  at: number,
  end: number,
): Generator<readonly [name: string, start: number, end: number], boolean> {
  let i = skipSpace(bytes, at, end)
  if (bytes[i] !== 0x7b) return false
  i = skipSpace(bytes, i + 1, end)
  while (i < end && bytes[i] !== 0x7d) {
    if (bytes[i] !== quote) return false
    const nameEnd = stringEnd(bytes, i, end)
    if (nameEnd < 0) return false
    const name = textOf(bytes, i, nameEnd)
    i = skipSpace(bytes, nameEnd, end)
    if (bytes[i] !== 0x3a) return false
    const start = skipSpace(bytes, i + 1, end)
    const stop = valueEnd(bytes, start, end)
    if (stop < 0 || name === undefined) return false
    yield [name, start, stop]
    i = skipSpace(bytes, stop, end)
    if (bytes[i] === 0x2c) i = skipSpace(bytes, i + 1, end)
    else if (bytes[i] !== 0x7d) return false
  }
  return i < end && skipSpace(bytes, i + 1, end) === end
}

/** The string value at [start, end), quotes included; undefined when it is none. */
export function textOf(bytes: Buffer, start: number, end: number): string | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8', start, end))
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}
