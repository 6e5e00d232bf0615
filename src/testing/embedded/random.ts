/** Seeded numbers (mulberry32): the same seed gives the same cluster and the same churn on every machine. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** Uniform in [0, 2^32). */
  uint32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }

  /** Uniform in [0, 1). */
  next(): number {
    return this.uint32() / 2 ** 32
  }

  /** Uniform in [0, max). */
  below(max: number): number {
    return Math.floor(this.next() * max)
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T
  }

  hex(digits: number): string {
    let text = ''
    while (text.length < digits) {
      const bits = this.uint32()
      text += (hexPairs[bits & 255] as string) + hexPairs[(bits >>> 8) & 255]
      text += (hexPairs[(bits >>> 16) & 255] as string) + hexPairs[bits >>> 24]
    }
    return text.slice(0, digits)
  }

  /** The letters that Kubernetes makes name suffixes of: no vowels. */
  suffix(length: number): string {
    let text = ''
    while (text.length < length) text += suffixLetters.charAt(this.below(suffixLetters.length))
    return text
  }

  uid(): string {
    return `${this.hex(8)}-${this.hex(4)}-4${this.hex(3)}-a${this.hex(3)}-${this.hex(12)}`
  }
}

const hexPairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const suffixLetters = 'bcdfghjklmnpqrstvwxz2456789'
