import { recordTags, shortIdCount } from '../../src/protocol/record-layout.ts'
import { Detour } from './detour.ts'
import { ch, escapeValue, hexValue, JsonScanner } from './json-scanner.ts'
import type { StringMemo } from './structure-dictionary.ts'
import { ValueDictionary, valueBytesMax, valueBytesMin } from './value-dictionary.ts'

/** Above this a native copy is faster than a loop over words. */
const loopBytesMax = 160

/**
 * JSON strings and numbers → MessagePack, cursor to cursor. Whoever sets {@link out} answers for the room: see
 * maxRecordBytes; writes may run up to 8 bytes over what they report.
 */
export class ScalarEncoder extends JsonScanner {
  out: Buffer = Buffer.alloc(0)
  outView: DataView = new DataView(this.out.buffer)
  /** Where the next byte goes. */
  to = 0
  values: ValueDictionary = new ValueDictionary({ countMax: 0, bytesMax: 0 })
  /** Strings written as references, and those that might have been. */
  hits = 0
  misses = 0

  setOutput(out: Buffer, at: number): void {
    if (out !== this.out) {
      this.out = out
      this.outView = new DataView(out.buffer, out.byteOffset, out.length)
    }
    this.to = at
  }

  /** Cursor on the opening quote. `memo` predicts the string and learns. */
  string(memo: StringMemo): void {
    const view = this.view
    const start = this.at + 1
    const hot = memo.hot
    if (hot >= 0 && this.values.matches(view, start, hot)) {
      this.at = start + (this.values.byteLengths[hot] as number) + 1
      this.hits++
      this.reference(hot)
      return
    }
    // The scan of JsonScanner.scanString with a hash of the text on the way.
    let at = start
    let hash = 0
    for (;;) {
      const w = view.getInt32(at, true)
      const q = w ^ 0x22222222
      const b = w ^ 0x5c5c5c5c
      const stop = (((q - 0x01010101) & ~q) | ((b - 0x01010101) & ~b) | ((w - 0x20202020) & ~w)) & signBits
      const flagged = stop | (w & this.asciiMask)
      if (flagged === 0) {
        hash = mix(hash, w)
        at += 4
        continue
      }
      const rest = (31 - Math.clz32(flagged & -flagged)) >> 3
      const c = this.bytes[at + rest] as number
      if (c === ch.quote) {
        hash = mix(hash, w & ((1 << (rest << 3)) - 1))
        at += rest
        break
      }
      if (c >= 128) {
        this.checkUtf8()
        continue
      }
      if (c === ch.backslash) {
        this.#escaped()
        return
      }
      this.at = at + rest
      throw this.fail()
    }
    this.at = at + 1
    this.#text(start, at - start, hash, memo)
  }

