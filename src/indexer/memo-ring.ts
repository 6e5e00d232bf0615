/**
 * Objects that were asked for twice by key: 256 slots, overwritten in turn.
 *
 * A ring of fixed arrays, not a Map used as LRU: re-inserting promotes young objects and makes scavenges of 100 ms.
 * The second `get` fills it: one pass of gets over a whole cache must not churn it.
 */
export class MemoRing<K extends object> {
  readonly #keys: (K | undefined)[]
  readonly #objects: unknown[]
  readonly #slotOf = new Map<K, number>()
  readonly #askedOnce: (K | undefined)[]
  readonly #mask: number
  #next = 0
  #nextAsked = 0

  constructor(count: number) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(1, count)))
    this.#keys = new Array(size).fill(undefined)
    this.#objects = new Array(size).fill(undefined)
    this.#askedOnce = new Array(size).fill(undefined)
    this.#mask = size - 1
  }

  get(key: K): unknown {
    const slot = this.#slotOf.get(key)
    return slot === undefined ? undefined : this.#objects[slot]
  }

  /** `object` was made for `key`; it is kept if the same key was asked for a short while ago. */
  offer(key: K, object: unknown): void {
    const asked = this.#askedOnce.indexOf(key)
    if (asked < 0) {
      this.#askedOnce[this.#nextAsked] = key
      this.#nextAsked = (this.#nextAsked + 1) & this.#mask
      return
    }
    this.#askedOnce[asked] = undefined
    const slot = this.#next
    this.#next = (slot + 1) & this.#mask
    const old = this.#keys[slot]
    if (old !== undefined) this.#slotOf.delete(old)
    this.#keys[slot] = key
    this.#objects[slot] = object
    this.#slotOf.set(key, slot)
  }

  /** The version is no longer cached: whoever asks again must get the new one. */
  forget(key: K): void {
    const slot = this.#slotOf.get(key)
    if (slot === undefined) return
    this.#slotOf.delete(key)
    this.#keys[slot] = undefined
    this.#objects[slot] = undefined
  }
}
