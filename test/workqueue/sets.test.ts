import { describe, expect, test } from 'vitest'
import { WorkQueue } from '../../src/index.ts'
import { QueueBed, stateOf } from './queue-bed.ts'

describe('dirty and processing', () => {
  test('duplicate adds collapse', async () => {
    const { queue } = new QueueBed()
    for (const key of ['a', 'b', 'a', 'a']) queue.add(key)
    expect(queue.length).toBe(2)
    expect(await queue.get()).toBe('a')
    expect(await queue.get()).toBe('b')
    expect(queue.stats()).toMatchObject({ adds: 2, merged: 2, depth: 0, processing: 2 })
  })

  test('first come, first served: a duplicate does not move', async () => {
    const bed = new QueueBed()
    for (const key of ['c', 'a', 'b', 'c']) bed.queue.add(key)
    expect(await bed.takeAll()).toEqual(['c', 'a', 'b'])
  })

  test('an item added while in process is held back until done, then queued once, behind the others', async () => {
    const bed = new QueueBed()
    const { queue } = bed
    queue.add('a')
    await queue.get()
    queue.add('a')
    queue.add('a')
    queue.add('b')
    expect(queue.length).toBe(1)
    expect(queue.stats()).toMatchObject({ held: 1, processing: 1, adds: 3, merged: 1 })
    queue.done('a')
    expect(queue.stats()).toMatchObject({ held: 0, processing: 0, depth: 2 })
    expect(await bed.takeAll()).toEqual(['b', 'a'])
  })

  test('never two workers on one item, not even for one that waits', async () => {
    const { queue } = new QueueBed()
    queue.add('a')
    await queue.get()
    const second = queue.get()
    queue.add('a')
    expect(await stateOf(second)).toBe('pending')
    queue.done('a')
    expect(await second).toBe('a')
  })

  test('done without a new add does not bring the item back', async () => {
    const { queue } = new QueueBed()
    queue.add('a')
    await queue.get()
    queue.done('a')
    expect(queue.length).toBe(0)
    expect(queue.stats().processing).toBe(0)
  })

  test('done of an item that is not in process does nothing: it stays queued once', async () => {
    const bed = new QueueBed()
    bed.queue.add('a')
    bed.queue.done('a')
    bed.queue.done('stranger')
    expect(await bed.takeAll()).toEqual(['a'])
  })
})

describe('get', () => {
  test('waits, and serves who came first', async () => {
    const { queue } = new QueueBed()
    const first = queue.get()
    const second = queue.get()
    expect(await stateOf(first)).toBe('pending')
    queue.add('a')
    expect(await first).toBe('a')
    expect(await stateOf(second)).toBe('pending')
    queue.add('b')
    expect(await second).toBe('b')
  })

  test('a signal that aborts ends it without an item, and takes none from the others', async () => {
    const { queue } = new QueueBed()
    const stop = new AbortController()
    const given = queue.get({ signal: stop.signal })
    const other = queue.get()
    stop.abort()
    expect(await given).toBeUndefined()
    queue.add('a')
    expect(await other).toBe('a')
  })

  test('a signal that has aborted takes nothing', async () => {
    const { queue } = new QueueBed()
    queue.add('a')
    expect(await queue.get({ signal: AbortSignal.abort() })).toBeUndefined()
    expect(queue.length).toBe(1)
  })

  test('an item handed out stays handed out when the signal aborts after', async () => {
    const { queue } = new QueueBed()
    const stop = new AbortController()
    const given = queue.get({ signal: stop.signal })
    queue.add('a')
    stop.abort()
    expect(await given).toBe('a')
    expect(queue.stats().processing).toBe(1)
  })

  test('leaves no listener on its signal', async () => {
    const { queue } = new QueueBed()
    const { signal } = new AbortController()
    let listeners = 0
    const { addEventListener, removeEventListener } = signal
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners++
      addEventListener.apply(signal, args)
    }
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners--
      removeEventListener.apply(signal, args)
    }
    const given = queue.get({ signal })
    expect(listeners).toBe(1)
    queue.add('a')
    await given
    const ended = queue.get({ signal })
    queue.shutDown()
    await ended
    expect(listeners).toBe(0)
  })
})

describe('items that are no keys', () => {
  interface Job {
    readonly id: string
    readonly round: number
  }

  test('are one by their key, and the last one added is handed out', async () => {
    const queue = new WorkQueue<Job>({ keyOf: (job) => job.id })
    queue.add({ id: 'a', round: 1 })
    queue.add({ id: 'a', round: 2 })
    const taken = (await queue.get()) as Job
    expect(taken).toEqual({ id: 'a', round: 2 })
    queue.add({ id: 'a', round: 3 })
    queue.add({ id: 'a', round: 4 })
    expect(queue.length).toBe(0)
    // By key: it need not be the same object.
    queue.done({ id: 'a', round: 0 })
    expect(await queue.get()).toEqual({ id: 'a', round: 4 })
  })

  test('are refused without a key, with a code', () => {
    const queue = new WorkQueue({ keyOf: (job: { id?: string }) => job.id as string })
    expect(() => queue.add({})).toThrow(expect.objectContaining({ code: 'ERR_INVALID_OPTION' }))
  })
})

test('options that are unknown or no numbers are refused, with a code', () => {
  const refused = expect.objectContaining({ code: 'ERR_INVALID_OPTION' })
  const wrong: object[] = [{ limiters: [] }, { limiter: { baseMs: 5 } }, { keyOf: 'name' }]
  for (const one of wrong) expect(() => new WorkQueue(one)).toThrow(refused)
  const { queue } = new QueueBed()
  expect(() => queue.add('a', { priority: Number.NaN })).toThrow(refused)
  expect(() => queue.addAfter('a', Number.NaN)).toThrow(refused)
  expect(() => queue.addAfter('a', Number.POSITIVE_INFINITY)).toThrow(refused)
  expect(queue.length).toBe(0)
})
