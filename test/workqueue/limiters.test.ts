import { describe, expect, test } from 'vitest'
import {
  defaultLimiter,
  ExponentialLimiter,
  FastSlowLimiter,
  MaxOfLimiter,
  MaxWaitLimiter,
  type RateLimiter,
  TokenBucketLimiter,
} from '../../src/index.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'

function waits(limiter: RateLimiter, key: string, count: number): number[] {
  return Array.from({ length: count }, () => limiter.when(key))
}

describe('ExponentialLimiter', () => {
  test('doubles from the base up to the cap, per item', () => {
    const limiter = new ExponentialLimiter({ baseMs: 1, maxMs: 20 })
    expect(waits(limiter, 'a', 7)).toEqual([1, 2, 4, 8, 16, 20, 20])
    expect(limiter.numRequeues('a')).toBe(7)
    expect(waits(limiter, 'b', 2)).toEqual([1, 2])
    expect(limiter.numRequeues('b')).toBe(2)
    expect(limiter.size).toBe(2)
    limiter.forget('a')
    expect(limiter.numRequeues('a')).toBe(0)
    expect(limiter.when('a')).toBe(1)
    limiter.forget('a')
    limiter.forget('b')
    expect(limiter.size).toBe(0)
  })

  test.each([
    ['a usual base', 5, 1_000_000],
    ['a base beyond the cap', 50, 20],
    ['a tiny base', 1e-300, 1_000],
    ['a huge base', 1e300, 1e301],
  ])('never overflows: %s, 5,000 failures', (_name, baseMs, maxMs) => {
    const limiter = new ExponentialLimiter({ baseMs, maxMs })
    const all = waits(limiter, 'a', 5_000)
    expect(all.every((ms, i) => ms <= maxMs && ms >= (all[i - 1] ?? 0))).toBe(true)
    expect(all.at(-1)).toBe(maxMs)
  })

  test('a base of 0 never waits', () => {
    const limiter = new ExponentialLimiter({ baseMs: 0, maxMs: 1_000 })
    expect(new Set(waits(limiter, 'a', 2_000))).toEqual(new Set([0]))
  })
})

test('FastSlowLimiter: fast for the first attempts, then slow, per item', () => {
  const limiter = new FastSlowLimiter({ fastMs: 5, slowMs: 10_000, fastAttemptsMax: 3 })
  expect(waits(limiter, 'a', 5)).toEqual([5, 5, 5, 10_000, 10_000])
  expect(waits(limiter, 'b', 1)).toEqual([5])
  expect(limiter.numRequeues('a')).toBe(5)
  limiter.forget('a')
  expect(waits(limiter, 'a', 1)).toEqual([5])
  expect(limiter.size).toBe(2)
})

describe('TokenBucketLimiter', () => {
  test('a burst at once, then one after another, whichever items', () => {
    const runtime = new VirtualRuntime()
    const limiter = new TokenBucketLimiter({ ratePerSecond: 10, burst: 3, runtime })
    expect(['a', 'b', 'a', 'b', 'c'].map((key) => limiter.when(key))).toEqual([0, 0, 0, 100, 200])
    expect(limiter.numRequeues('a')).toBe(0)
    expect(limiter.size).toBe(0)
    limiter.forget('a')
    expect(limiter.when('a')).toBe(300)
  })

  test('fills with time, up to the burst; places given away are not given twice', () => {
    const runtime = new VirtualRuntime()
    const limiter = new TokenBucketLimiter({ ratePerSecond: 10, burst: 2, runtime })
    expect(waits(limiter, 'a', 4)).toEqual([0, 0, 100, 200])
    runtime.advance(100)
    expect(limiter.when('a')).toBeCloseTo(200)
    runtime.advance(60_000)
    expect(waits(limiter, 'a', 3)).toEqual([0, 0, 100])
  })
})

test('MaxOfLimiter: the longest wait; every limiter counts every failure and forgets', () => {
  const fast = new FastSlowLimiter({ fastMs: 5, slowMs: 3_000, fastAttemptsMax: 3 })
  const exponential = new ExponentialLimiter({ baseMs: 1, maxMs: 1_000 })
  const limiter = new MaxOfLimiter([fast, exponential])
  expect(waits(limiter, 'a', 5)).toEqual([5, 5, 5, 3_000, 3_000])
  expect([limiter.numRequeues('a'), fast.numRequeues('a'), exponential.numRequeues('a')]).toEqual([5, 5, 5])
  expect(limiter.size).toBe(1)
  limiter.forget('a')
  expect([limiter.numRequeues('a'), fast.numRequeues('a'), exponential.numRequeues('a')]).toEqual([0, 0, 0])
  expect(limiter.size).toBe(0)
})

test('MaxWaitLimiter: no wait is longer, the failures still count', () => {
  const limiter = new MaxWaitLimiter(new ExponentialLimiter({ baseMs: 10, maxMs: 100_000 }), { maxMs: 35 })
  expect(waits(limiter, 'a', 4)).toEqual([10, 20, 35, 35])
  expect(limiter.numRequeues('a')).toBe(4)
  expect(limiter.size).toBe(1)
  limiter.forget('a')
  expect(limiter.when('a')).toBe(10)
})

describe("defaultLimiter is client-go's", () => {
  test('per item 5 ms to 1,000 s', () => {
    const runtime = new VirtualRuntime()
    const limiter = defaultLimiter({ runtime })
    const all = Array.from({ length: 20 }, () => {
      runtime.advance(10_000)
      return limiter.when('a')
    })
    expect(all.slice(0, 4)).toEqual([5, 10, 20, 40])
    expect(all.at(-1)).toBe(1_000_000)
  })

  test('over all items 10 a second, 100 at once', () => {
    const limiter = defaultLimiter({ runtime: new VirtualRuntime() })
    const all = Array.from({ length: 103 }, (_, i) => limiter.when(`k${i}`))
    expect(new Set(all.slice(0, 100))).toEqual(new Set([5]))
    expect(all.slice(100)).toEqual([100, 200, 300])
  })
})

test.each([
  () => new ExponentialLimiter({ baseMs: -1, maxMs: 1 }),
  () => new ExponentialLimiter({ baseMs: 1, maxMs: Number.POSITIVE_INFINITY }),
  () => new FastSlowLimiter({ fastMs: Number.NaN, slowMs: 1, fastAttemptsMax: 1 }),
  () => new FastSlowLimiter({ fastMs: 1, slowMs: 1, fastAttemptsMax: 1.5 }),
  () => new TokenBucketLimiter({ ratePerSecond: 0, burst: 1 }),
  () => new TokenBucketLimiter({ ratePerSecond: 1, burst: 0 }),
  () => new MaxOfLimiter([]),
  () => new MaxWaitLimiter(defaultLimiter(), { maxMs: -1 }),
])('options out of range are refused, with a code: %s', (make) => {
  expect(make).toThrow(expect.objectContaining({ code: 'ERR_INVALID_OPTION' }))
})
