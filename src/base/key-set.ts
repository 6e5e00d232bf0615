import { KeyMap } from './key-map.ts'

/** Above this a plain Set would begin to rehash for longer than a part of a millisecond. */
const plainCountMax = 4096

/** A set of keys, small ones as cheap as a Set and large ones without its pauses; see {@link KeyMap}. */
export class KeySet implements Iterable<string> {
  #plain: Set<string> | undefined = new Set()
  #sharded: KeyMap<true> | undefined

  get size(): number {
    return this.#plain?.size ?? this.#sharded?.size ?? 0
  }

  has(key: string): boolean {
    return this.#plain?.has(key) ?? this.#sharded?.get(key) === true
  }

  add(key: string): void {
    if (this.#plain === undefined) this.#sharded?.set(key, true)
    else {
      this.#plain.add(key)
      if (this.#plain.size > plainCountMax) this.#shard(this.#plain)
    }
  }

  delete(key: string): boolean {
    return this.#plain?.delete(key) ?? this.#sharded?.delete(key) ?? false
  }

  /** As a KeyMap's: every key that is present throughout comes exactly once. */
  *[Symbol.iterator](): Generator<string, void> {
    if (this.#plain !== undefined) yield* this.#plain
    else if (this.#sharded !== undefined) for (const [key] of this.#sharded.entries()) yield key
  }

  /** The plain set stays as it is: somebody may be iterating over it. */
  #shard(plain: ReadonlySet<string>): void {
    const sharded = new KeyMap<true>()
    for (const key of plain) sharded.set(key, true)
    this.#sharded = sharded
    this.#plain = undefined
  }
}
