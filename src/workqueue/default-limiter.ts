import { nodeRuntime, type Runtime } from '../base/runtime.ts'
import { MaxOfLimiter } from './composed-limiters.ts'
import { ExponentialLimiter } from './failure-limiters.ts'
import type { RateLimiter } from './rate-limiter.ts'
import { TokenBucketLimiter } from './token-bucket-limiter.ts'

/**
 * client-go's: per item 5 ms, doubling up to 1,000 s; over all items 10 retries a second, 100 at once; the longer one
 * counts.
 */
export function defaultLimiter(options: { readonly runtime?: Runtime } = {}): RateLimiter {
  const { runtime = nodeRuntime } = options
  return new MaxOfLimiter([
    new ExponentialLimiter({ baseMs: 5, maxMs: 1_000_000 }),
    new TokenBucketLimiter({ ratePerSecond: 10, burst: 100, runtime }),
  ])
}
