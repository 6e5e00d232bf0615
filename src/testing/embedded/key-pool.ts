/** Keys to pick from at random: adding, removing and picking cost the same for a million as for ten. */
export class KeyPool {
  readonly #keys: string[] = []
  readonly #places = new Map<string, number>()

  constructor(keys: Iterable<string>) {
    for (const key of keys) this.add(key)
  }

  get size(): number {
    return this.#keys.length
  }

  at(index: number): string {
    return this.#keys[index] as string
  }

  add(key: string): void {
    if (this.#places.has(key)) return
    this.#places.set(key, this.#keys.length)
    this.#keys.push(key)
  }

  delete(key: string): void {
    const place = this.#places.get(key)
    if (place === undefined) return
    this.#places.delete(key)
    const last = this.#keys.pop() as string
    if (place === this.#keys.length) return
    this.#keys[place] = last
    this.#places.set(last, place)
  }
}
