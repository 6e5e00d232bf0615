/** Debt is paid back at this multiple of the rate: a burst would look like slow watchers to everyone who counts. */
const catchUp = 2
const stepMsMax = 25
const debtMsMax = 1_000

/** How many pieces of work are due, evenly over time, also after a pause. Pure: the caller brings the clock. */
export class Pacer {
  readonly #perMs: number
  /** What the pauses cost is owed up to a second, above that given up. */
  readonly #debtMax: number
  #lastMs: number
  #due = 0
  #missed = 0

  constructor(perSecond: number, nowMs: number) {
    this.#perMs = perSecond / 1000
    this.#debtMax = Math.max(1, this.#perMs * debtMsMax)
    this.#lastMs = nowMs
  }

  /** Work that was given up because the caller came too late for too long. */
  get missed(): number {
    return Math.floor(this.#missed)
  }

  /** The share of the time since the last call: 0 when nothing is due. */
  take(nowMs: number): number {
    const elapsedMs = Math.max(0, nowMs - this.#lastMs)
    this.#lastMs = nowMs
    this.#due += elapsedMs * this.#perMs
    if (this.#due > this.#debtMax) {
      this.#missed += this.#due - this.#debtMax
      this.#due = this.#debtMax
    }
    // At least one: a rate below one per step would never get its turn.
    const shareMax = Math.max(1, Math.min(elapsedMs, stepMsMax) * this.#perMs * catchUp)
    const share = Math.floor(Math.min(this.#due, shareMax))
    this.#due -= share
    return share
  }
}
