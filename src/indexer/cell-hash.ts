import type { VersionCell } from '../protocol/record-store.ts'

const partCount = 256
const partSlotsMin = 32

/** Open addressing with linear probing, at most three quarters full. */
interface Part<E> {
  /** 0: free. Compared before the cell is looked at, which would be another cache miss. */
  hashes: Int32Array
  cells: (VersionCell<E> | undefined)[]
  count: number
}

/**
 * Key → cell, by the cells' own keys. A Map of strings costs two to three times as much to fill, since each key is looked
 * for twice, and holds each key once more. In 256 parts, none of which grows for longer than a fraction of a millisecond.
 * Parts never shrink: a peak of a million keys leaves 25 MB. Cannot be iterated: where a cell stands shows nowhere.
 */
export class CellHash<E> {
  readonly #parts: (Part<E> | undefined)[] = new Array(partCount).fill(undefined)
  /** The key looked for last: what is not there is mostly added next. */
  #lastKey = ''
  #lastHash: number
  /** Keys that were announced, their hashes (0 until the text is known), and which of them is next. */
  #ahead: readonly string[] = []
  #aheadHashes = new Int32Array(0)
  #aheadAt = 0
  #aheadCount = 0
  /** Another one in every table: whoever may name objects cannot choose names that share a slot. */
  readonly #seed: number
  size = 0

  constructor(random: () => number) {
    this.#seed = Math.floor(random() * 2 ** 32) | 0
    this.#lastHash = hashOf('', this.#seed)
  }

