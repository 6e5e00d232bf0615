import type { StoredObject } from './stored-object.ts'

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED'

/** One change of one resource. `object` carries the change's version; of a deletion it is the last state. */
export interface Change {
  readonly type: ChangeType
  readonly version: number
  readonly object: StoredObject
  readonly previous: StoredObject | undefined
  /** No watcher is told: a planted loss. */
  readonly isLost: boolean
}

export interface HistoryBounds {
  readonly countMax: number
  readonly bytesMax: number
}

/**
 * The last changes of one resource, in order, bounded in count and bytes.
 * Positions count all changes ever made, so that a stream goes on by a number instead of a copy of its own.
 */
export class History {
  readonly #bounds: HistoryBounds
  readonly #ring: (Change | undefined)[]
  #first = 0
  #end = 0
  #bytes = 0
  /** Resuming needs every change after the version: at this version and above it is all there. */
  #floor: number

  constructor(bounds: HistoryBounds, floor: number) {
    this.#bounds = bounds
    this.#ring = new Array<Change | undefined>(Math.max(1, bounds.countMax)).fill(undefined)
    this.#floor = floor
  }

  /** Position of the oldest change held. */
  get first(): number {
    return this.#first
  }

  /** Position that the next change gets. */
  get end(): number {
    return this.#end
  }

  get floor(): number {
    return this.#floor
  }

  get bytes(): number {
    return this.#bytes
  }

  at(position: number): Change {
    if (position < this.#first || position >= this.#end) throw new RangeError(`no change at ${position}`)
    return this.#ring[position % this.#ring.length] as Change
  }

  push(change: Change): void {
    if (this.#end - this.#first === this.#ring.length) this.#evict()
    this.#ring[this.#end % this.#ring.length] = change
    this.#end++
    this.#bytes += change.object.body.length
    while (this.#bytes > this.#bounds.bytesMax && this.#end - this.#first > 1) this.#evict()
  }

  /** Forgets everything up to and including `version`. */
  compact(version: number): void {
    while (this.#first < this.#end && this.at(this.#first).version <= version) this.#evict()
    if (this.#floor < version) this.#floor = version
  }

  /** Takes back the newest change, for a restore. Its position is used again: no stream may be open. */
  pop(): Change {
    const change = this.at(this.#end - 1)
    this.#ring[(this.#end - 1) % this.#ring.length] = undefined
    this.#end--
    this.#bytes -= change.object.body.length
    return change
  }

  /** Position of the first change above `version`; undefined when some of them are forgotten. */
  positionAfter(version: number): number | undefined {
    if (version < this.#floor) return undefined
    let low = this.#first
    let high = this.#end
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if (this.at(middle).version <= version) low = middle + 1
      else high = middle
    }
    return low
  }

  #evict(): void {
    const slot = this.#first % this.#ring.length
    const change = this.#ring[slot] as Change
    this.#ring[slot] = undefined
    this.#first++
    this.#bytes -= change.object.body.length
    this.#floor = change.version
  }
}
