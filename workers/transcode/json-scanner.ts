import { isUtf8 } from 'node:buffer'
import { type ErrorCode, KubeInformerError } from '../../src/errors.ts'
import type { SliceableBytes } from '../../src/protocol/byte-slices.ts'

/** Nesting above this is refused: nothing in the engine may recurse deeper. */
const depthMax = 1000

export const ch: {
  readonly quote: 34
  readonly comma: 44
  readonly minus: 45
  readonly dot: 46
  readonly zero: 48
  readonly nine: 57
  readonly colon: 58
  readonly leftBracket: 91
  readonly backslash: 92
  readonly rightBracket: 93
  readonly leftBrace: 123
  readonly rightBrace: 125
} = {
  quote: 34,
  comma: 44,
  minus: 45,
  dot: 46,
  zero: 48,
  nine: 57,
  colon: 58,
  leftBracket: 91,
  backslash: 92,
  rightBracket: 93,
  leftBrace: 123,
  rightBrace: 125,
}

const wordTrue = 0x65757274
const wordAlse = 0x65736c61
const wordNull = 0x6c6c756e

const signBits = 0x80808080 | 0
const allocate = (bytes: number): Buffer & SliceableBytes => Buffer.alloc(bytes) as Buffer & SliceableBytes

/** Bytes behind the text that are zero: word reads may run over the end, and a zero byte stops every scan. */
const padding = 16
const retainBytesMax = 1 << 20

/**
 * A cursor over one JSON text that accepts exactly what JSON.parse accepts, and UTF-8 only.
 *
 * The text is copied into a buffer of its own, followed by zeros: no scan needs a check against the end (a zero is
 * valid nowhere in JSON), and nothing behind the object's bytes can be seen, however broken they are.
 */
export class JsonScanner {
  bytes: Buffer & SliceableBytes = allocate(1 << 14)
  view: DataView = new DataView(this.bytes.buffer)
  /** The cursor. */
  at = 0
  /** Where the text ends. */
  end = 0
  /** Containers around the cursor. */
  depth = 0
  /** Sign bits of four bytes until the text is known to be valid UTF-8, then 0: see `isPlain` in scanString. */
  asciiMask: number = signBits

  load(source: Buffer, start: number, end: number): void {
    const length = end - start
    if (length + padding > this.bytes.length) this.#allocate(length)
    else if (this.bytes.length > retainBytesMax && length * 4 < retainBytesMax) this.#allocate(length)
    source.copy(this.bytes, 0, start, end)
    for (let i = 0; i < padding; i += 4) this.view.setInt32(length + i, 0)
    this.at = 0
    this.end = length
    this.depth = 0
    this.asciiMask = signBits
  }