  /**
   * Writes to `cells` what the `count` keys, the i-th from `starts[i]` to `starts[i + 1]`, lead to at first sight. A search
   * waits for memory at each step; so all take the first step, then all the second, and the processor waits for many at
   * once. {@link readKeys} comes next.
   */
  lookAhead(bytes: Buffer, starts: Int32Array, count: number, cells: (VersionCell<E> | undefined)[]): void {
    if (count > this.#aheadHashes.length) this.#aheadHashes = new Int32Array(count)
    const hashes = this.#aheadHashes
    this.#aheadCount = count
    for (let i = 0; i < count; i++) {
      hashes[i] = hashOfBytes(bytes, starts[i] as number, starts[i + 1] as number, this.#seed)
    }
    for (let i = 0; i < count; i++) {
      const hash = hashes[i] as number
      const part = this.#parts[hash >>> 24]
      const slot = part === undefined ? 0 : (hash >>> 1) & (part.hashes.length - 1)
      // Only its first place: the few that stand elsewhere are not worth a loop.
      cells[i] = part !== undefined && part.hashes[slot] === hash ? part.cells[slot] : undefined
    }
  }

  /** The keys as texts, which are asked for next, mostly in this order; `keys` may be written anew after that. */
  readKeys(
    bytes: Buffer,
    starts: Int32Array,
    cells: readonly (VersionCell<E> | undefined)[],
    keys: string[],
  ): void {
    this.#ahead = keys
    this.#aheadAt = 0
    for (let i = 0; i < this.#aheadCount; i++) {
      const start = starts[i] as number
      const end = starts[i + 1] as number
      const known = cells[i]?.key
      const key =
        known !== undefined && isText(known, bytes, start, end) ? known : bytes.toString('utf8', start, end)
      keys[i] = key
      if (this.#aheadHashes[i] === 0) this.#aheadHashes[i] = hashOf(key, this.#seed)
    }
  }

  get(key: string): VersionCell<E> | undefined {
    const hash = this.#hashOf(key)
    this.#lastKey = key
    this.#lastHash = hash
    const part = this.#parts[hash >>> 24]
    if (part === undefined) return undefined
    const slot = find(part, hash, key)
    return slot < 0 ? undefined : part.cells[slot]
  }

  #hashOf(key: string): number {
    const at = this.#aheadAt
    if (at === this.#aheadCount || this.#ahead[at] !== key) return hashOf(key, this.#seed)
    this.#aheadAt = at + 1
    return this.#aheadHashes[at] as number
  }

  /** Its key must not be there. */
  add(cell: VersionCell<E>): void {
    const hash = cell.key === this.#lastKey ? this.#lastHash : hashOf(cell.key, this.#seed)
    const part = (this.#parts[hash >>> 24] ??= makePart(partSlotsMin))
    if (part.count * 4 >= part.hashes.length * 3) grow(part)
    insert(part, hash, cell)
    this.size++
  }

  /** `cell` has the key of `old`, which must be there. */
  replace(old: VersionCell<E>, cell: VersionCell<E>): void {
    const hash = old.key === this.#lastKey ? this.#lastHash : hashOf(old.key, this.#seed)
    const part = this.#parts[hash >>> 24] as Part<E>
    part.cells[find(part, hash, old.key)] = cell
  }

  /** `cell` must be there. */
  delete(cell: VersionCell<E>): void {
    const hash = hashOf(cell.key, this.#seed)
    const part = this.#parts[hash >>> 24] as Part<E>
    vacate(part, find(part, hash, cell.key))
    this.size--
  }
}

/**
 * Every character counts: names differ anywhere (ordinals, hashes, domains). The shift after each one keeps two texts
 * that collide under one seed from colliding under all; the last lines are murmur3's, for the high bits. Never 0.
 */
export function hashOf(key: string, seed: number): number {
  let hash = seed ^ key.length
  for (let i = 0; i < key.length; i++) {
    hash = Math.imul(hash ^ key.charCodeAt(i), 0x5bd1e995)
    hash ^= hash >>> 15
  }
  return mixed(hash)
}

function mixed(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) | 1
}

/** {@link hashOf} of ASCII text, as nearly all keys are; 0: it is other text. */
function hashOfBytes(bytes: Buffer, start: number, end: number, seed: number): number {
  let hash = seed ^ (end - start)
  let all = 0
  for (let at = start; at < end; at++) {
    const code = bytes[at] as number
    all |= code
    hash = Math.imul(hash ^ code, 0x5bd1e995)
    hash ^= hash >>> 15
  }
  return all < 128 ? mixed(hash) : 0
}

/** Whether ASCII `text` stands there. */
function isText(text: string, bytes: Buffer, start: number, end: number): boolean {
  if (text.length !== end - start) return false
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false
  return true
}

function makePart<E>(slots: number): Part<E> {
  return { hashes: new Int32Array(slots), cells: new Array(slots).fill(undefined), count: 0 }
}

/** The slot of `key`; -1: it is not there. */
function find<E>(part: Part<E>, hash: number, key: string): number {
  const { hashes, cells } = part
  const mask = hashes.length - 1
  for (let slot = (hash >>> 1) & mask; hashes[slot] !== 0; slot = (slot + 1) & mask) {
    if (hashes[slot] === hash && (cells[slot] as VersionCell<E>).key === key) return slot
  }
  return -1
}

function insert<E>(part: Part<E>, hash: number, cell: VersionCell<E>): void {
  const { hashes, cells } = part
  const mask = hashes.length - 1
  let slot = (hash >>> 1) & mask
  while (hashes[slot] !== 0) slot = (slot + 1) & mask
  hashes[slot] = hash
  cells[slot] = cell
  part.count++
}

function grow<E>(part: Part<E>): void {
  const { hashes, cells } = part
  const larger = makePart<E>(hashes.length * 2)
  for (let i = 0; i < hashes.length; i++) {
    if (hashes[i] !== 0) insert(larger, hashes[i] as number, cells[i] as VersionCell<E>)
  }
  part.hashes = larger.hashes
  part.cells = larger.cells
}

/** Moves back what probed past the slot: a mark in its place would make churn of names fill the part with marks. */
function vacate<E>(part: Part<E>, slot: number): void {
  const { hashes, cells } = part
  const mask = hashes.length - 1
  let free = slot
  for (let next = (free + 1) & mask; hashes[next] !== 0; next = (next + 1) & mask) {
    const home = ((hashes[next] as number) >>> 1) & mask
    // It may not move to before its home, counted around the end.
    if (((next - home) & mask) < ((next - free) & mask)) continue
    hashes[free] = hashes[next] as number
    cells[free] = cells[next]
    free = next
  }
  hashes[free] = 0
  cells[free] = undefined
  part.count--
}
