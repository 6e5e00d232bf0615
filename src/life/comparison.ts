import type { Pump, Slicer } from '../base/slicer.ts'
import type { Indexer } from '../indexer/indexer.ts'
import { sameUid, version as versionAt } from '../protocol/record-header.ts'
import { parseResourceVersion, type ResourceVersion } from '../protocol/resource-version.ts'
import type { Cell } from './change-fan.ts'

export interface ComparisonOptions {
  /** Holds everything up to `version`, and perhaps more. */
  readonly cache: Indexer
  /** A complete list. */
  readonly listed: Indexer
  /** Of the list; later pages of it may be newer. */
  readonly version: string
  readonly nowMs: () => number
  /** Nothing is known of this key. */
  readonly isUnknown: (key: string) => boolean
  /** The list had objects whose keys could not be read: what it lacks is no surplus. */
  readonly canMissListed: boolean
}

export interface Differences {
  readonly compared: number
  readonly missing: number
  readonly stale: number
  readonly surplus: number
  /** Of all three. */
  readonly count: number
  /** How many of them are no longer there. */
  countRepaired(): number
}

interface Difference {
  /** The version that should be cached; undefined: none should. */
  readonly expected: ResourceVersion | undefined
  /** The one that was; undefined: none. */
  readonly found: ResourceVersion | undefined
}

/** Looks for the keys in which a cache differs from a list, in slices. */
export class Comparison implements Pump, Differences {
  readonly #options: ComparisonOptions
  readonly #version: ResourceVersion
  readonly #differences = new Map<string, Difference>()
  readonly #done = Promise.withResolvers<void>()
  #listedCells: Iterator<Cell> | undefined
  #cachedCells: Iterator<Cell> | undefined
  compared = 0
  missing = 0
  stale = 0
  surplus = 0

  constructor(options: ComparisonOptions) {
    this.#options = options
    this.#version = parseResourceVersion(options.version)
  }

  run(slicer: Slicer): Promise<void> {
    this.#listedCells = this.#options.listed.cells()
    this.#cachedCells = this.#options.cache.cells()
    slicer.wake(this)
    return this.#done.promise
  }

  pump(deadlineMs: number): boolean {
    const { nowMs } = this.#options
    let seen = 0
    const isLate = (): boolean => (++seen & 63) === 0 && nowMs() >= deadlineMs
    for (let next = this.#listedCells?.next(); next?.done === false; next = this.#listedCells?.next()) {
      this.#compareListed(next.value)
      if (isLate()) return true
    }
    this.#listedCells = undefined
    for (let next = this.#cachedCells?.next(); next?.done === false; next = this.#cachedCells?.next()) {
      this.#compareCached(next.value)
      if (isLate()) return true
    }
    this.#cachedCells = undefined
    this.#done.resolve()
    return false
  }

  get count(): number {
    return this.#differences.size
  }

  countRepaired(): number {
    const { cache } = this.#options
    let count = 0
    for (const [key, { expected, found }] of this.#differences) {
      const cell = cache.cell(key)
      const version = cell && versionOf(cell)
      // After a new list a key that is not cached is one that the server does not have any more. One that is cached as it
      // was is as wrong as it was, also in a version above the list's: that is of a history which was lost.
      if (version === undefined || (version !== found && version >= (expected ?? this.#version))) count++
    }
    return count
  }

  #compareListed(listed: Cell): void {
    const { cache, isUnknown } = this.#options
    const { key } = listed
    this.compared++
    const expected = versionOf(listed)
    const cell = cache.cell(key)
    if (cell !== undefined && this.#isRight(cell, listed, expected)) return
    if (isUnknown(key) || !this.#mustHold(expected)) return
    if (cell === undefined) this.missing++
    else if (cache.isComparable(key, cell)) this.stale++
    else return
    this.#differences.set(key, { expected, found: cell && versionOf(cell) })
  }

  #compareCached(cell: Cell): void {
    const { listed, cache, isUnknown, canMissListed } = this.#options
    const { key } = cell
    if (listed.cell(key) !== undefined) return
    this.compared++
    if (canMissListed || !(versionOf(cell) <= this.#version)) return
    if (isUnknown(key) || !cache.isComparable(key, cell)) return
    this.surplus++
    this.#differences.set(key, { expected: undefined, found: versionOf(cell) })
  }

  #isRight(cell: Cell, listed: Cell, expected: ResourceVersion): boolean {
    const version = versionOf(cell)
    if (version === expected) return sameUid(cell.slab.bytes, cell.offset, listed.slab.bytes, listed.offset)
    // Newer than the list's beginning: it changed since. Newer than what is listed alone: history is another one.
    return version > this.#version && version > expected
  }

  /** Everything up to there has been applied; a page may be newer than that. */
  #mustHold(expected: ResourceVersion): boolean {
    return expected <= this.#version
  }
}

function versionOf(cell: Cell): ResourceVersion {
  return versionAt(cell.slab.bytes, cell.offset)
}
