import { describe, expect, test } from 'vitest'
import { type RateLimiter, type Timer, WorkQueue } from '../../src/index.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'
import { QueueBed } from './queue-bed.ts'

describe('addAfter', () => {
  test('adds after the delay, not before', async () => {
    const bed = new QueueBed()
    bed.queue.addAfter('a', 10)
    bed.runtime.advance(9)
    expect(bed.queue.length).toBe(0)
    expect(bed.queue.stats()).toMatchObject({ delayed: 1, adds: 0, retries: 1 })
    bed.runtime.advance(1)
    expect(await bed.takeAll()).toEqual(['a'])
    expect(bed.queue.stats()).toMatchObject({ delayed: 0, adds: 1 })
  })

  test('at once when the delay is not above 0', async () => {
    const bed = new QueueBed()
    bed.queue.addAfter('a', 0)
    bed.queue.addAfter('b', -5)
    expect(bed.runtime.timerCount).toBe(0)
    expect(await bed.takeAll()).toEqual(['a', 'b'])
  })

  test('in the order of their times, and of their adds where those are equal', async () => {
    const bed = new QueueBed()
    bed.queue.addAfter('late', 30)
    bed.queue.addAfter('x', 20)
    bed.queue.addAfter('y', 20)
    bed.queue.addAfter('early', 10)
    bed.runtime.advance(30)
    expect(await bed.takeAll()).toEqual(['early', 'x', 'y', 'late'])
  })

  test.each([
    ['a shorter one later', [30, 10]],
    ['a longer one later', [10, 30]],
  ])('of two for one item the earliest wins: %s', async (_name, delays) => {
    const bed = new QueueBed()
    for (const delayMs of delays) bed.queue.addAfter('a', delayMs)
    expect(bed.queue.stats().delayed).toBe(1)
    bed.runtime.advance(10)
    expect(await bed.takeAll()).toEqual(['a'])
    bed.queue.done('a')
    bed.runtime.advance(100)
    expect(bed.queue.length).toBe(0)
  })

  test('an add meanwhile does not cancel it', async () => {
    const bed = new QueueBed()
    bed.queue.addAfter('a', 10)
    bed.queue.add('a')
    expect(await bed.takeAll()).toEqual(['a'])
    bed.queue.done('a')
    bed.runtime.advance(10)
    expect(await bed.takeAll()).toEqual(['a'])
  })

  test('falling due while in process holds the item back like any add', async () => {
    const bed = new QueueBed()
    bed.queue.add('a')
    await bed.takeAll()
    bed.queue.addAfter('a', 10)
    bed.runtime.advance(10)
    expect(bed.queue.length).toBe(0)
    bed.queue.done('a')
    expect(await bed.takeAll()).toEqual(['a'])
  })

  test('one timer, whatever waits', async () => {
    const bed = new QueueBed()
    for (let i = 1_000; i > 0; i--) {
      bed.queue.addAfter(`k${i}`, i)
      expect(bed.runtime.timerCount).toBe(1)
    }
    expect(bed.runtime.nextTimerMs).toBe(1)
    bed.runtime.advance(500)
    expect(bed.queue.length).toBe(500)
    expect(bed.runtime.timerCount).toBe(1)
    bed.runtime.advance(500)
    expect(bed.queue.length).toBe(1_000)
    expect(bed.runtime.timerCount).toBe(0)
  })

  test('a delay longer than a timer takes is kept: 60 days', () => {
    const bed = new QueueBed()
    const day = 86_400_000
    bed.queue.addAfter('a', 60 * day)
    expect(bed.runtime.nextTimerMs).toBe(2 ** 31 - 1)
    bed.runtime.advance(60 * day - 1)
    expect(bed.queue.length).toBe(0)
    bed.runtime.advance(1)
    expect(bed.queue.length).toBe(1)
  })

  test('a timer that fires early does not add early', () => {
    const runtime = new EarlyRuntime()
    const queue = new WorkQueue({ runtime })
    queue.addAfter('a', 10)
    runtime.advance(9.5)
    expect(queue.length).toBe(0)
    runtime.advance(0.5)
    expect(queue.length).toBe(1)
  })

  test('many that fall due together are passed on in slices, and none is lost or delayed on', () => {
    const runtime = new BusyRuntime()
    const queue = new WorkQueue({ runtime })
    for (let i = 0; i < 1_000; i++) queue.addAfter(`k${i}`, 100)
    const sliceEnds: number[] = []
    let addsBetween = 0
    runtime.onDefer = (deferNow) => {
      sliceEnds.push(queue.length)
      if (sliceEnds.length !== 2) return
      deferNow(() => {
        queue.addAfter('earlier than all that waits', 1)
        addsBetween++
        // No timer beside the next slice.
        expect(runtime.timerCount).toBe(0)
      })
    }
    // A look at the clock costs 0.1 ms: 5 ms are spent after 50 of them.
    runtime.costMs = 0.1
    runtime.advance(10_000)
    const slices = sliceEnds.map((end, i) => end - (sliceEnds[i - 1] ?? 0))
    expect(Math.min(...slices)).toBeGreaterThan(10)
    expect(Math.max(...slices)).toBeLessThan(60)
    expect(addsBetween).toBe(1)
    expect(queue.length).toBe(1_001)
    expect(runtime.timerCount + runtime.deferredCount).toBe(0)
  })

  test('a shutdown between two slices ends them', () => {
    const runtime = new BusyRuntime()
    const queue = new WorkQueue({ runtime })
    for (let i = 0; i < 1_000; i++) queue.addAfter(`k${i}`, 100)
    let left = -1
    runtime.onDefer = (deferNow) => {
      deferNow(() => {
        queue.shutDown()
        left = runtime.deferredCount
      })
    }
    runtime.costMs = 0.1
    runtime.advance(10_000)
    expect(left).toBe(0)
    const { adds, dropped } = queue.stats()
    expect(adds).toBeLessThan(60)
    expect(adds + dropped).toBe(1_000)
  })
})

