/** At most `countMax` initial lists at once: each holds server seats, memory and a worker. First come, first served. */
export class SyncPermits {
  readonly #countMax: number
  readonly #holders = new Set<object>()
  readonly #waiting = new Map<object, () => void>()

  constructor(countMax: number) {
    this.#countMax = countMax
  }

  get heldCount(): number {
    return this.#holders.size
  }

  get waitingCount(): number {
    return this.#waiting.size
  }

  /** Calls `granted` once, now or later. A holder that asks again is granted at once. */
  request(holder: object, granted: () => void): void {
    if (this.#holders.has(holder) || this.#holders.size < this.#countMax) {
      this.#holders.add(holder)
      granted()
    } else this.#waiting.set(holder, granted)
  }

  /** Also withdraws a request that still waits. Must be called when a holder dies, or its permit is lost for ever. */
  release(holder: object): void {
    this.#waiting.delete(holder)
    if (!this.#holders.delete(holder)) return
    for (const [next, granted] of this.#waiting) {
      this.#waiting.delete(next)
      this.#holders.add(next)
      granted()
      return
    }
  }
}
