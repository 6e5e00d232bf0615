import { KeyMap } from '../base/key-map.ts'
import { sameUid } from '../protocol/record-header.ts'
import {
  hasPlainIdentity,
  identityBytes,
  identityRecord,
  plainIdentityRecord,
} from '../protocol/record-identity.ts'
import { recordOffsets } from '../protocol/record-layout.ts'
import { Slab, VersionCell } from '../protocol/record-store.ts'

/** Stands for a state that a handler was given and nobody has any more: its uid and version are known, no object. */
export class HandedCell<E> extends VersionCell<E> {
  constructor(record: Buffer) {
    // In no store: it counts as cached, so that using and releasing it concerns nobody.
    super(new Slab<E>(record, undefined as E), 0, record.length, 0)
  }
}

const slotsPerChunk = 1024

/**
 * Uid and version of what a listener's handlers were given last, per key: 24 bytes in chunks, where a text is in neither,
 * beside the map's entry. Chunks stay at the most there ever were.
 */
export class HandedKeys<E> {
  /** Where the identity is, or itself as a record. */
  readonly #places = new KeyMap<number | Buffer>()
  #chunks: Buffer[] = []
  #free: number[] = []
  #slotCount = 0

  has(key: string): boolean {
    return this.#places.get(key) !== undefined
  }

  set(key: string, { slab: { bytes }, offset }: VersionCell<E>): void {
    const known = this.#places.get(key)
    if (!hasPlainIdentity(bytes, offset)) {
      if (typeof known === 'number') this.#free.push(known)
      this.#places.set(key, identityRecord(bytes, offset))
      return
    }
    const slot = typeof known === 'number' ? known : this.#newSlot()
    const from = offset + recordOffsets.version
    bytes.copy(this.#chunkOf(slot), placeOf(slot), from, from + identityBytes)
    if (slot !== known) this.#places.set(key, slot)
  }

  delete(key: string): void {
    const place = this.#places.get(key)
    if (place === undefined) return
    if (typeof place === 'number') this.#free.push(place)
    this.#places.delete(key)
  }

  clear(): void {
    this.#places.clear()
    this.#chunks = []
    this.#free = []
    this.#slotCount = 0
  }

  /** What was handed, to compare and to tell; undefined: nothing was. */
  get(key: string): HandedCell<E> | undefined {
    const place = this.#places.get(key)
    if (place === undefined) return undefined
    return new HandedCell<E>(
      typeof place === 'number' ? plainIdentityRecord(this.#chunkOf(place), placeOf(place)) : place,
    )
  }

  #newSlot(): number {
    const free = this.#free.pop()
    if (free !== undefined) return free
    if (this.#slotCount % slotsPerChunk === 0) {
      this.#chunks.push(Buffer.allocUnsafeSlow(slotsPerChunk * identityBytes))
    }
    return this.#slotCount++
  }

  #chunkOf(slot: number): Buffer {
    return this.#chunks[Math.floor(slot / slotsPerChunk)] as Buffer
  }
}

/** Whether both are states of one object: of one uid, not of one name only. */
export function isSameObject<E>(a: VersionCell<E>, b: VersionCell<E>): boolean {
  return sameUid(a.slab.bytes, a.offset, b.slab.bytes, b.offset)
}

function placeOf(slot: number): number {
  return (slot % slotsPerChunk) * identityBytes
}