describe('addRateLimited', () => {
  const limiter: RateLimiter = {
    when: (key) => (key === 'slow' ? 100 : 10),
    forget: (key) => forgotten.push(key),
    numRequeues: (key) => key.length,
    size: 7,
  }
  const forgotten: string[] = []

  test('is addAfter what the limiter says; forget and numRequeues ask it', async () => {
    const bed = new QueueBed({ limiter })
    bed.queue.addRateLimited('slow')
    bed.queue.addRateLimited('fast')
    bed.runtime.advance(10)
    expect(await bed.takeAll()).toEqual(['fast'])
    bed.runtime.advance(90)
    expect(await bed.takeAll()).toEqual(['slow'])
    expect(bed.queue.numRequeues('fast')).toBe(4)
    bed.queue.forget('fast')
    expect(forgotten).toEqual(['fast'])
    expect(bed.queue.stats()).toMatchObject({ retries: 2, failing: 7 })
  })

  test('forget leaves the item queued, and delayed', () => {
    const bed = new QueueBed()
    bed.queue.add('a')
    bed.queue.addRateLimited('b')
    bed.queue.forget('a')
    bed.queue.forget('b')
    bed.runtime.advance(5)
    expect(bed.queue.length).toBe(2)
  })

  test('by default waits as client-go: 5 ms, doubling', () => {
    const bed = new QueueBed()
    const delays: (number | undefined)[] = []
    for (let i = 0; i < 5; i++) {
      bed.queue.addRateLimited('a')
      delays.push(bed.runtime.nextTimerMs)
      bed.runtime.advance(bed.runtime.nextTimerMs ?? 0)
    }
    expect(delays).toEqual([5, 10, 20, 40, 80])
    expect(bed.queue.numRequeues('a')).toBe(5)
    bed.queue.forget('a')
    expect(bed.queue.stats().failing).toBe(0)
  })
})

/** Node's timers may fire a part of a millisecond before the clock says so. */
class EarlyRuntime extends VirtualRuntime {
  override setTimer(ms: number, fn: () => void): Timer {
    return super.setTimer(Math.max(0.25, ms - 0.5), fn)
  }
}

/** Looking at the clock takes time, so that a loop's slice ends. */
class BusyRuntime extends VirtualRuntime {
  costMs = 0
  /** Before the call is deferred. */
  onDefer: ((deferNow: (fn: () => void) => void) => void) | undefined

  override nowMs(): number {
    this.block(this.costMs)
    return super.nowMs()
  }

  override defer(fn: () => void): Timer {
    this.onDefer?.((call) => super.defer(call))
    return super.defer(fn)
  }
}
