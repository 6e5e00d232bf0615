import { checkNames } from '../base/check-options.ts'
import { KeyMap } from '../base/key-map.ts'
import { finite, whole } from './options.ts'
import type { RateLimiter } from './rate-limiter.ts'

/** Failures per key. */
class Failures {
  readonly #counts = new KeyMap<number>()

  get size(): number {
    return this.#counts.size
  }

  of(key: string): number {
    return this.#counts.get(key) ?? 0
  }

  /** Returns how many there had been before this one. */
  add(key: string): number {
    const before = this.of(key)
    this.#counts.set(key, before + 1)
    return before
  }

  forget(key: string): void {
    this.#counts.delete(key)
  }
}

/**
 * `baseMs` after the first failure of an item, twice as long after each further one, never above `maxMs`, however
 * often it fails.
 *
 * @example
 * new ExponentialLimiter({ baseMs: 5, maxMs: 60_000 }) // 5, 10, 20, … 60,000, 60,000
 */
export class ExponentialLimiter implements RateLimiter {
  readonly #failures = new Failures()
  readonly #baseMs: number
  readonly #maxMs: number

  constructor(options: { readonly baseMs: number; readonly maxMs: number }) {
    checkNames('', options, ['baseMs', 'maxMs'])
    this.#baseMs = finite('baseMs', options.baseMs, 0)
    this.#maxMs = finite('maxMs', options.maxMs, 0)
  }

  when(key: string): number {
    // 2 ** 1024 is Infinity, and 0 * Infinity no number.
    return Math.min(this.#maxMs, this.#baseMs * 2 ** Math.min(this.#failures.add(key), 1023))
  }

  forget(key: string): void {
    this.#failures.forget(key)
  }

  numRequeues(key: string): number {
    return this.#failures.of(key)
  }

  get size(): number {
    return this.#failures.size
  }
}

/** `fastMs` after each of the first `fastAttemptsMax` failures of an item, `slowMs` after each later one. */
export class FastSlowLimiter implements RateLimiter {
  readonly #failures = new Failures()
  readonly #fastMs: number
  readonly #slowMs: number
  readonly #fastAttemptsMax: number

  constructor(options: {
    readonly fastMs: number
    readonly slowMs: number
    readonly fastAttemptsMax: number
  }) {
    checkNames('', options, ['fastMs', 'slowMs', 'fastAttemptsMax'])
    this.#fastMs = finite('fastMs', options.fastMs, 0)
    this.#slowMs = finite('slowMs', options.slowMs, 0)
    this.#fastAttemptsMax = whole('fastAttemptsMax', options.fastAttemptsMax, 0)
  }

  when(key: string): number {
    return this.#failures.add(key) < this.#fastAttemptsMax ? this.#fastMs : this.#slowMs
  }

  forget(key: string): void {
    this.#failures.forget(key)
  }

  numRequeues(key: string): number {
    return this.#failures.of(key)
  }

  get size(): number {
    return this.#failures.size
  }
}
