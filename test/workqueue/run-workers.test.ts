import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { FastSlowLimiter, runWorkers, WorkQueue } from '../../src/index.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'
import { Gate, QueueBed, settle, stateOf } from './queue-bed.ts'

const failed = new Error('failed')

describe('runWorkers', () => {
  test('works off what is queued, sync or async, and resolves when the queue is shut down and empty', async () => {
    const { queue } = new QueueBed()
    const seen: string[] = []
    for (const key of ['a', 'b', 'c']) queue.add(key)
    const workers = runWorkers(queue, (key) => {
      seen.push(key)
      return key === 'b' ? Promise.resolve() : undefined
    })
    expect(await stateOf(workers)).toBe('pending')
    queue.add('d')
    await settle()
    expect(seen).toEqual(['a', 'b', 'c', 'd'])
    queue.shutDown()
    await workers
    expect(queue.stats()).toMatchObject({ processing: 0, depth: 0, failing: 0 })
  })

  test('a shutdown lets the rest be worked off', async () => {
    const { queue } = new QueueBed()
    const seen: string[] = []
    for (const key of ['a', 'b', 'c']) queue.add(key)
    queue.shutDown()
    await runWorkers(queue, (key) => void seen.push(key))
    expect(seen).toEqual(['a', 'b', 'c'])
  })

  test('as many at once as concurrency allows, no more; one by default', async () => {
    for (const concurrency of [undefined, 3]) {
      const { queue } = new QueueBed()
      const running = new Map<string, Gate>()
      let most = 0
      for (let i = 0; i < 10; i++) queue.add(`k${i}`)
      const options = concurrency === undefined ? {} : { concurrency }
      const workers = runWorkers(
        queue,
        async (key) => {
          const gate = new Gate()
          running.set(key, gate)
          most = Math.max(most, running.size)
          await gate.passed
          running.delete(key)
        },
        options,
      )
      queue.shutDown()
      while (queue.length + running.size > 0) {
        await settle()
        for (const gate of running.values()) gate.open()
      }
      await workers
      expect(most).toBe(concurrency ?? 1)
    }
  })

  test('an item added while its reconcile runs is reconciled again after it, never beside it', async () => {
    const { queue } = new QueueBed()
    const gates = [new Gate(), new Gate()]
    let calls = 0
    let running = 0
    const workers = runWorkers(
      queue,
      async () => {
        expect(++running).toBe(1)
        await gates[calls++]?.passed
        running--
      },
      { concurrency: 4 },
    )
    queue.add('a')
    await settle()
    queue.add('a')
    await settle()
    expect(calls).toBe(1)
    gates[0]?.open()
    await settle()
    expect(calls).toBe(2)
    gates[1]?.open()
    queue.shutDown()
    await workers
  })

  test.each([
    ['throw', () => fail()],
    ['rejection', () => Promise.reject(failed)],
  ])('a %s: reported, and tried again as the limiter says; success forgets', async (_name, failure) => {
    const limiter = new FastSlowLimiter({ fastMs: 10, slowMs: 100, fastAttemptsMax: 2 })
    const { queue, runtime } = new QueueBed({ limiter })
    const atMs: number[] = []
    const reports: unknown[] = []
    const startMs = runtime.nowMs()
    const workers = runWorkers(
      queue,
      (_key) => {
        atMs.push(runtime.nowMs() - startMs)
        return atMs.length <= 3 ? failure() : undefined
      },
      { onError: (error, { item, numRequeues }) => reports.push([error, item, numRequeues]) },
    )
    queue.add('a')
    for (let i = 0; i < 20; i++) {
      await settle()
      runtime.advance(10)
    }
    expect(atMs).toEqual([0, 10, 20, 120])
    expect(reports).toEqual([1, 2, 3].map((count) => [failed, 'a', count]))
    expect(queue.numRequeues('a')).toBe(0)
    expect(queue.stats()).toMatchObject({ failing: 0, retries: 3, delayed: 0 })
    queue.shutDown()
    await workers
  })

  test('{ requeueAfterMs }: forgotten, and added again after that time', async () => {
    const { queue, runtime } = new QueueBed()
    let calls = 0
    const workers = runWorkers(queue, async () => {
      calls++
      if (calls === 1) throw failed
      return calls === 2 ? { requeueAfterMs: 60_000 } : {}
    })
    queue.add('a')
    await settle()
    runtime.advance(5)
    await settle()
    expect(calls).toBe(2)
    expect(queue.numRequeues('a')).toBe(0)
    expect(runtime.nextTimerMs).toBe(60_000)
    runtime.advance(60_000)
    await settle()
    expect(calls).toBe(3)
    expect(queue.stats()).toMatchObject({ delayed: 0, depth: 0, processing: 0 })
    queue.shutDown()
    await workers
  })

  test('requeueAfterMs 0 is at once; no number is a failure, and counted as one', async () => {
    const { queue, runtime } = new QueueBed()
    const errors: unknown[] = []
    let calls = 0
    const workers = runWorkers(
      queue,
      () => ({ requeueAfterMs: [0, Number.NaN, Number.NaN, undefined][calls++] }),
      { onError: (error, { numRequeues }) => errors.push([error, numRequeues]) },
    )
    queue.add('a')
    await settle()
    expect(calls).toBe(2)
    for (let i = 0; i < 2; i++) {
      runtime.advance(10)
      await settle()
    }
    expect(calls).toBe(4)
    const refused = expect.objectContaining({ code: 'ERR_INVALID_OPTION' })
    expect(errors).toEqual([
      [refused, 1],
      [refused, 2],
    ])
    queue.shutDown()
    await workers
  })

  test('an abort stops the taking, is seen by what runs, waits for it, and leaves the rest queued', async () => {
    const { queue } = new QueueBed()
    const stop = new AbortController()
    const gate = new Gate()
    const seen: string[] = []
    let sawAbort = false
    for (const key of ['a', 'b', 'c']) queue.add(key)
    const workers = runWorkers(
      queue,
      async (key, { signal }) => {
        seen.push(key)
        signal.addEventListener('abort', () => {
          sawAbort = true
        })
        await gate.passed
      },
      { concurrency: 2, signal: stop.signal },
    )
    await settle()
    stop.abort()
    expect(await stateOf(workers)).toBe('pending')
    expect(sawAbort).toBe(true)
    gate.open()
    await workers
    expect(seen).toEqual(['a', 'b'])
    expect(queue.stats()).toMatchObject({ depth: 1, processing: 0 })
    // Others may go on where these stopped.
    queue.shutDown()
    await runWorkers(queue, (key) => void seen.push(key))
    expect(seen).toEqual(['a', 'b', 'c'])
  })

  test('what fails because of an abort is not lost', async () => {
    const { queue, runtime } = new QueueBed()
    const stop = new AbortController()
    queue.add('a')
    const workers = runWorkers(
      queue,
      (_key, { signal }) =>
        new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      { signal: stop.signal },
    )
    await settle()
    stop.abort()
    await workers
    runtime.advance(5)
    expect(queue.length).toBe(1)
  })

  test('aborted before it starts: takes nothing', async () => {
    const { queue } = new QueueBed()
    queue.add('a')
    await runWorkers(queue, () => expect.unreachable(), { signal: AbortSignal.abort() })
    expect(queue.length).toBe(1)
  })

  test('works with a drain: both resolve when all is done', async () => {
    const { queue } = new QueueBed()
    const gate = new Gate()
    const seen: string[] = []
    for (const key of ['a', 'b', 'c']) queue.add(key)
    const workers = runWorkers(
      queue,
      async (key) => {
        await gate.passed
        seen.push(key)
      },
      { concurrency: 2 },
    )
    await settle()
    queue.add('a')
    const drained = queue.shutDownWithDrain()
    expect(await stateOf(drained)).toBe('pending')
    gate.open()
    expect(await drained).toBe(true)
    await workers
    expect(seen.sort()).toEqual(['a', 'a', 'b', 'c'])
  })

  test('a failure during a drain is not tried again: the drain ends', async () => {
    const { queue } = new QueueBed()
    queue.add('a')
    const drained = queue.shutDownWithDrain()
    await runWorkers(queue, () => Promise.reject(failed))
    expect(await drained).toBe(true)
    expect(queue.stats()).toMatchObject({ delayed: 0, dropped: 1 })
  })

  test('leaves no listener on the signal, and no warning, whatever the concurrency', async () => {
    const { queue, runtime } = new QueueBed()
    const { signal } = new AbortController()
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning)
    process.on('warning', onWarning)
    const workers = runWorkers(queue, () => {}, { concurrency: 50, signal })
    for (let i = 0; i < 200; i++) queue.add(`k${i}`)
    await settle()
    expect(getEventListeners(signal, 'abort')).toHaveLength(50)
    queue.shutDown()
    await workers
    await settle()
    runtime.turn()
    process.off('warning', onWarning)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    expect(warnings).toEqual([])
    expect(runtime.deferredCount + runtime.timerCount).toBe(0)
  })

  test('options out of range are refused, with a code', async () => {
    const { queue } = new QueueBed()
    const refused = { code: 'ERR_INVALID_OPTION' }
    await expect(runWorkers(queue, () => {}, { concurrency: 0 })).rejects.toMatchObject(refused)
    await expect(runWorkers(queue, () => {}, { concurrency: 1e9 })).rejects.toMatchObject(refused)
    const wrong: object[] = [{ concurency: 2 }, { onError: 'log' }]
    for (const one of wrong) await expect(runWorkers(queue, () => {}, one)).rejects.toMatchObject(refused)
    // Called from JavaScript: every item would else fail for ever, unseen.
    await expect(Reflect.apply(runWorkers, undefined, [queue])).rejects.toMatchObject(refused)
  })
})

