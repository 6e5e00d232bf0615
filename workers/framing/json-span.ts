/**
 * Finds where JSON values end, without judging them: strings and the depth of brackets are all it looks at. What it
 * finds is validated by whoever reads the value. Works on any cut: `scan` goes on where the last call stopped.
 */
export class ValueScanner {
  #depth = 0
  #inString = false
  #isEscaped = false
  #isScalar = false

  /** A value begins with `first`; the next {@link scan} starts after it. */
  begin(first: number): void {
    const opens = first === 0x7b || first === 0x5b
    this.#depth = opens ? 1 : 0
    this.#inString = first === 0x22
    this.#isEscaped = false
    this.#isScalar = !opens && !this.#inString
  }

  /** Offset after the value's last byte, or -1: it goes on behind `end`. */
  scan(bytes: Uint8Array, at: number, end: number): number {
    if (this.#isScalar) return scalarEnd(bytes, at, end)
    let depth = this.#depth
    let inString = this.#inString
    if (this.#isEscaped && at < end) {
      this.#isEscaped = false
      at++
    }
    while (at < end) {
      if (inString) {
        let c = 0
        while (at < end && (c = bytes[at] as number) !== 0x22 && c !== 0x5c) at++
        if (at >= end) break
        at++
        if (c === 0x5c) {
          // The escaped byte may be a quote; that it may lie in the next chunk is what the flag is for.
          if (at === end) this.#isEscaped = true
          else at++
          continue
        }
        inString = false
        if (depth === 0) return at
        continue
      }
      const c = bytes[at++] as number
      if (c === 0x22) inString = true
      // { [ and } ] differ from each other by two bits only: one comparison each, this is the hot loop of lists.
      else if ((c & 0xdf) === 0x5b) depth++
      else if ((c & 0xdf) === 0x5d && --depth === 0) return at
    }
    this.#depth = depth
    this.#inString = inString
    return -1
  }
}

function scalarEnd(bytes: Uint8Array, at: number, end: number): number {
  for (; at < end; at++) {
    const c = bytes[at] as number
    if (c === 0x2c || c === 0x7d || c === 0x5d || isSpace(c)) return at
  }
  return -1
}

export function isSpace(c: number): boolean {
  return c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09
}

export function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && isSpace(bytes[at] as number)) at++
  return at
}

/**
 * The members of one object that lies whole, or cut off, in `bytes[start, end)`. `next` returns false at the object's
 * end, where the bytes end, and where they are no JSON; `state` tells which.
 */
export class MemberReader {
  state: 'open' | 'closed' | 'cut' | 'malformed' = 'open'
  key = ''
  valueStart = 0
  /** -1: the value is cut off. */
  valueEnd = 0
  readonly #bytes: Buffer
  readonly #end: number
  readonly #scanner = new ValueScanner()
  /** Behind the last member; behind the object's bracket once `closed`. */
  at: number
  #isFirst = true

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes
    this.#end = end
    this.at = skipSpace(bytes, start, end)
    if (this.at >= end) this.state = 'cut'
    else if (bytes[this.at++] !== 0x7b) this.state = 'malformed'
  }

  next(): boolean {
    if (this.state !== 'open') return false
    const bytes = this.#bytes
    let c = this.#nonSpace()
    if (c === 0x7d) return this.#stop('closed')
    if (!this.#isFirst) {
      if (c !== 0x2c) return this.#stop('malformed')
      c = this.#nonSpace()
    }
    this.#isFirst = false
    if (c !== 0x22) return this.#stop('malformed')
    const keyStart = this.at - 1
    if (!this.#value(c)) return this.#stop('cut')
    const key = stringAt(bytes, keyStart, this.at)
    if (key === undefined) return this.#stop('malformed')
    if (this.#nonSpace() !== 0x3a) return this.#stop('malformed')
    c = this.#nonSpace()
    if (c === 0) return this.#stop('cut')
    this.key = key
    this.valueStart = this.at - 1
    this.valueEnd = this.#value(c) ? this.at : -1
    // The member is told even if it is cut: what is there of it may be what was looked for.
    if (this.valueEnd < 0) this.state = 'cut'
    return true
  }

  /** Next byte that is no whitespace, and past it; 0 at the end (where it is no JSON, or cut). */
  #nonSpace(): number {
    this.at = skipSpace(this.#bytes, this.at, this.#end)
    return this.at < this.#end ? (this.#bytes[this.at++] as number) : 0
  }

  #value(first: number): boolean {
    this.#scanner.begin(first)
    const end = this.#scanner.scan(this.#bytes, this.at, this.#end)
    if (end < 0) return false
    this.at = end
    return true
  }

  #stop(state: 'closed' | 'cut' | 'malformed'): false {
    this.state = state === 'malformed' && this.at >= this.#end ? 'cut' : state
    return false
  }
}

/** The string whose quotes are the first and last byte of `bytes[start, end)`; undefined if it is none. */
export function stringAt(bytes: Buffer, start: number, end: number): string | undefined {
  if (end - start < 2 || bytes[start] !== 0x22) return undefined
  const text = bytes.toString('utf8', start + 1, end - 1)
  if (!text.includes('\\')) return text
  try {
    return JSON.parse(`"${text}"`) as string
  } catch {
    return undefined
  }
}
