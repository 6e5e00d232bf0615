import { describe, expect, test } from 'vitest'
import { KubeInformerError } from '../../src/errors.ts'
import type { AddEvent, UpdateEvent } from '../../src/notify/handlers.ts'
import type { Registration } from '../../src/notify/registration.ts'
import { type Gate, gate, microtasks, NotifyBed, recorder, type TestObject } from './notify-bed.ts'

function expectExpired(read: () => unknown): void {
  try {
    read()
  } catch (error) {
    expect(error).toBeInstanceOf(KubeInformerError)
    expect((error as KubeInformerError).code).toBe('ERR_EVENT_EXPIRED')
    return
  }
  throw new Error('reading did not throw')
}

describe('handlers', () => {
  test('get only what they are there for, bound to their object', async () => {
    const bed = new NotifyBed()
    class Counting {
      count = 0
      onUpdate(_event: UpdateEvent<TestObject>): void {
        this.count++
      }
    }
    const counting = new Counting()
    const registration = bed.listen(counting)
    bed.put('a')
    bed.put('a')
    bed.delete('a')
    await bed.settle()
    expect(counting.count).toBe(1)
    expect(registration.stats()).toMatchObject({ delivered: 3, depth: 0 })
    expect(bed.cache.store.pinnedBytes).toBe(0)
  })

  test('that throw are reported, counted, and miss nothing', async () => {
    const bed = new NotifyBed()
    const log: string[] = []
    const { onAdd, ...rest } = recorder(log)
    const other: string[] = []
    bed.listen(recorder(other))
    const registration = bed.listen({
      onAdd(event) {
        onAdd(event)
        throw new Error(`no ${event.key}`)
      },
      ...rest,
    })
    bed.put('a')
    bed.put('b')
    bed.put('a')
    await bed.settle()
    expect(log).toEqual(['add a 1', 'add b 2', 'update a 1>3'])
    expect(other).toEqual(log)
    expect(bed.errors.map(({ error, key }) => [String(error), key])).toEqual([
      ['Error: no a', 'a'],
      ['Error: no b', 'b'],
    ])
    expect(registration.stats()).toMatchObject({ errors: 2, delivered: 3 })
    expect(bed.cache.store.pinnedBytes).toBe(0)
  })

  test('that reject are reported, counted, and miss nothing', async () => {
    const bed = new NotifyBed()
    const log: string[] = []
    const registration = bed.listen({
      async onAdd(event) {
        log.push(event.key)
        throw new Error('no')
      },
    })
    bed.put('a', 'list')
    bed.put('b', 'list')
    bed.listCompleted()
    await bed.settle()
    expect(log).toEqual(['a', 'b'])
    expect(bed.errors).toHaveLength(2)
    expect(registration.hasSynced()).toBe(true)
    expect(registration.stats().errors).toBe(2)
  })

  test('whose result throws when asked for its then are reported', async () => {
    const bed = new NotifyBed()
    bed.listen({
      onAdd: () =>
        Object.defineProperty({}, 'then', {
          get() {
            throw new Error('odd')
          },
        }),
    })
    bed.put('a')
    await bed.settle()
    expect(bed.errors.map(({ key }) => key)).toEqual(['a'])
  })

  test('an error reporter that throws is heard apart from delivery', async () => {
    const bed = new NotifyBed()
    bed.errors.push = () => {
      throw new Error('reporter')
    }
    const log: string[] = []
    bed.listen({
      onAdd(event) {
        log.push(event.key)
        throw new Error('handler')
      },
    })
    bed.put('a')
    bed.put('b')
    const heard: unknown[] = []
    for (let turns = 0; turns < 3; turns++) {
      try {
        await bed.runtime.turn()
      } catch (error) {
        heard.push(String(error))
      }
    }
    expect(log).toEqual(['a', 'b'])
    expect(heard).toContain('Error: reporter')
  })
})

describe('async handlers', () => {
  test('run one at a time by default', async () => {
    const bed = new NotifyBed()
    const gates: Gate[] = []
    const registration = bed.listen({
      onAdd() {
        gates.push(gate())
        return gates.at(-1)?.promise
      },
    })
    bed.put('a')
    bed.put('b')
    await bed.settle()
    expect(gates).toHaveLength(1)
    expect(registration.stats()).toMatchObject({ inProgress: 1, depth: 1 })
    gates[0]?.open()
    await bed.settle()
    expect(gates).toHaveLength(2)
  })

  test('run for as many objects as asked for, in order for each', async () => {
    const bed = new NotifyBed()
    const open: { key: string; version: number; gate: Gate }[] = []
    const take = (event: { key: string; object: { version: number } }): Promise<void> => {
      const entry = { key: event.key, version: event.object.version, gate: gate() }
      open.push(entry)
      return entry.gate.promise
    }
    const registration = bed.listen({ onAdd: take, onUpdate: take }, { concurrency: 2 })
    for (const key of ['a', 'a', 'b', 'a', 'c', 'b']) bed.put(key)
    await bed.settle()
    const names = (): string[] => open.map(({ key, version }) => `${key}${version}`)
    expect(names()).toEqual(['a1', 'b3'])
    open[0]?.gate.open()
    await bed.settle()
    expect(names()).toEqual(['a1', 'b3', 'a2'])
    open[1]?.gate.open()
    await bed.settle()
    // b's next waits in its own place: c came before it.
    expect(names()).toEqual(['a1', 'b3', 'a2', 'c5'])
    open[2]?.gate.open()
    await bed.settle()
    expect(names().slice(4)).toEqual(['a4'])
    for (let i = 3; i < 6; i++) {
      open[i]?.gate.open()
      await bed.settle()
    }
    expect(names()).toEqual(['a1', 'b3', 'a2', 'c5', 'a4', 'b6'])
    expect(registration.stats()).toMatchObject({ depth: 0, inProgress: 0 })
    expect(bed.cache.store.pinnedBytes).toBe(0)
  })

  test('that await nothing do not cost a round of the event loop each', async () => {
    const bed = new NotifyBed()
    let count = 0
    bed.listen({
      async onAdd() {
        count++
      },
    })
    for (let i = 0; i < 5; i++) bed.put(`key-${i}`)
    await bed.runtime.turn()
    await microtasks()
    await microtasks()
    expect(count).toBe(5)
  })

  test('a delete and the add of the successor are two calls, one after the other', async () => {
    const bed = new NotifyBed()
    const log: string[] = []
    const hold = gate()
    const registration = bed.listen(
      {
        onAdd: (event) => void log.push(`add ${event.object.version}`),
        onDelete: (event) => {
          log.push(`delete ${event.object.version}`)
          return hold.promise
        },
      },
      { buffer: { countMax: 1 }, concurrency: 3 },
    )
    bed.put('a')
    await bed.settle()
    bed.put('x')
    bed.put('y')
    bed.recreate('a')
    await bed.settle()
    expect(log).toEqual(['add 1', 'add 2', 'add 3', 'delete 1'])
    // Its call has not started: it still comes to nothing.
    bed.put('z')
    bed.delete('a')
    bed.put('a')
    await bed.settle()
    hold.open()
    await bed.settle()
    expect(log.slice(-1)).toEqual(['add 7'])
    expect(registration.stats()).toMatchObject({ depth: 0, pinnedBytes: 0 })
  })
})