describe('a fault beside the reconcile', () => {
  test('onError that throws is heard by itself, and the work goes on', async () => {
    const { queue, runtime } = new QueueBed()
    const seen: string[] = []
    queue.add('a')
    queue.add('b')
    const workers = runWorkers(
      queue,
      (key) => {
        seen.push(key)
        if (key === 'a') throw failed
      },
      {
        onError: () => {
          throw new Error('reporter')
        },
      },
    )
    await settle()
    expect(seen).toEqual(['a', 'b'])
    expect(queue.stats()).toMatchObject({ delayed: 1, processing: 0 })
    expect(() => {
      while (runtime.turn() > 0);
    }).toThrow('reporter')
    queue.shutDown()
    await workers
  })

  test('a limiter that throws is reported, and costs the item a second', async () => {
    const broken = new Error('limiter')
    let isBroken = true
    const limiter = {
      when: () => {
        if (isBroken) throw broken
        return 0
      },
      forget: () => {},
      numRequeues: () => 1,
      size: 0,
    }
    const { queue, runtime } = new QueueBed({ limiter })
    const errors: unknown[] = []
    let calls = 0
    queue.add('a')
    const workers = runWorkers(queue, () => (++calls === 1 ? Promise.reject(failed) : undefined), {
      onError: (error) => errors.push(error),
    })
    await settle()
    isBroken = false
    expect(errors).toEqual([broken, failed])
    expect(runtime.nextTimerMs).toBe(1_000)
    runtime.advance(1_000)
    await settle()
    expect(calls).toBe(2)
    queue.shutDown()
    await workers
  })
})

test.each([1, 4, 100])(
  'a backlog is worked off in slices, with turns of the event loop between: %i workers',
  async (concurrency) => {
    class BusyRuntime extends VirtualRuntime {
      override nowMs(): number {
        this.block(0.1)
        return super.nowMs()
      }
    }
    const runtime = new BusyRuntime()
    const queue = new WorkQueue({ runtime })
    for (let i = 0; i < 1_000; i++) queue.add(`k${i}`)
    let count = 0
    let isOver = false
    const perTurn: number[] = []
    const workers = runWorkers(queue, () => void count++, { concurrency }).then(() => {
      isOver = true
    })
    queue.shutDown()
    while (!isOver) {
      const before = count
      await settle()
      if (count > before) perTurn.push(count - before)
      runtime.turn()
    }
    await workers
    runtime.turn()
    expect(count).toBe(1_000)
    expect(Math.max(...perTurn)).toBeLessThan(60)
    expect(Math.min(...perTurn.slice(0, -1))).toBeGreaterThan(5)
    expect(runtime.deferredCount + runtime.timerCount).toBe(0)
  },
)

function fail(): undefined {
  throw failed
}