  #allocate(length: number): void {
    let capacity = 1 << 14
    while (capacity < length + padding) capacity *= 2
    this.bytes = allocate(capacity)
    this.view = new DataView(this.bytes.buffer)
  }

  fail(code: ErrorCode = 'ERR_INVALID_JSON', what: string = 'invalid JSON'): KubeInformerError {
    const position = Math.min(this.at, this.end)
    return new KubeInformerError(code, `${what} at byte ${position}`, { facts: { position } })
  }

  /** Moves to the first byte that is no whitespace and returns it. */
  skipSpace(): number {
    const bytes = this.bytes
    let at = this.at
    let c = bytes[at] as number
    while (c === 32 || c === 10 || c === 13 || c === 9) c = bytes[++at] as number
    this.at = at
    return c
  }

  /**
   * Cursor on the opening quote; returns the closing one's place and leaves the cursor. Escapes are checked, not decoded;
   * `escaped` tells whether there are any.
   */
  escaped = false
  scanString(): number {
    const bytes = this.bytes
    const view = this.view
    let at = this.at + 1
    this.escaped = false
    for (;;) {
      // Four bytes at a time: the lowest flagged byte is the first quote, backslash, control or non-ASCII byte.
      const w = view.getInt32(at, true)
      const q = w ^ 0x22222222
      const b = w ^ 0x5c5c5c5c
      const stop = (((q - 0x01010101) & ~q) | ((b - 0x01010101) & ~b) | ((w - 0x20202020) & ~w)) & signBits
      const flagged = stop | (w & this.asciiMask)
      if (flagged === 0) {
        at += 4
        continue
      }
      at += (31 - Math.clz32(flagged & -flagged)) >> 3
      const c = bytes[at] as number
      if (c === ch.quote) return at
      if (c >= 128) this.checkUtf8()
      else if (c === ch.backslash) {
        this.escaped = true
        at = this.#scanEscape(at)
      } else {
        this.at = at
        throw this.fail()
      }
    }
  }

  /** `at` on the backslash; returns the place behind the escape. */
  #scanEscape(at: number): number {
    const c = this.bytes[at + 1] as number
    if (escapeValue[c] !== 0) return at + 2
    if (c === 117) {
      let i = 2
      while (i < 6 && (hexValue[this.bytes[at + i] as number] as number) >= 0) i++
      if (i === 6) return at + 6
    }
    this.at = at
    throw this.fail('ERR_INVALID_JSON', 'invalid escape')
  }

  /** At the first byte that is not ASCII; free when called again. */
  checkUtf8(): void {
    if (this.asciiMask === 0) return
    if (!isUtf8(this.bytes.subarray(0, this.end))) {
      throw this.fail('ERR_INVALID_UTF8', 'invalid UTF-8')
    }
    this.asciiMask = 0
  }

  /** Cursor on the first byte of a number; moves behind it. Returns whether it has only a sign and digits. */
  scanNumber(): boolean {
    const bytes = this.bytes
    let at = this.at
    let c = bytes[at] as number
    if (c === ch.minus) c = bytes[++at] as number
    if (c === ch.zero) c = bytes[++at] as number
    else at = this.#scanDigits(at)
    c = bytes[at] as number
    let plain = true
    if (c === ch.dot) {
      plain = false
      at = this.#scanDigits(at + 1)
      c = bytes[at] as number
    }
    if ((c | 32) === 101) {
      plain = false
      c = bytes[++at] as number
      if (c === 43 || c === ch.minus) at++
      at = this.#scanDigits(at)
    }
    this.at = at
    return plain
  }

  #scanDigits(at: number): number {
    const bytes = this.bytes
    const start = at
    let c = bytes[at] as number
    while (c >= ch.zero && c <= ch.nine) c = bytes[++at] as number
    if (at === start) {
      this.at = at
      throw this.fail()
    }
    return at
  }

  /** Cursor on `t`, `f` or `n`; moves behind the literal. */
  scanLiteral(): void {
    const w = this.view.getInt32(this.at, true)
    if (w === wordTrue || w === wordNull) this.at += 4
    else if ((w & 255) === 102 && this.view.getInt32(this.at + 1, true) === wordAlse) this.at += 5
    else throw this.fail()
  }

  /** Into a container. */
  enter(): void {
    if (this.depth >= depthMax) throw this.fail('ERR_TOO_DEEP', 'nested too deep')
    this.depth++
  }

  /** Moves over one value of any kind, as strict as if it were kept, without recursion. */
  skipValue(): void {
    const bytes = this.bytes
    const base = this.depth
    let depth = base
    let c = this.skipSpace()
    for (;;) {
      // Cursor on the first byte of a value.
      if (c === ch.leftBrace || c === ch.leftBracket) {
        if (depth >= depthMax) throw this.fail('ERR_TOO_DEEP', 'nested too deep')
        const isObject = c === ch.leftBrace
        this.at++
        c = this.skipSpace()
        if (c !== (isObject ? ch.rightBrace : ch.rightBracket)) {
          containerKinds[depth++] = isObject ? 1 : 0
          if (isObject) c = this.#skipKey(c)
          continue
        }
        this.at++
      } else if (c === ch.quote) this.at = this.scanString() + 1
      else if (c === ch.minus || (c >= ch.zero && c <= ch.nine)) this.scanNumber()
      else this.scanLiteral()
      // Behind a value: close what ends here.
      for (;;) {
        if (depth === base) return
        c = bytes[this.at] as number
        if (c !== ch.comma && c !== ch.rightBrace && c !== ch.rightBracket) c = this.skipSpace()
        const isObject = containerKinds[depth - 1] === 1
        this.at++
        if (c === ch.comma) {
          c = this.skipSpace()
          if (isObject) c = this.#skipKey(c)
          break
        }
        if (c !== (isObject ? ch.rightBrace : ch.rightBracket)) {
          this.at--
          throw this.fail()
        }
        depth--
      }
    }
  }

  /** Cursor on a key whose first byte is `c`; moves to its value and returns the value's first byte. */
  #skipKey(c: number): number {
    if (c !== ch.quote) throw this.fail()
    this.at = this.scanString() + 1
    this.colon()
    return this.skipSpace()
  }

  colon(): void {
    if (this.bytes[this.at] !== ch.colon && this.skipSpace() !== ch.colon) throw this.fail()
    this.at++
  }

  /** Text of the string whose quotes stand at `start` and `end`; lone surrogates stay what they are. */
  textOf(start: number, end: number): string {
    for (let i = start + 1; i < end; i++) {
      if (this.bytes[i] === ch.backslash) return JSON.parse(this.bytes.utf8Slice(start, end + 1)) as string
    }
    return this.bytes.utf8Slice(start + 1, end)
  }
}

const containerKinds = new Uint8Array(depthMax)

/** What the character behind a backslash stands for; 0: no such escape (`u` is not here). */
export const escapeValue: Uint8Array = new Uint8Array(256)
for (const [c, value] of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t'].map((s) => [...s])) {
  escapeValue[(c as string).charCodeAt(0)] = (value as string).charCodeAt(0)
}

export const hexValue: Int8Array = new Int8Array(256).fill(-1)
for (let i = 0; i < 16; i++) {
  hexValue[i.toString(16).charCodeAt(0)] = i
  hexValue[i.toString(16).toUpperCase().charCodeAt(0)] = i
}
