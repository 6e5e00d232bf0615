/**
 * Time that dispatch may lose to slow watchers, shared by all of them: refilled per second, never above the maximum.
 * Pure: the caller brings the clock.
 */
export class TimeBudget {
  readonly #refillMsPerSecond: number
  readonly #maxMs: number
  #availableMs: number
  #refilledAtMs: number

  constructor(nowMs: number, refillMsPerSecond: number, maxMs: number) {
    this.#refillMsPerSecond = refillMsPerSecond
    this.#maxMs = maxMs
    this.#availableMs = maxMs
    this.#refilledAtMs = nowMs
  }

  /** Takes everything there is. */
  take(nowMs: number): number {
    this.#refill(nowMs)
    const taken = this.#availableMs
    this.#availableMs = 0
    return taken
  }

  /** Gives back what was not spent. */
  giveBack(nowMs: number, unspentMs: number): void {
    this.#refill(nowMs)
    this.#availableMs = Math.min(this.#maxMs, this.#availableMs + Math.max(0, unspentMs))
  }

  #refill(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.#refilledAtMs)
    this.#refilledAtMs = nowMs
    this.#availableMs = Math.min(
      this.#maxMs,
      this.#availableMs + (elapsedMs * this.#refillMsPerSecond) / 1000,
    )
  }
}
