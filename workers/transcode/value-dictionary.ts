import { valueCountMax } from '../../src/protocol/record-layout.ts'

/** Strings shorter than this are no longer than a reference to them; longer than the other hardly ever recur. */
export const valueBytesMin = 2
export const valueBytesMax = 256

const probeMax = 16
const candidatesMax = 1 << 15
/** Owner of a string that more than one object has. */
const many = 0x7fffffff
const ownCountMax = 16

/**
 * Strings that recur in different objects, each with an id that never changes.
 *
 * Which strings enter is a guess (a table of fingerprints, one slot each, newer ones replace older); what an id
 * means is exact: every reference was compared byte by byte. Bounds: `countMax` strings, `bytesMax` bytes of text.
 * A lookup takes at most 16 steps, so that chosen collisions cost a literal, not time.
 */
export class ValueDictionary {
  readonly values: string[] = []
  /** Texts with their closing quote, as little-endian words, the last one masked; see {@link wordsAt}. */
  words: Int32Array<ArrayBuffer> = new Int32Array(1 << 12)
  #wordCount = 0
  /** By id: first word, number of words, mask of the last word, bytes of text. */
  wordsAt: Int32Array<ArrayBuffer> = new Int32Array(1 << 10)
  byteLengths: Int32Array<ArrayBuffer> = new Int32Array(1 << 10)
  #hashes = new Int32Array(1 << 10)
  /** Open addressing: id + 1. */
  #slots = new Int32Array(1 << 12)
  #textBytes = 0
  readonly #ownIds = new Map<string, number>()
  readonly #bytesMax: number
  readonly #countMax: number

  // Pairs: hash of the text, owner of the object it was seen in, or `many`. Side by side: each look is one cache line.
  // Small at first: hundreds of watches may share a thread, most of them of few objects.
  #candidates = new Int32Array(2 << 10)
  /** Candidates that took another one's slot. */
  #evictions = 0
  #sighted = new Int32Array(256)
  #sightedCount = 0

  constructor(bounds: { countMax: number; bytesMax: number }) {
    this.#countMax = Math.min(bounds.countMax, valueCountMax)
    this.#bytesMax = bounds.bytesMax
  }

  get isFull(): boolean {
    return this.values.length >= this.#countMax || this.#textBytes + valueBytesMax > this.#bytesMax
  }

