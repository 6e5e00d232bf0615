import { expect, test } from 'vitest'
import { WorkQueue } from '../../src/index.ts'
import { QueueBed } from './queue-bed.ts'

const nothing = { count: 0, sumMs: 0, p50Ms: 0, p99Ms: 0, maxMs: 0 }

test('the figures of a queue bear its name', () => {
  const queue = new WorkQueue({ name: 'pods' })
  expect([queue.name, queue.stats().name]).toEqual(['pods', 'pods'])
  const refused = expect.objectContaining({ code: 'ERR_INVALID_OPTION', facts: { option: 'name' } })
  expect(() => new WorkQueue({ name: 5 as unknown as string })).toThrow(refused)
})

test('a new queue has zeros everywhere', () => {
  expect(new QueueBed().queue.stats()).toEqual({
    name: '',
    depth: 0,
    processing: 0,
    held: 0,
    delayed: 0,
    failing: 0,
    adds: 0,
    merged: 0,
    retries: 0,
    dropped: 0,
    latency: nothing,
    workDuration: nothing,
    unfinishedWorkMs: 0,
    longestRunningMs: 0,
  })
})

test('latency runs from the first add to the worker, work from the worker to its done', async () => {
  const { queue, runtime } = new QueueBed()
  queue.add('a')
  runtime.advance(30)
  queue.add('a')
  runtime.advance(20)
  await queue.get()
  runtime.advance(7)
  queue.done('a')
  const { latency, workDuration } = queue.stats()
  expect(latency).toMatchObject({ count: 1, sumMs: 50, maxMs: 50 })
  expect(workDuration).toMatchObject({ count: 1, sumMs: 7, maxMs: 7 })
})

test('latency of an item added while in process includes the time it was held back', async () => {
  const { queue, runtime } = new QueueBed()
  queue.add('a')
  await queue.get()
  queue.add('a')
  runtime.advance(40)
  queue.done('a')
  await queue.get()
  expect(queue.stats().latency).toMatchObject({ count: 2, sumMs: 40, maxMs: 40 })
})

test('latency of a delayed item begins when its time has come', async () => {
  const { queue, runtime } = new QueueBed()
  queue.addAfter('a', 1_000)
  runtime.advance(1_003)
  await queue.get()
  expect(queue.stats().latency.maxMs).toBe(3)
})

test('percentiles are right within 1 %, from microseconds to a day', async () => {
  const { queue, runtime } = new QueueBed()
  for (let i = 1; i <= 1_000; i++) {
    queue.add('a')
    await queue.get()
    runtime.advance(i)
    queue.done('a')
  }
  const { workDuration } = queue.stats()
  expect(workDuration.count).toBe(1_000)
  expect(workDuration.sumMs).toBeCloseTo(500_500)
  expect(Math.abs(workDuration.p50Ms - 500)).toBeLessThanOrEqual(5)
  expect(Math.abs(workDuration.p99Ms - 990)).toBeLessThanOrEqual(10)
  expect(workDuration.maxMs).toBe(1_000)

  queue.add('b')
  await queue.get()
  runtime.advance(3 * 86_400_000)
  queue.done('b')
  expect(queue.stats().workDuration).toMatchObject({ count: 1_001, maxMs: 3 * 86_400_000 })
})

test('unfinished work is the sum of what runs, the longest running one its oldest', async () => {
  const { queue, runtime } = new QueueBed()
  queue.add('a')
  queue.add('b')
  await queue.get()
  runtime.advance(100)
  await queue.get()
  runtime.advance(20)
  expect(queue.stats()).toMatchObject({ processing: 2, unfinishedWorkMs: 140, longestRunningMs: 120 })
  queue.done('a')
  expect(queue.stats()).toMatchObject({ processing: 1, unfinishedWorkMs: 20, longestRunningMs: 20 })
})

test('a clock that goes backwards breaks nothing', async () => {
  const { queue, runtime } = new QueueBed()
  queue.add('a')
  runtime.block(-10)
  await queue.get()
  runtime.block(-10)
  queue.done('a')
  expect(queue.stats().latency).toEqual({ count: 1, sumMs: 0, p50Ms: 0, p99Ms: 0, maxMs: 0 })
})
