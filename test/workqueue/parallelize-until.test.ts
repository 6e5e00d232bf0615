import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { parallelizeUntil } from '../../src/index.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'
import { Gate, settle, stateOf } from './queue-bed.ts'

test.each([
  { count: 0, concurrency: 4, chunkSize: 1 },
  { count: 1, concurrency: 4, chunkSize: 10 },
  { count: 100, concurrency: 1, chunkSize: 1 },
  { count: 100, concurrency: 7, chunkSize: 1 },
  { count: 100, concurrency: 7, chunkSize: 9 },
  { count: 100, concurrency: 200, chunkSize: 33 },
])('every piece once: %o', async ({ count, concurrency, chunkSize }) => {
  const seen: number[] = []
  await parallelizeUntil(
    count,
    async (piece) => {
      await Promise.resolve()
      seen.push(piece)
    },
    { concurrency, chunkSize },
  )
  expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i))
})

test('as many at once as concurrency allows; a chunk belongs to one worker, and is worked off in order', async () => {
  const gates = new Map<number, Gate>()
  const done = parallelizeUntil(
    7,
    async (piece) => {
      const gate = new Gate()
      gates.set(piece, gate)
      await gate.passed
      gates.delete(piece)
    },
    { concurrency: 2, chunkSize: 3 },
  )
  const running = async (): Promise<number[]> => {
    await settle()
    return [...gates.keys()].sort()
  }
  expect(await running()).toEqual([0, 3])
  gates.get(0)?.open()
  expect(await running()).toEqual([1, 3])
  gates.get(1)?.open()
  await settle()
  gates.get(2)?.open()
  expect(await running()).toEqual([3, 6])
  gates.get(6)?.open()
  expect(await running()).toEqual([3])
  for (const piece of [3, 4, 5]) {
    expect(await stateOf(done)).toBe('pending')
    gates.get(piece)?.open()
  }
  await done
})

test('the first failure stops it: nothing new begins, what runs is told and waited for, then it rejects', async () => {
  const failed = new Error('failed')
  const gate = new Gate()
  const begun: number[] = []
  let told: unknown
  const done = parallelizeUntil(
    10,
    async (piece, { signal }) => {
      begun.push(piece)
      if (piece === 2) throw failed
      if (piece === 1) {
        await gate.passed
        told = signal.reason
        throw new Error('later')
      }
    },
    { concurrency: 2 },
  )
  const outcome = done.then(
    () => 'resolved',
    (error: unknown) => error,
  )
  expect(await stateOf(outcome)).toBe('pending')
  expect(begun).toEqual([0, 1, 2])
  gate.open()
  expect(await outcome).toBe(failed)
  expect(told).toBe(failed)
})

test('a synchronous throw is a failure, too', async () => {
  const failed = new Error('failed')
  const worker = (): void => {
    throw failed
  }
  await expect(parallelizeUntil(10, worker, { concurrency: 3, chunkSize: 2 })).rejects.toBe(failed)
})

test('an abort stops it in the middle of a chunk; it rejects with the reason when what runs has ended', async () => {
  const stop = new AbortController()
  const gate = new Gate()
  const begun: number[] = []
  const done = parallelizeUntil(
    10,
    async (piece) => {
      begun.push(piece)
      await gate.passed
    },
    { concurrency: 2, chunkSize: 5, signal: stop.signal },
  )
  const outcome = done.catch((error: unknown) => error)
  await settle()
  stop.abort('enough')
  expect(await stateOf(outcome)).toBe('pending')
  gate.open()
  expect(await outcome).toBe('enough')
  expect(begun).toEqual([0, 5])
  expect(getEventListeners(stop.signal, 'abort')).toHaveLength(0)
})

test('an abort before it begins calls nothing; one after the last piece changes nothing', async () => {
  const unreachable = (): void => expect.unreachable()
  const signal = AbortSignal.abort('never')
  await expect(parallelizeUntil(3, unreachable, { concurrency: 1, signal })).rejects.toBe('never')
  await parallelizeUntil(0, unreachable, { concurrency: 1, signal })

  const stop = new AbortController()
  const last = (piece: number): void => {
    if (piece === 2) stop.abort('late')
  }
  await parallelizeUntil(3, last, { concurrency: 1, signal: stop.signal })
})

test('synchronous pieces run in slices, with turns of the event loop between', async () => {
  const runtime = new VirtualRuntime()
  let count = 0
  const done = parallelizeUntil(
    100,
    () => {
      count++
      runtime.block(1)
    },
    { concurrency: 3, chunkSize: 10, runtime },
  )
  const perTurn: number[] = []
  while (count < 100) {
    const before = count
    await settle()
    perTurn.push(count - before)
    runtime.turn()
  }
  await done
  runtime.turn()
  expect(perTurn.length).toBeGreaterThanOrEqual(20)
  expect(Math.max(...perTurn)).toBeLessThanOrEqual(5)
  expect(runtime.deferredCount).toBe(0)
})

test.each([
  [-1, { concurrency: 1 }],
  [1, { concurrency: 0 }],
  [1, { concurrency: 1, chunkSize: 0 }],
  [1, { concurrency: 1, chunk: 3 }],
])('options out of range are refused, with a code: %s %o', async (count, options) => {
  const refused = { code: 'ERR_INVALID_OPTION' }
  await expect(parallelizeUntil(count, () => {}, options)).rejects.toMatchObject(refused)
})