  /** Id of the text of `length` bytes at `at` in `view`, followed by a quote there; -1: not in the dictionary. */
  find(view: DataView, at: number, length: number, hash: number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    for (let i = hash & mask, step = 0; step < probeMax; i = (i + 1) & mask, step++) {
      const id = (slots[i] as number) - 1
      if (id < 0) return -1
      if (this.#hashes[id] === hash && this.byteLengths[id] === length && this.matches(view, at, id))
        return id
    }
    return -1
  }

  /** Whether the text of `id`, closing quote included, stands at `at`. */
  matches(view: DataView, at: number, id: number): boolean {
    const words = this.words
    const length = (this.byteLengths[id] as number) + 1
    let word = this.wordsAt[id] as number
    const end = at + (length & ~3)
    for (; at < end; at += 4, word++) if (view.getInt32(at, true) !== words[word]) return false
    const rest = length & 3
    return rest === 0 || (view.getInt32(at, true) & ((1 << (rest << 3)) - 1)) === words[word]
  }

  /**
   * Id of a string that stands in every object though not in its source (a list's apiVersion and kind): enters at once.
   * A second id for the same text, should the source have it too, does no harm.
   */
  ownId(text: string): number {
    let id = this.#ownIds.get(text)
    if (id === undefined) {
      if (this.#ownIds.size >= ownCountMax) return -1
      const bytes = Buffer.from(`${text}"\0\0\0`)
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
      // No hash: never to be found by find(), which hashes as it scans.
      const length = bytes.length - 4
      id = length <= valueBytesMax ? this.admit(view, 0, length, 0, text) : -1
      this.#ownIds.set(text, id)
    }
    return id
  }

  /** A string not found: whether it was seen in enough objects to enter now. Remembers the sight otherwise. */
  sight(hash: number): boolean {
    const slot = this.#candidateSlot(hash)
    if (this.#candidates[slot] === hash && this.#candidates[slot + 1] === many) return true
    if (this.#sightedCount === this.#sighted.length) {
      // More unknown strings than most objects have strings: the rest of them is not worth remembering.
      if (this.#sightedCount >= 4096) return false
      const grown = new Int32Array(this.#sightedCount * 2)
      grown.set(this.#sighted)
      this.#sighted = grown
    }
    this.#sighted[this.#sightedCount++] = hash
    return false
  }

  /**
   * Ends an object. `owner` identifies it across its versions: a string that only one object has does not enter, however
   * often that object is updated; without this every busy object's own name would.
   */
  endObject(owner: number): void {
    const candidates = this.#candidates
    for (let i = 0; i < this.#sightedCount; i++) {
      const hash = this.#sighted[i] as number
      const slot = this.#candidateSlot(hash)
      if (candidates[slot] !== hash) {
        if (candidates[slot] !== 0) this.#evictions++
        candidates[slot] = hash
        candidates[slot + 1] = owner === many ? 0 : owner
      } else if (candidates[slot + 1] !== owner) {
        candidates[slot + 1] = many
      }
    }
    this.#sightedCount = 0
    if (this.#evictions * 8 > candidates.length && candidates.length < candidatesMax * 2)
      this.#growCandidates()
  }

  #candidateSlot(hash: number): number {
    return ((hash ^ (hash >>> 15)) << 1) & (this.#candidates.length - 1)
  }

  #growCandidates(): void {
    const old = this.#candidates
    this.#candidates = new Int32Array(old.length * 4)
    this.#evictions = 0
    for (let i = 0; i < old.length; i += 2) {
      const slot = this.#candidateSlot(old[i] as number)
      this.#candidates[slot] = old[i] as number
      this.#candidates[slot + 1] = old[i + 1] as number
    }
  }

  /** Enters the text at `at` (see {@link find}); returns its id, -1 if there is no room. */
  admit(view: DataView, at: number, length: number, hash: number, text: string): number {
    if (this.isFull) return -1
    const slot = this.#freeSlot(hash)
    if (slot < 0) return -1
    const id = this.values.length
    this.#ensureRoom(id)
    this.values.push(text)
    this.#textBytes += length
    this.#slots[slot] = id + 1
    this.#hashes[id] = hash
    this.byteLengths[id] = length
    this.wordsAt[id] = this.#wordCount
    const size = length + 1
    for (let i = 0; i < size; i += 4) {
      const left = size - i
      const word = view.getInt32(at + i, true)
      this.words[this.#wordCount++] = left >= 4 ? word : word & ((1 << (left << 3)) - 1)
    }
    return id
  }

  #freeSlot(hash: number): number {
    const mask = this.#slots.length - 1
    for (let i = hash & mask, step = 0; step < probeMax; i = (i + 1) & mask, step++) {
      if (this.#slots[i] === 0) return i
    }
    return -1
  }

  #ensureRoom(id: number): void {
    if (id === this.byteLengths.length) {
      this.byteLengths = grow(this.byteLengths)
      this.wordsAt = grow(this.wordsAt)
      this.#hashes = grow(this.#hashes)
    }
    while (this.#wordCount + valueBytesMax / 4 + 1 > this.words.length) this.words = grow(this.words)
    if ((id + 1) * 2 > this.#slots.length) this.#rehash()
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 2)
    const mask = this.#slots.length - 1
    for (let id = 0; id < this.values.length; id++) {
      // Without a slot in reach the string is only not found any more: its id stays valid.
      const slot = this.#freeSlot(this.#hashes[id] as number)
      if (slot >= 0) this.#slots[slot & mask] = id + 1
    }
  }
}

function grow(array: Int32Array): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(array.length * 2)
  grown.set(array)
  return grown
}