  #text(start: number, length: number, hash: number, memo: StringMemo): void {
    if (length >= valueBytesMin && length <= valueBytesMax) {
      hash = mix(hash, length)
      hash ^= hash >>> 15
      let id = this.values.find(this.view, start, length, hash)
      if (id < 0 && this.values.sight(hash)) {
        const text = this.bytes.toString('utf8', start, start + length)
        id = this.values.admit(this.view, start, length, hash, text)
      }
      // Three bytes for a string of two would be a loss.
      if (id >= 0 && (length > valueBytesMin || id < shortIdCount)) {
        memo.hot = id
        this.hits++
        this.reference(id)
        return
      }
      this.misses++
    }
    this.literal(start, length)
  }

  reference(id: number): void {
    const out = this.out
    const to = this.to
    if (id < shortIdCount) {
      out[to] = recordTags.value | (id & 31)
      out[to + 1] = id >> 5
      this.to = to + 2
    } else {
      out[to] = recordTags.longValue
      out[to + 1] = id >> 8
      out[to + 2] = id
      this.to = to + 3
    }
  }

  /** The bytes at `start` as they are. */
  literal(start: number, length: number): void {
    this.stringHead(length)
    const to = this.to
    if (length <= loopBytesMax) {
      const view = this.view
      const outView = this.outView
      for (let i = 0; i < length; i += 4) outView.setInt32(to + i, view.getInt32(start + i))
    } else {
      this.bytes.copy(this.out, to, start, start + length)
    }
    this.to = to + length
  }

  /** Words of an encoding that is known; the last one may overrun. */
  words(words: Int32Array, bytes: number): void {
    const view = this.outView
    const to = this.to
    for (let i = 0; i < words.length; i++) view.setInt32(to + i * 4, words[i] as number, true)
    this.to = to + bytes
  }

  stringHead(length: number): void {
    const out = this.out
    if (length < 32) out[this.to++] = 0xa0 | length
    else if (length < 256) {
      out[this.to++] = 0xd9
      out[this.to++] = length
    } else if (length < 65536) {
      out[this.to++] = 0xda
      this.u16(length)
    } else {
      out[this.to++] = 0xdb
      this.u16(length >>> 16)
      this.u16(length)
    }
  }

  arrayHead(count: number): void {
    if (count < 16) this.out[this.to++] = 0x90 | count
    else if (count < 65536) {
      this.out[this.to++] = 0xdc
      this.u16(count)
    } else {
      this.out[this.to++] = 0xdd
      this.u16(count >>> 16)
      this.u16(count)
    }
  }

  /** A string that is not in the source: typeMeta's. */
  ownText(text: string): void {
    const bytes = Buffer.byteLength(text)
    this.stringHead(bytes)
    this.to += this.out.write(text, this.to)
  }

  u16(value: number): void {
    this.out[this.to++] = value >> 8
    this.out[this.to++] = value
  }

  /** Cursor on the opening quote of a string with escapes: decodes behind the longest head, then moves it up. */
  #escaped(): void {
    const start = this.at + 1
    const end = this.scanString()
    const head = this.to
    const body = head + 5
    const length = this.#unescape(start, end, body) - body
    this.to = head
    this.stringHead(length)
    if (this.to !== body) this.out.copyWithin(this.to, body, body + length)
    this.to += length
    this.at = end + 1
  }

  #unescape(at: number, end: number, to: number): number {
    const { bytes, out } = this
    while (at < end) {
      const c = bytes[at++] as number
      if (c !== ch.backslash) {
        out[to++] = c
        continue
      }
      const e = bytes[at++] as number
      if (e !== 117) {
        out[to++] = escapeValue[e] as number
        continue
      }
      let unit = this.#unit(at)
      at += 4
      if (unit < 0x80) {
        out[to++] = unit
      } else if (unit < 0x800) {
        out[to++] = 0xc0 | (unit >> 6)
        out[to++] = 0x80 | (unit & 63)
      } else {
        if ((unit & 0xf800) === 0xd800) {
          const low = bytes[at] === ch.backslash && bytes[at + 1] === 117 ? this.#unit(at + 2) : 0
          if (unit >= 0xdc00 || (low & 0xfc00) !== 0xdc00) throw Detour.rawJson
          at += 6
          unit = 0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff)
          out[to++] = 0xf0 | (unit >> 18)
          out[to++] = 0x80 | ((unit >> 12) & 63)
        } else {
          out[to++] = 0xe0 | (unit >> 12)
        }
        out[to++] = 0x80 | ((unit >> 6) & 63)
        out[to++] = 0x80 | (unit & 63)
      }
    }
    return to
  }

  #unit(at: number): number {
    const bytes = this.bytes
    return (
      ((hexValue[bytes[at] as number] as number) << 12) |
      ((hexValue[bytes[at + 1] as number] as number) << 8) |
      ((hexValue[bytes[at + 2] as number] as number) << 4) |
      (hexValue[bytes[at + 3] as number] as number)
    )
  }

  /** Cursor on the first byte of a number. */
  number(): void {
    const start = this.at
    const isPlain = this.scanNumber()
    const end = this.at
    const bytes = this.bytes
    const isNegative = bytes[start] === ch.minus
    const digitsAt = isNegative ? start + 1 : start
    if (end - digitsAt > (isPlain ? 15 : 16)) {
      this.#double(Number(bytes.latin1Slice(start, end)))
      return
    }
    let value = 0
    let dotAt = end
    for (let i = digitsAt; i < end; i++) {
      const digit = (bytes[i] as number) - 48
      if (digit >= 0 && digit <= 9) value = value * 10 + digit
      else if (dotAt === end && digit === ch.dot - 48) dotAt = i
      else {
        this.#double(Number(bytes.latin1Slice(start, end)))
        return
      }
    }
    if (dotAt < end) {
      // Both are exact (15 digits, a power of ten below 10^23), so their quotient is rounded once: as Number() does.
      value /= powersOfTen[end - dotAt - 1] as number
      this.#double(isNegative ? -value : value)
    } else if (isNegative) this.#negative(value)
    else this.#positive(value)
  }

  #positive(value: number): void {
    const out = this.out
    if (value < 64) out[this.to++] = value
    else if (value < 256) {
      out[this.to++] = 0xcc
      out[this.to++] = value
    } else if (value < 65536) {
      out[this.to++] = 0xcd
      this.u16(value)
    } else if (value <= 0xffffffff) {
      out[this.to++] = 0xce
      this.u16(value >>> 16)
      this.u16(value)
    } else this.#double(value)
  }

  #negative(value: number): void {
    const out = this.out
    // -0 is a double: no integer of MessagePack has its sign.
    if (value === 0 || value > 0x80000000) this.#double(-value)
    else if (value <= 32) out[this.to++] = 256 - value
    else if (value <= 128) {
      out[this.to++] = 0xd0
      out[this.to++] = 256 - value
    } else if (value <= 32768) {
      out[this.to++] = 0xd1
      this.u16(65536 - value)
    } else {
      out[this.to++] = 0xd2
      this.u16(-value >> 16)
      this.u16(-value)
    }
  }

  #double(value: number): void {
    this.out[this.to] = 0xcb
    this.outView.setFloat64(this.to + 1, value)
    this.to += 9
  }

  /** Cursor on `t`, `f` or `n`. */
  word(): void {
    const c = this.bytes[this.at]
    this.scanLiteral()
    this.out[this.to++] = c === 116 ? 0xc3 : c === 102 ? 0xc2 : 0xc0
  }
}

const signBits = 0x80808080 | 0
const powersOfTen = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent)

function mix(hash: number, word: number): number {
  const h = Math.imul(hash ^ word, 0x9e3779b1 | 0)
  return h ^ (h >>> 13)
}
