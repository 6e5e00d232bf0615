import { KeySet } from '../base/key-set.ts'

/**
 * Keys that wait to be compared with the cache, each once.
 *
 * They come out in rounds: what is added meanwhile belongs to the next one. So a round ends, and a key that keeps
 * changing cannot keep another one waiting.
 */
export class StaleKeys {
  #round = new KeySet()
  #next = new KeySet()
  #keys: Iterator<string> | undefined

  get size(): number {
    return this.#round.size + this.#next.size
  }

  has(key: string): boolean {
    return this.#round.has(key) || this.#next.has(key)
  }

  add(key: string): void {
    if (!this.#round.has(key)) this.#next.add(key)
  }

  delete(key: string): void {
    if (!this.#round.delete(key)) this.#next.delete(key)
  }

  take(): string | undefined {
    if (this.#round.size === 0) {
      if (this.#next.size === 0) return undefined
      this.#round = this.#next
      this.#next = new KeySet()
      this.#keys = undefined
    }
    this.#keys ??= this.#round[Symbol.iterator]()
    const next = this.#keys.next()
    // Not empty and nothing is ever added to it: there is a next one.
    const key = next.value as string
    this.#round.delete(key)
    return key
  }

  clear(): void {
    this.#round = new KeySet()
    this.#next = new KeySet()
    this.#keys = undefined
  }
}
