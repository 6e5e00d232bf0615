const shardCount = 64

/**
 * Key → value for up to some millions of keys without long pauses: one Map growing to a million entries rehashes
 * for 150 ms at once, 64 of them grow one at a time. Iteration order is unspecified; iterating while keys come and
 * go is safe (a key present throughout is seen exactly once).
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
 * Names differ near their end (hash suffixes, ordinals), so the last characters decide; the length and two characters
 * further in tell apart what ends alike. Hashing the whole key would cost more than the lookup.
 */
function shardOf(key: string): number {
  const n = key.length
  const hash =
    key.charCodeAt(n - 1) * 31 +
    key.charCodeAt(n - 2) * 131 +
    key.charCodeAt(n - 3) * 17 +
    key.charCodeAt(n >> 1) * 7 +
    key.charCodeAt((n * 3) >> 2) * 61 +
    n
  // charCodeAt beyond the text is NaN, and NaN & 63 is 0.
  return (hash ^ (hash >> 6)) & (shardCount - 1)
}
