import { KeySet } from '../base/key-set.ts'

/** One index: value → keys. Empty sets are removed, so churn of values (pod templates, job names) leaves nothing. */
export class ValueIndex {
  readonly #keys = new Map<string, KeySet>()

  keysOf(value: string): KeySet | undefined {
    return this.#keys.get(value)
  }

  values(): IterableIterator<string> {
    return this.#keys.keys()
  }

  add(value: string, key: string): void {
    let keys = this.#keys.get(value)
    if (keys === undefined) this.#keys.set(value, (keys = new KeySet()))
    keys.add(key)
  }

  delete(value: string, key: string): void {
    const keys = this.#keys.get(value)
    if (keys === undefined) return
    keys.delete(key)
    if (keys.size === 0) this.#keys.delete(value)
  }

  /** A key that stays under a value keeps its place there: an iteration would meet it again at the end. */
  move(key: string, before: readonly string[], after: readonly string[]): void {
    for (const value of before) if (!after.includes(value)) this.delete(value, key)
    for (const value of after) this.add(value, key)
  }
}
