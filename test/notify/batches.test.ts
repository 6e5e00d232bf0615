import { describe, expect, test } from 'vitest'
import type { ObjectChange } from '../../src/notify/handlers.ts'
import { gate, NotifyBed, type TestObject } from './notify-bed.ts'

type Batch = readonly ObjectChange<TestObject>[]

/** `add a 1`, `update a 1>2`, `delete a 2`. */
function told(changes: Batch): string[] {
  return changes.map((change) => {
    const old = change.type === 'update' ? `${change.oldObject.version}>` : ''
    return `${change.type} ${change.key} ${old}${change.object.version}`
  })
}

describe('onChanges', () => {
  test('gets all that waits in one call, several changes of one object in order', async () => {
    const bed = new NotifyBed()
    const batches: string[][] = []
    const registration = bed.listen({ onChanges: (changes) => void batches.push(told(changes)) })
    bed.put('a')
    bed.put('b')
    bed.put('a')
    bed.delete('b')
    bed.recreate('a')
    await bed.settle()
    bed.put('c')
    await bed.settle()
    expect(batches).toEqual([
      ['add a 1', 'add b 2', 'update a 1>3', 'delete b 4', 'delete a 3', 'add a 5'],
      ['add c 6'],
    ])
    expect(registration.stats()).toMatchObject({ delivered: 7, merged: 0, depth: 0, errors: 0 })
    expect(bed.cache.store.pinnedBytes).toBe(0)
  })

  test('is cut at batchCountMax, at bytesMax, and where gathering takes half of the slice', async () => {
    const sizes = async (options: object, lookMs = 0): Promise<number[]> => {
      const bed = new NotifyBed({ sliceMs: 8, recordBytes: 100 })
      const found: number[] = []
      bed.listen({ onChanges: (changes) => void found.push(changes.length) }, options)
      for (let i = 0; i < 100; i++) bed.put(`key-${i}`)
      bed.runtime.lookMs = lookMs
      await bed.settle()
      return found
    }
    expect(await sizes({})).toEqual([100])
    expect(await sizes({ batchCountMax: 40 })).toEqual([40, 40, 20])
    // Above bytesMax changes of one object would merge; of a hundred objects none does.
    expect(await sizes({ buffer: { bytesMax: 3_000 } })).toEqual([30, 30, 30, 10])
    expect((await sizes({}, 3))[0]).toBe(32)
  })

  test('several run at once, of different objects, when asked for', async () => {
    const bed = new NotifyBed()
    const open: { told: string[]; end: () => void }[] = []
    const registration = bed.listen(
      {
        onChanges(changes) {
          const running = gate()
          open.push({ told: told(changes), end: running.open })
          return running.promise
        },
      },
      { concurrency: 2, batchCountMax: 2 },
    )
    for (const key of ['a', 'b', 'a', 'c', 'a', 'd', 'e']) bed.put(key)
    await bed.settle()
    const names = (): string[][] => open.map((batch) => batch.told)
    expect(names()).toEqual([
      ['add a 1', 'add b 2'],
      ['add c 4', 'add d 6'],
    ])
    expect(registration.stats()).toMatchObject({ inProgress: 2, depth: 3 })
    open[1]?.end()
    await bed.settle()
    expect(names()[2]).toEqual(['add e 7'])
    open[0]?.end()
    await bed.settle()
    // Both that waited for the same call come in the next one.
    expect(names()[3]).toEqual(['update a 1>3', 'update a 3>5'])
    for (const { end } of open) end()
    await bed.settle()
    expect(registration.stats()).toMatchObject({ inProgress: 0, depth: 0, delivered: 7 })
    expect(bed.cache.store.pinnedBytes).toBe(0)
  })

  test('that fails is one error without a key, and finishes what it was given', async () => {
    const bed = new NotifyBed()
    let fail = (): unknown => {
      throw new Error('thrown')
    }
    let synced = 0
    const registration = bed.listen({ onChanges: () => fail(), onSynced: () => synced++ })
    bed.put('a', 'list')
    bed.put('b', 'list')
    bed.listCompleted()
    await bed.settle()
    expect(synced).toBe(1)
    fail = () => Promise.reject(new Error('rejected'))
    bed.put('a')
    bed.put('b')
    await bed.settle()
    expect(bed.errors.map(({ error, key }) => [String(error), key])).toEqual([
      ['Error: thrown', ''],
      ['Error: rejected', ''],
    ])
    expect(registration.stats()).toMatchObject({ errors: 2, delivered: 4, initialPending: 0 })
    expect(bed.cache.store.pinnedBytes).toBe(0)
  })

  test('syncs when the batch with the last initial object has ended', async () => {
    const bed = new NotifyBed()
    const running = gate()
    let initial: boolean[] = []
    const registration = bed.listen({
      onChanges(changes) {
        initial = changes.map((change) => change.isInInitialList)
        return running.promise
      },
    })
    for (const key of ['a', 'b']) bed.put(key, 'list')
    bed.listCompleted()
    await bed.settle()
    expect(initial).toEqual([true, true])
    expect(registration.hasSynced()).toBe(false)
    running.open()
    await bed.settle()
    expect(registration.hasSynced()).toBe(true)
  })

  test('its events can be read until the call has ended, and its array is its own', async () => {
    const bed = new NotifyBed()
    const kept: Batch[] = []
    const running = gate()
    bed.listen({
      onChanges(changes) {
        kept.push(changes)
        return running.promise
      },
    })
    bed.put('a')
    bed.put('b')
    await bed.settle()
    const [first, second] = (kept[0] as ObjectChange<TestObject>[]).splice(0)
    const object = first?.object
    running.open()
    await bed.settle()
    expect(first?.object).toBe(object)
    expect(() => second?.object).toThrow(expect.objectContaining({ code: 'ERR_EVENT_EXPIRED' }))
    expect(bed.cache.store.pinnedBytes).toBe(0)
    expect([...bed.cache.current.values()].map((cell) => cell.uses)).toEqual([0, 0])
  })

  test('gets resyncs and what was cached before it came', async () => {
    const bed = new NotifyBed()
    bed.put('a')
    bed.put('b')
    bed.listCompleted()
    const batches: string[][] = []
    bed.listen(
      {
        onChanges: (changes) =>
          void batches.push(changes.map(({ type, key, cause }) => `${type} ${key} ${cause}`)),
      },
      { resyncPeriodMs: 50 },
    )
    await bed.settle()
    await bed.runtime.advance(50)
    expect(batches).toEqual([
      ['add a replay', 'add b replay'],
      ['update a resync', 'update b resync'],
    ])
    await bed.processor.close()
  })

  test('ends with its registration, also from inside', async () => {
    const bed = new NotifyBed()
    let calls = 0
    const registration = bed.listen(
      {
        async onChanges() {
          calls++
          await registration.remove()
        },
      },
      { batchCountMax: 1 },
    )
    bed.put('a')
    bed.put('b')
    await bed.settle()
    expect(calls).toBe(1)
    expect(registration.stats()).toMatchObject({ inProgress: 0, abandoned: 0, depth: 0 })
    expect(bed.cache.store.pinnedBytes).toBe(0)
  })
})

test('refuses batches beside other handlers, and their options without them', () => {
  const bed = new NotifyBed()
  const refused = (handlers: object, options: object = {}): void =>
    expect(() => bed.listen(handlers, options)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
    )
  const onChanges = (): void => {}
  refused({ onChanges, onAdd: () => {} })
  refused({ onChanges, onDelete: () => {} })
  refused({ onChanges: 1 })
  refused({ onChanges }, { batchCountMax: 0 })
  refused({ onAdd: () => {} }, { batchCountMax: 10 })
  bed.listen({ onChanges, onSynced: () => {} }, { batchCountMax: 10 })
})
