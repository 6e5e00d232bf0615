import { describe, expect, test } from 'vitest'
import { priorities, priorityOf } from '../../src/index.ts'
import { QueueBed } from './queue-bed.ts'

const { live, initialList, resync } = priorities

describe('priority', () => {
  test('live before initial list before resync; within one first come, first served', async () => {
    const bed = new QueueBed()
    bed.queue.add('r1', { priority: resync })
    bed.queue.add('i1', { priority: initialList })
    bed.queue.add('l1')
    bed.queue.add('r2', { priority: resync })
    bed.queue.add('i2', { priority: initialList })
    bed.queue.add('l2', { priority: live })
    expect(await bed.takeAll()).toEqual(['l1', 'l2', 'i1', 'i2', 'r1', 'r2'])
  })

  test('a duplicate of a higher one raises the item, which keeps its place by age', async () => {
    const bed = new QueueBed()
    bed.queue.add('old', { priority: initialList })
    bed.queue.add('other', { priority: initialList })
    bed.queue.add('l1')
    bed.queue.add('old')
    expect(await bed.takeAll()).toEqual(['old', 'l1', 'other'])
  })

  test('a duplicate of a lower one changes nothing', async () => {
    const bed = new QueueBed()
    bed.queue.add('a')
    bed.queue.add('b')
    bed.queue.add('a', { priority: resync })
    expect(await bed.takeAll()).toEqual(['a', 'b'])
  })

  test('an item held back is raised, too, and comes by its own priority', async () => {
    const bed = new QueueBed()
    bed.queue.add('a')
    await bed.takeAll()
    bed.queue.add('a', { priority: resync })
    bed.queue.add('low', { priority: initialList })
    bed.queue.add('a')
    bed.queue.done('a')
    expect(await bed.takeAll()).toEqual(['a', 'low'])
  })

  test('any finite numbers do', async () => {
    const bed = new QueueBed()
    for (const priority of [0.5, -1e9, 7, 0, 1e9]) bed.queue.add(String(priority), { priority })
    expect(await bed.takeAll()).toEqual(['1000000000', '7', '0.5', '0', '-1000000000'])
  })

  test('an item waits with the highest one that its delays were given', async () => {
    const bed = new QueueBed()
    bed.queue.addAfter('a', 10, { priority: resync })
    bed.queue.addAfter('a', 20, { priority: live })
    bed.queue.addAfter('a', 30, { priority: initialList })
    bed.queue.add('b', { priority: initialList })
    bed.runtime.advance(10)
    expect(await bed.takeAll()).toEqual(['a', 'b'])
  })

  test('a retry of an item in process keeps what it was handed out with, a new add does not', async () => {
    const bed = new QueueBed()
    bed.queue.add('a', { priority: resync })
    bed.queue.add('b', { priority: resync })
    bed.queue.add('c', { priority: resync })
    await bed.takeAll()
    bed.queue.addRateLimited('a')
    bed.queue.addAfter('b', 0)
    bed.queue.add('c')
    for (const key of ['a', 'b', 'c']) bed.queue.done(key)
    bed.runtime.advance(1_000)
    bed.queue.add('d', { priority: initialList })
    expect(await bed.takeAll()).toEqual(['c', 'd', 'b', 'a'])
  })
})

test.each([
  ['a live change', { cause: 'watch', isInInitialList: false }, live],
  ['a live change while the initial list comes', { cause: 'watch', isInInitialList: true }, live],
  ['an object of the initial list', { cause: 'list', isInInitialList: true }, initialList],
  [
    'what a relist found: it was missed, so it is late already',
    { cause: 'list', isInInitialList: false },
    live,
  ],
  ['what was cached before the handler came', { cause: 'replay', isInInitialList: true }, initialList],
  ['a difference found by a replay', { cause: 'replay', isInInitialList: false }, live],
  ['a resync', { cause: 'resync', isInInitialList: false }, resync],
] as const)('priorityOf: %s', (_name, event, priority) => {
  expect(priorityOf(event)).toBe(priority)
})
