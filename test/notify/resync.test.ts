import { describe, expect, test } from 'vitest'
import type { UpdateEvent } from '../../src/notify/handlers.ts'
import { gate, NotifyBed, recorder, type TestObject } from './notify-bed.ts'

describe('resync', () => {
  test('tells of every cached object again, unchanged, only those who asked', async () => {
    const bed = new NotifyBed()
    const events: UpdateEvent<TestObject>[] = []
    const objects: unknown[] = []
    const other: string[] = []
    bed.listen(
      {
        onUpdate(event) {
          events.push(event)
          objects.push(event.oldObject, event.object)
        },
      },
      { resyncPeriodMs: 1_000 },
    )
    bed.listen(recorder(other))
    bed.put('a', 'list')
    bed.put('b', 'list')
    bed.listCompleted()
    await bed.settle()
    await bed.runtime.advance(999)
    expect(events).toEqual([])
    await bed.runtime.advance(1)
    expect(events.map(({ key, cause, isInInitialList }) => `${key} ${cause} ${isInInitialList}`)).toEqual([
      'a resync false',
      'b resync false',
    ])
    expect(objects[0]).toBe(objects[1])
    expect(objects[2]).toBe(objects[3])
    await bed.runtime.advance(1_000)
    expect(events).toHaveLength(4)
    expect(other).toHaveLength(2)
    expect(events[0]?.oldObject).toBe(events[0]?.object)
    expect([...bed.cache.current.values()].every((cell) => cell.uses === 0)).toBe(true)
  })

  test('does not begin before the listener has synced', async () => {
    const bed = new NotifyBed()
    const log: string[] = []
    bed.listen(recorder(log), { resyncPeriodMs: 10 })
    bed.put('a', 'list')
    await bed.settle()
    await bed.runtime.advance(100)
    expect(log).toEqual(['add a 1'])
    expect(bed.runtime.timerCount).toBe(0)
  })

  test('yields to every live change', async () => {
    const bed = new NotifyBed({ sliceMs: 5 })
    const log: string[] = []
    bed.listen(
      {
        onAdd: (event) => void log.push(`add ${event.key}`),
        onUpdate(event) {
          log.push(`${event.cause} ${event.key}`)
          bed.runtime.clockMs += 10
        },
      },
      { resyncPeriodMs: 100_000 },
    )
    for (const key of ['a', 'b', 'c']) bed.put(key, 'list')
    bed.listCompleted()
    await bed.settle()
    log.length = 0
    bed.runtime.fire(100_000)
    bed.put('c')
    await bed.settle()
    expect(log).toEqual(['watch c', 'resync a', 'resync b', 'resync c'])
    log.length = 0
    bed.runtime.fire(100_000)
    await bed.runtime.turn()
    expect(log).toEqual(['resync a'])
    bed.put('b')
    bed.put('new')
    await bed.settle()
    expect(log.slice(1, 3)).toEqual(['watch b', 'add new'])
    expect(log.slice(3)).toContain('resync c')
  })

  test('leaves out an object whose call runs, and goes on', async () => {
    const bed = new NotifyBed()
    const log: string[] = []
    const hold = gate()
    bed.listen(
      {
        onUpdate(event) {
          log.push(`${event.cause} ${event.key}`)
          return event.cause === 'watch' ? hold.promise : undefined
        },
      },
      { resyncPeriodMs: 1_000, concurrency: 2 },
    )
    bed.put('a', 'list')
    bed.put('b', 'list')
    bed.listCompleted()
    await bed.settle()
    bed.put('a')
    await bed.settle()
    await bed.runtime.advance(1_000)
    expect(log).toEqual(['watch a', 'resync b'])
    hold.open()
    await bed.settle()
    expect(bed.cache.store.pinnedBytes).toBe(0)
  })

  test('tells nothing of an object deleted meanwhile, and ends with the registration', async () => {
    const bed = new NotifyBed({ sliceMs: 5 })
    const log: string[] = []
    const registration = bed.listen(
      {
        onUpdate(event) {
          log.push(event.key)
          bed.runtime.clockMs += 10
        },
      },
      { resyncPeriodMs: 1_000 },
    )
    for (const key of ['a', 'b', 'c']) bed.put(key, 'list')
    bed.listCompleted()
    await bed.settle()
    bed.runtime.fire(1_000)
    await bed.runtime.turn()
    bed.delete('b')
    await bed.settle()
    expect(log).toEqual(['a', 'c'])
    await registration.remove()
    expect(bed.runtime.timerCount).toBe(0)
  })
})
