const shardCount = 256

/**
 * Key → value for up to some millions of keys without long pauses: one Map growing to a million entries rehashes
 * for 150 ms at once, 256 of them grow one at a time, each for less than one. Iteration order is unspecified;
 * iterating while keys come and go is safe (a key present throughout is seen exactly once).
 */
export class KeyMap<V> {
  readonly #shards: (Map<string, V> | undefined)[] = new Array(shardCount).fill(undefined)
  size = 0

  get(key: string): V | undefined {
    return this.#shards[shardOf(key)]?.get(key)
  }

  set(key: string, value: V): void {
    const index = shardOf(key)
    const shard = (this.#shards[index] ??= new Map<string, V>())
    const before = shard.size
    shard.set(key, value)
    this.size += shard.size - before
  }

  delete(key: string): boolean {
    if (this.#shards[shardOf(key)]?.delete(key) !== true) return false
    this.size--
    return true
  }

  clear(): void {
    this.#shards.fill(undefined)
    this.size = 0
  }

  *entries(): Generator<[string, V], void> {
    for (let i = 0; i < shardCount; i++) {
      const shard = this.#shards[i]
      if (shard !== undefined) yield* shard
    }
  }
}

/**
 * Of about 16 characters of the key: what tells names apart stands at their end (hash suffixes, ordinals), or in front of
 * a domain (node names). Hashing every character of a long one would cost more than the lookup.
 */
function shardOf(key: string): number {
  const n = key.length
  const stride = 1 + (n >> 4)
  // charCodeAt beyond the text is NaN, which `<<` takes for 0.
  let hash = key.charCodeAt(n - 2) << 5
  for (let i = n - 1; i >= 0; i -= stride) hash = Math.imul(hash, 31) + key.charCodeAt(i)
  return Math.imul(hash, 0x9e3779b1) >>> 24
}
