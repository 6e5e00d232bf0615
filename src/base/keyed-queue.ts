/** An item of a {@link KeyedQueue}; `next` is the queue's to write. */
export interface Queued<Item> {
  readonly key: string
  next: Item | undefined
}

/**
 * First in, first out, and found by key: what is in front of every DeltaFIFO, the worker's and the public one.
 *
 * A key has one item, whose place is that of its first `push`: whoever changes the item in place does not move it.
 * Items put in by `mark` keep their place among the others and stand under no key. Everything is O(1) and makes nothing
 * but the Map's own entry.
 */
export class KeyedQueue<Item extends Queued<Item>, Keyed extends Item = Item> {
  readonly #byKey = new Map<string, Keyed>()
  #head: Item | undefined
  #tail: Item | undefined

  /** Keys queued. */
  get keyCount(): number {
    return this.#byKey.size
  }

  get head(): Item | undefined {
    return this.#head
  }

  get(key: string): Keyed | undefined {
    return this.#byKey.get(key)
  }

  keys(): MapIterator<string> {
    return this.#byKey.keys()
  }

  /** Its key must not be queued. */
  push(item: Keyed): void {
    this.#byKey.set(item.key, item)
    this.mark(item)
  }

  mark(item: Item): void {
    if (this.#tail === undefined) this.#head = item
    else this.#tail.next = item
    this.#tail = item
  }

  shift(): Item | undefined {
    const item = this.#head
    if (item === undefined) return undefined
    this.#head = item.next
    if (this.#head === undefined) this.#tail = undefined
    item.next = undefined
    // A mark may name a key that is queued behind it.
    if (this.#byKey.get(item.key) === item) this.#byKey.delete(item.key)
    return item
  }

  clear(): void {
    this.#byKey.clear()
    this.#head = undefined
    this.#tail = undefined
  }
}
