import { describe, expect, test } from 'vitest'
import type { AddEvent, DeleteEvent, UpdateEvent } from '../../src/notify/handlers.ts'
import { NotifyBed, recorder, type TestObject, uidText } from './notify-bed.ts'

type AnyEvent = AddEvent<TestObject> | UpdateEvent<TestObject> | DeleteEvent<TestObject>

describe('Processor', () => {
  test('tells every listener of every change, in order, with the states before and after', async () => {
    const bed = new NotifyBed()
    const logs: string[][] = [[], []]
    for (const log of logs) bed.listen(recorder(log))
    bed.put('ns/a')
    bed.put('ns/a')
    bed.put('ns/b')
    bed.delete('ns/a')
    bed.recreate('ns/b')
    await bed.settle()
    for (const log of logs) {
      expect(log).toEqual([
        'add ns/a 1',
        'update ns/a 1>2',
        'add ns/b 3',
        'delete ns/a 4',
        'delete? ns/b 3',
        'add ns/b 5',
      ])
    }
    expect(bed.cache.store.pinnedBytes).toBe(0)
  })

  test('never calls a handler inside a call of the sink', () => {
    const bed = new NotifyBed()
    const log: string[] = []
    bed.listen(recorder(log))
    bed.put('a')
    bed.listCompleted()
    expect(log).toEqual([])
  })

  test('hands over the facts of a change without unpacking its object', async () => {
    const bed = new NotifyBed()
    const events: AnyEvent[] = []
    bed.listen({ onAdd: (event) => void events.push(event), onDelete: (event) => void events.push(event) })
    bed.runtime.clockMs = 5_000
    bed.create('ns/a', 'list', 7)
    bed.listCompleted()
    bed.create('cluster', 'watch', 8)
    bed.delete('cluster', true)
    await bed.settle()
    expect(bed.cache.readCount).toBe(0)
    expect(
      events.map(({ key, namespace, name, uid, resourceVersion, cause, isInInitialList, receivedAtMs }) => ({
        key,
        namespace,
        name,
        uid,
        resourceVersion,
        cause,
        isInInitialList,
        receivedAtMs,
      })),
    ).toEqual([
      {
        key: 'ns/a',
        namespace: 'ns',
        name: 'a',
        uid: uidText(7),
        resourceVersion: '1',
        cause: 'list',
        isInInitialList: true,
        receivedAtMs: 5_000,
      },
      {
        key: 'cluster',
        namespace: undefined,
        name: 'cluster',
        uid: uidText(8),
        resourceVersion: '2',
        cause: 'watch',
        isInInitialList: false,
        receivedAtMs: 5_000,
      },
      {
        key: 'cluster',
        namespace: undefined,
        name: 'cluster',
        uid: uidText(8),
        resourceVersion: '2',
        cause: 'list',
        isInInitialList: false,
        receivedAtMs: 5_000,
      },
    ])
    expect(events.map((event) => event.type)).toEqual(['add', 'add', 'delete'])
    expect(events.map((event) => event.finalStateUnknown)).toEqual([false, false, true])
  })
})
