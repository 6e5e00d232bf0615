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
  /** Another one in every table: whoever may name objects cannot choose names that share a slot. */
  readonly #seed: number
  size = 0

  constructor(random: () => number) {
    this.#seed = Math.floor(random() * 2 ** 32) | 0
    this.#lastHash = hashOf('', this.#seed)
  }

  get(key: string): VersionCell<E> | undefined {
    const hash = hashOf(key, this.#seed)
    this.#lastKey = key
    this.#lastHash = hash
    const part = this.#parts[hash >>> 24]
    if (part === undefined) return undefined
    const slot = find(part, hash, key)
    return slot < 0 ? undefined : part.cells[slot]
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
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) | 1
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
