/**
 * Says how long an item that failed waits before it is tried again. Items are known by their keys.
 *
 * Own ones may be given to a WorkQueue; they must not throw.
 */
export interface RateLimiter {
  /** Counts one more failure of `key`, and returns its wait: finite milliseconds, at once when not above 0. */
  when(key: string): number
  /** `key` succeeded, or is given up: its next failure is its first. */
  forget(key: string): void
  /** Failures of `key` since it was forgotten last. */
  numRequeues(key: string): number
  /** Keys that are remembered, which is what the limiter costs in memory; it shrinks by {@link forget} only. */
  readonly size: number
}
