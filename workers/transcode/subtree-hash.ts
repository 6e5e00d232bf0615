/** What makes hashes unpredictable: two objects that collide on purpose would hide a change from whoever compares. */
export type HashKey = readonly [k0: number, k1: number]

/** {@link SubtreeHash.write} puts so many bytes down: one byte of MessagePack's uint64, then the hash. */
export const hashBytes = 9

/**
 * HalfSipHash-1-3 with 64 bits of result over a text's bytes, four at a time: between two keyed hashes of the same
 * text under another key nothing is the same, so that a comparison across them says "changed".
 */
export class SubtreeHash {
  readonly #key: HashKey
  #v0 = 0
  #v1 = 0
  #v2 = 0
  #v3 = 0

  constructor(key: HashKey) {
    this.#key = key
  }

  /** Of `view[start, end)`, into `out[to, to + hashBytes)`. Up to three bytes behind `end` are read and ignored. */
  write(view: DataView, start: number, end: number, out: Uint8Array, to: number): void {
    this.#absorb(view, start, end)
    this.#v2 ^= 0xee
    this.#rounds()
    const low = this.#v1 ^ this.#v3
    this.#v1 ^= 0xdd
    this.#rounds()
    writeHash(low, this.#v1 ^ this.#v3, out, to)
  }

  #absorb(view: DataView, start: number, end: number): void {
    const [k0, k1] = this.#key
    // Locals: as fields they would cost three times as much, and this loop is all there is to the hash.
    let v0 = k0 | 0
    let v1 = k1 ^ 0xee
    let v2 = 0x6c796765 ^ k0
    let v3 = 0x74656462 ^ k1
    const length = end - start
    let at = start
    for (let isLast = false; !isLast; at += 4) {
      let word: number
      if (at + 4 <= end) word = view.getInt32(at, true)
      else {
        // The rest, with the length on top: texts that differ only in zeros at their ends are different.
        const rest = end - at
        word = (rest === 0 ? 0 : view.getInt32(at, true) & (0xffffff >>> (24 - 8 * rest))) | (length << 24)
        isLast = true
      }
      v3 ^= word
      v0 = (v0 + v1) | 0
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
      v0 = (v0 + v3) | 0
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
      v2 = (v2 + v1) | 0
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
      v2 = (v2 << 16) | (v2 >>> 16)
      v0 ^= word
    }
    this.#v0 = v0
    this.#v1 = v1
    this.#v2 = v2
    this.#v3 = v3
  }

  #rounds(): void {
    for (let i = 0; i < 3; i++) {
      this.#v0 = (this.#v0 + this.#v1) | 0
      this.#v1 = rotate(this.#v1, 5) ^ this.#v0
      this.#v0 = rotate(this.#v0, 16)
      this.#v2 = (this.#v2 + this.#v3) | 0
      this.#v3 = rotate(this.#v3, 8) ^ this.#v2
      this.#v0 = (this.#v0 + this.#v3) | 0
      this.#v3 = rotate(this.#v3, 7) ^ this.#v0
      this.#v2 = (this.#v2 + this.#v1) | 0
      this.#v1 = rotate(this.#v1, 13) ^ this.#v2
      this.#v2 = rotate(this.#v2, 16)
    }
  }
}

/** Where the path leads nowhere. */
export function writeNoHash(out: Uint8Array, to: number): void {
  writeHash(0, 0, out, to)
}

const uint64 = 0xcf

function writeHash(low: number, high: number, out: Uint8Array, to: number): void {
  out[to] = uint64
  for (let i = 0; i < 4; i++) {
    out[to + 1 + i] = low >>> (8 * i)
    out[to + 5 + i] = high >>> (8 * i)
  }
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
