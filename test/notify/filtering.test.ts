import { describe, expect, test } from 'vitest'
import { filteringResourceEventHandler } from '../../src/notify/filtering-handler.ts'
import type { AddEvent, DeleteEvent, ObjectHandlers } from '../../src/notify/handlers.ts'
import { gate, NotifyBed, recorder, type TestObject } from './notify-bed.ts'

/** Accepts the versions in it. */
function accepting(versions: readonly number[], handler: ObjectHandlers<TestObject>) {
  return filteringResourceEventHandler<TestObject>({
    filter: ({ version }) => versions.includes(version),
    handler,
  })
}

describe('the filtering handler', () => {
  test('turns transitions into adds and deletes', async () => {
    const bed = new NotifyBed()
    const log: string[] = []
    bed.listen(accepting([2, 3, 5, 7], recorder(log)))
    // out, out → in, in → in, in → out, out → in, in → out, out → in, deleted.
    for (let i = 0; i < 7; i++) {
      bed.put('a')
      await bed.settle()
    }
    bed.delete('a')
    await bed.settle()
    expect(log).toEqual([
      'add a 2',
      'update a 2>3',
      'delete a 3',
      'add a 5',
      'delete a 5',
      'add a 7',
      'delete a 8',
    ])
  })

  test('of an object that never passed nothing is told, and one that passed ends whatever its end looks like', async () => {
    const bed = new NotifyBed()
    const log: string[] = []
    bed.listen(accepting([3], recorder(log)))
    bed.put('a')
    bed.delete('a')
    bed.put('b')
    bed.delete('b', true)
    await bed.settle()
    expect(log).toEqual(['add b 3', 'delete? b 3'])
  })

  test('is right when changes were merged, or kept back by a change filter', async () => {
    const bed = new NotifyBed()
    const logs: [string[], string[]] = [[], []]
    const open = gate()
    const first = accepting([1, 2, 5], recorder(logs[0]))
    bed.listen(
      {
        onAdd: (event) => (event.key === 'z' ? open.promise : first.onAdd?.(event)),
        onUpdate: first.onUpdate as never,
      },
      { buffer: { countMax: 1 } },
    )
    bed.listen(accepting([1, 2, 5], recorder(logs[1])), { when: ['uid'] })
    bed.put('a')
    await bed.settle()
    bed.put('z')
    await bed.settle()
    // 3, 4, 5 arrive as one update 1 → 5.
    for (let i = 0; i < 3; i++) bed.put('a')
    open.open()
    await bed.settle()
    expect(logs[0]).toEqual(['add a 1', 'update a 1>5'])
    expect(logs[1]).toEqual(['add a 1', 'add z 2'])
  })

  test('does without an old object, as after an overflow that drops it', () => {
    const log: unknown[] = []
    const handlers = filteringResourceEventHandler<TestObject>({
      filter: ({ version }) => version < 10,
      handler: {
        onAdd: ({ object }) => void log.push(['add', object.version]),
        onUpdate: ({ object, oldObject }) => void log.push(['update', oldObject, object.version]),
        onDelete: (event) =>
          void log.push(['delete', event.object, event.finalStateUnknown, event.resourceVersion]),
      },
    })
    const { signal } = new AbortController()
    const send = (version: number): unknown =>
      handlers.onUpdate?.({
        ...{ type: 'update', key: 'a', signal, oldObject: undefined, resourceVersion: String(version) },
        object: { uid: '', version },
      } as never)
    for (const version of [1, 2, 11, 12, 3]) send(version)
    expect(log).toEqual([
      ['add', 1],
      ['update', undefined, 2],
      ['delete', undefined, false, '11'],
      ['add', 3],
    ])
  })

  test('a transition is read as lazily as any event, and shows its facts', async () => {
    const bed = new NotifyBed()
    const kept: (AddEvent<TestObject> | DeleteEvent<TestObject>)[] = []
    const keep = (event: AddEvent<TestObject> | DeleteEvent<TestObject>): void => void kept.push(event)
    bed.listen(accepting([2], { onAdd: keep, onDelete: keep }))
    for (let i = 0; i < 3; i++) {
      bed.put('ns/a')
      await bed.settle()
    }
    // One read a state, by the filter; of the one before nobody reads.
    expect(bed.cache.readCount).toBe(3)
    expect(kept.map((event) => event.type)).toEqual(['add', 'delete'])
    expect(JSON.parse(JSON.stringify(kept[0]))).toMatchObject({
      ...{ type: 'add', key: 'ns/a', namespace: 'ns', name: 'a', resourceVersion: '2', cause: 'watch' },
      ...{ isInInitialList: false, finalStateUnknown: false },
    })
    expect(() => kept[1]?.object).toThrow(expect.objectContaining({ code: 'ERR_EVENT_EXPIRED' }))
  })

  test('a filter that throws fails for its object alone; what was told stays', async () => {
    const bed = new NotifyBed()
    const log: string[] = []
    const registration = bed.listen(
      filteringResourceEventHandler<TestObject>({
        filter({ version }) {
          if (version === 2 || version === 3) throw new Error(`no idea of ${version}`)
          return true
        },
        handler: recorder(log),
      }),
    )
    bed.put('a')
    bed.put('a')
    bed.put('b')
    bed.put('a')
    bed.put('b')
    await bed.settle()
    expect(log).toEqual(['add a 1', 'update a 2>4', 'add b 5'])
    expect(bed.errors.map(({ error, key }) => [String(error), key])).toEqual([
      ['Error: no idea of 2', 'a'],
      ['Error: no idea of 3', 'b'],
    ])
    expect(registration.stats().errors).toBe(2)
  })

  test('registered twice, each registration remembers for itself', async () => {
    const bed = new NotifyBed()
    const log: string[] = []
    const handlers = accepting([1, 2, 4], recorder(log))
    bed.put('a')
    bed.listen(handlers)
    const second = bed.listen(handlers)
    await bed.settle()
    bed.put('a')
    await bed.settle()
    await second.remove()
    bed.put('a')
    await bed.settle()
    expect(log).toEqual(['add a 1', 'add a 1', 'update a 1>2', 'update a 1>2', 'delete a 2'])
  })

  test('an asynchronous handler is followed: order, errors, removal from inside', async () => {
    const bed = new NotifyBed()
    const open = gate()
    const log: string[] = []
    const registration = bed.listen(
      accepting([1, 2], {
        async onAdd({ key }) {
          log.push(`add ${key}`)
          await open.promise
          log.push('added')
        },
        async onDelete() {
          log.push('delete')
          await registration.remove()
          log.push('removed')
          throw new Error('and failed')
        },
      }),
      { drainMs: 60_000 },
    )
    for (let i = 0; i < 3; i++) bed.put('a')
    await bed.settle()
    expect(log).toEqual(['add a'])
    open.open()
    await bed.settle()
    expect(log).toEqual(['add a', 'added', 'delete', 'removed'])
    expect(bed.errors.map(({ error }) => String(error))).toEqual(['Error: and failed'])
  })

  test('an asynchronous handler may remove its registration in its very first call', async () => {
    const bed = new NotifyBed()
    const log: string[] = []
    const registration = bed.listen(
      accepting([1], {
        async onAdd() {
          await undefined
          await registration.remove()
          log.push('removed')
        },
      }),
      { drainMs: 60_000 },
    )
    bed.put('a')
    await bed.settle()
    expect(log).toEqual(['removed'])
  })

  test('hands on what is no change', async () => {
    const bed = new NotifyBed()
    const log: string[] = []
    bed.listen(accepting([], { onAdd() {}, onSynced: () => void log.push('synced') }))
    bed.put('a')
    bed.listCompleted()
    await bed.settle()
    expect(log).toEqual(['synced'])
  })

  test('refuses what could never work', () => {
    const filter = (): boolean => true
    const make = filteringResourceEventHandler as (options: unknown) => unknown
    const refused = (options: unknown, text: string): void =>
      expect(() => make(options)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_OPTION', message: expect.stringContaining(text) }),
      )
    refused({ filter }, 'handlers')
    refused({ handler: { onAdd() {} } }, 'filter')
    refused({ filter, handler: { onSynced() {} } }, 'onAdd, onUpdate or onDelete')
    refused({ filter, handler: { onAdd() {} }, filterFunc: filter }, 'filterFunc')
  })

  test('a filter that answers with a promise is an error, not a yes', async () => {
    const bed = new NotifyBed()
    const log: string[] = []
    const filter = (async () => Promise.reject(new Error('unheard'))) as unknown as () => boolean
    bed.listen(filteringResourceEventHandler<TestObject>({ filter, handler: recorder(log) }))
    bed.put('a')
    await bed.settle()
    expect(log).toEqual([])
    expect(bed.errors.map(({ error }) => String(error))).toEqual([expect.stringContaining('with a promise')])
  })
})