describe('events', () => {
  test('share the object among the listeners of one change', async () => {
    const bed = new NotifyBed()
    const objects: unknown[] = []
    for (let i = 0; i < 3; i++) bed.listen({ onAdd: (event) => void objects.push(event.object) })
    bed.put('a')
    await bed.settle()
    expect(objects).toHaveLength(3)
    expect(new Set(objects).size).toBe(1)
    expect(bed.cache.readCount).toBe(1)
    expect(bed.cache.current.get('a')?.object).toBeUndefined()
  })

  test('keep no object for a listener that never gets to it, above a bound', async () => {
    const bed = new NotifyBed()
    const never = gate()
    bed.listen({ onAdd: () => never.promise })
    bed.listen({ onAdd: (event) => void event.object })
    for (let i = 0; i < 5_000; i++) bed.put(`key-${i}`)
    await bed.settle()
    const kept = [...bed.cache.current.values()].filter((cell) => cell.object !== undefined)
    expect(kept.length).toBeGreaterThan(0)
    expect(kept.length).toBeLessThanOrEqual(1_024)
  })

  test('can be read until their call has settled, and what was read stays', async () => {
    const bed = new NotifyBed()
    const events: AddEvent<TestObject>[] = []
    const hold = gate()
    bed.listen({
      onAdd(event) {
        events.push(event)
        return hold.promise
      },
    })
    bed.put('a')
    await bed.settle()
    bed.put('a')
    const { object } = events[0] as AddEvent<TestObject>
    expect(object.version).toBe(1)
    hold.open()
    await bed.settle()
    expect(events[0]?.object).toBe(object)
    expect(bed.cache.store.pinnedBytes).toBe(0)
  })

  test('that were not read expire with their call; their facts do not', async () => {
    const bed = new NotifyBed()
    const events: (AddEvent<TestObject> | UpdateEvent<TestObject>)[] = []
    const keep = (event: AddEvent<TestObject> | UpdateEvent<TestObject>): void => void events.push(event)
    bed.listen({ onAdd: keep, onUpdate: keep })
    bed.create('ns/a', 'watch', 7)
    bed.put('ns/a')
    await bed.settle()
    bed.delete('ns/a')
    await bed.settle()
    for (const event of events) expectExpired(() => event.object)
    expectExpired(() => (events[1] as UpdateEvent<TestObject>).oldObject)
    expect(events.map((event) => [event.uid.slice(-1), event.resourceVersion, event.name])).toEqual([
      ['7', '1', 'a'],
      ['7', '2', 'a'],
    ])
  })
})

describe('one listener', () => {
  test('harms no other one by never returning', async () => {
    const bed = new NotifyBed()
    const never = gate()
    const stuck: Registration = bed.listen({ onAdd: () => never.promise })
    const log: string[] = []
    bed.listen(recorder(log))
    for (let i = 0; i < 100; i++) bed.put('a')
    await bed.settle()
    expect(log).toHaveLength(100)
    bed.runtime.clockMs += 500
    expect(stuck.stats()).toMatchObject({ inProgress: 1, depth: 99, oldestAgeMs: 500 })
  })

  test('counts the time its handlers take', async () => {
    const bed = new NotifyBed()
    const busy = bed.listen({ onAdd: () => void (bed.runtime.clockMs += 40) })
    const idle = bed.listen({ onAdd: () => {} })
    bed.put('a')
    bed.put('b')
    await bed.settle()
    expect(busy.stats().handlerMs).toBe(80)
    expect(idle.stats().handlerMs).toBe(0)
  })

  test('gives the thread back at the end of its slice', async () => {
    const bed = new NotifyBed({ sliceMs: 5 })
    let count = 0
    bed.listen({
      onAdd() {
        count++
        bed.runtime.clockMs += 2
      },
    })
    for (let i = 0; i < 10; i++) bed.put(`key-${i}`)
    await bed.runtime.turn()
    expect(count).toBe(3)
    await bed.settle()
    expect(count).toBe(10)
  })
})
