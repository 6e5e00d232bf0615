/**
 * A live view of cached objects. Each iteration walks the cache as it is then and unpacks one object at a time, so
 * a list of any size costs no memory; nothing is remembered between iterations, and object identity is not promised.
 * Deleting and adding keys meanwhile is safe: a key present throughout is seen exactly once. Order is unspecified.
 *
 * @example
 * for (const pod of pods.lister.list({ namespace: 'default', labelSelector: 'app=web' })) console.log(pod.metadata.name)
 */
export class ObjectList<T> implements Iterable<T> {
  readonly #iterate: () => Generator<T, void>
  readonly #count: () => number

  constructor(iterate: () => Generator<T, void>, count: () => number) {
    this.#iterate = iterate
    this.#count = count
  }

  /** Number of objects now. With a label selector this looks at the labels of every candidate, unpacking none. */
  get size(): number {
    return this.#count()
  }

  [Symbol.iterator](): Generator<T, void> {
    return this.#iterate()
  }

  map<R>(fn: (object: T) => R): R[] {
    const result: R[] = []
    for (const object of this.#iterate()) result.push(fn(object))
    return result
  }

  filter(fn: (object: T) => boolean): T[] {
    const result: T[] = []
    for (const object of this.#iterate()) if (fn(object)) result.push(object)
    return result
  }

  find(fn: (object: T) => boolean): T | undefined {
    for (const object of this.#iterate()) if (fn(object)) return object
    return undefined
  }

  some(fn: (object: T) => boolean): boolean {
    for (const object of this.#iterate()) if (fn(object)) return true
    return false
  }

  /** All objects at once: the one call that costs memory in proportion. */
  toArray(): T[] {
    return this.map((object) => object)
  }
}
