import { checkNames } from '../base/check-options.ts'
import { nodeRuntime, type Runtime } from '../base/runtime.ts'
import { invalidOption } from '../errors.ts'
import { finite, whole } from './options.ts'
import type { RateLimiter } from './rate-limiter.ts'

/**
 * `burst` retries at once, then `ratePerSecond`, whichever items they are of. Who asks beyond that is given the next
 * free place, so a hundred items that fail together come back one after another.
 *
 * Remembers no item: `forget` does nothing, `numRequeues` is 0. Waits grow with what is asked for; see
 * MaxWaitLimiter for a cap.
 */
export class TokenBucketLimiter implements RateLimiter {
  readonly size = 0
  readonly #ratePerMs: number
  readonly #burst: number
  readonly #runtime: Runtime
  /** Below zero: places given away ahead of time. */
  #tokens: number
  #filledAtMs: number

  constructor(options: {
    readonly ratePerSecond: number
    readonly burst: number
    readonly runtime?: Runtime
  }) {
    checkNames('', options, ['ratePerSecond', 'burst', 'runtime'])
    const ratePerSecond = finite('ratePerSecond', options.ratePerSecond, 0)
    if (ratePerSecond === 0) throw invalidOption('ratePerSecond', 0, 'must be above 0')
    this.#ratePerMs = ratePerSecond / 1000
    this.#burst = whole('burst', options.burst, 1)
    this.#runtime = options.runtime ?? nodeRuntime
    this.#tokens = this.#burst
    this.#filledAtMs = this.#runtime.nowMs()
  }

  when(_key: string): number {
    const now = this.#runtime.nowMs()
    const elapsedMs = Math.max(0, now - this.#filledAtMs)
    this.#tokens = Math.min(this.#burst, this.#tokens + elapsedMs * this.#ratePerMs) - 1
    this.#filledAtMs = now
    return this.#tokens >= 0 ? 0 : -this.#tokens / this.#ratePerMs
  }

  forget(_key: string): void {}

  numRequeues(_key: string): number {
    return 0
  }
}
