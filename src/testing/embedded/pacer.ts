/** How many pieces of work are due, evenly over time. Pure: the caller brings the clock. */
export class Pacer {
  readonly #perSecond: number
  readonly #startMs: number
  readonly #stepMax: number
  /** Debt above this is given up: paying it back would be the burst that a pacer is there to avoid. */
  readonly #debtMax: number
  #taken = 0
  #missed = 0

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond
    this.#startMs = nowMs
    // A step is what 10 ms bring, a debt what half a second does.
    this.#stepMax = Math.max(1, Math.ceil(perSecond / 100))
    this.#debtMax = Math.max(1, Math.ceil(perSecond / 2))
  }

  get missed(): number {
    return this.#missed
  }

  /** Takes the next step's share: 0 when nothing is due. */
  take(nowMs: number): number {
    const due = Math.floor(((nowMs - this.#startMs) * this.#perSecond) / 1000) - this.#taken - this.#missed
    if (due <= 0) return 0
    if (due > this.#debtMax) this.#missed += due - this.#debtMax
    const step = Math.min(due, this.#stepMax)
    this.#taken += step
    return step
  }

  /** Whether more is due already: the next step should come at once, after I/O had its turn. */
  isBehind(nowMs: number): boolean {
    return ((nowMs - this.#startMs) * this.#perSecond) / 1000 - this.#taken - this.#missed >= this.#stepMax
  }
}
