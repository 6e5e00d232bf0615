import { checkNames } from '../base/check-options.ts'
import { invalidOption } from '../errors.ts'
import { finite, methods } from './options.ts'
import type { RateLimiter } from './rate-limiter.ts'

/** The longest of several waits. Every one of them counts every failure. */
export class MaxOfLimiter implements RateLimiter {
  readonly #limiters: readonly RateLimiter[]

  constructor(limiters: readonly RateLimiter[]) {
    if (limiters.length === 0) throw invalidOption('limiters', '[]', 'must be one limiter or more')
    for (const limiter of limiters) methods('limiters', limiter, ['when', 'forget', 'numRequeues'])
    this.#limiters = [...limiters]
  }

  when(key: string): number {
    return this.#max((limiter) => limiter.when(key))
  }

  forget(key: string): void {
    for (const limiter of this.#limiters) limiter.forget(key)
  }

  numRequeues(key: string): number {
    return this.#max((limiter) => limiter.numRequeues(key))
  }

  get size(): number {
    return this.#max((limiter) => limiter.size)
  }

  #max(of: (limiter: RateLimiter) => number): number {
    return this.#limiters.reduce((max, limiter) => Math.max(max, of(limiter)), 0)
  }
}

/** Another limiter's waits, none longer than `maxMs`: a token bucket's queue else grows without end. */
export class MaxWaitLimiter implements RateLimiter {
  readonly #limiter: RateLimiter
  readonly #maxMs: number

  constructor(limiter: RateLimiter, options: { readonly maxMs: number }) {
    checkNames('', options, ['maxMs'])
    methods('limiter', limiter, ['when', 'forget', 'numRequeues'])
    this.#limiter = limiter
    this.#maxMs = finite('maxMs', options.maxMs, 0)
  }

  when(key: string): number {
    return Math.min(this.#maxMs, this.#limiter.when(key))
  }

  forget(key: string): void {
    this.#limiter.forget(key)
  }

  numRequeues(key: string): number {
    return this.#limiter.numRequeues(key)
  }

  get size(): number {
    return this.#limiter.size
  }
}
