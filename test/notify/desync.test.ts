import { describe, expect, test } from 'vitest'
import type { Registration } from '../../src/notify/registration.ts'
import type { ReplayChange, ReplayDeleteEvent, ReplayUpdateEvent } from '../../src/notify/replay-handlers.ts'
import { type Gate, gate, NotifyBed, type TestObject } from './notify-bed.ts'

type AnyEvent = {
  readonly type: string
  readonly key: string
  readonly cause: string
  readonly resourceVersion: string
  readonly object: TestObject | undefined
}

interface Run {
  readonly bed: NotifyBed
  readonly log: string[]
  readonly hold: Gate
  readonly registration: Registration
}

/** Synced with `keys` told of, and a call for `hold` that does not return before the gate opens. */
async function blocked(
  keys: readonly string[],
  buffer: { countMax?: number; bytesMax?: number },
  concurrency = 1,
): Promise<Run> {
  const bed = new NotifyBed({ recordBytes: 100 })
  const log: string[] = []
  const hold = gate()
  const object = ({ object }: AnyEvent): string => (object === undefined ? '-' : String(object.version))
  const registration = bed.processor.addListener<TestObject>(
    {
      onAdd(event) {
        log.push(`add ${event.key} ${object(event)} ${event.cause}`)
        return event.key === 'hold' ? hold.promise : undefined
      },
      onUpdate(event: ReplayUpdateEvent<TestObject>) {
        const old = event.oldObject === undefined ? '-' : event.oldObject.version
        log.push(`update ${event.key} ${old}>${object(event)} ${event.cause}`)
        return event.key === 'held' ? hold.promise : undefined
      },
      onDelete(event: ReplayDeleteEvent<TestObject>) {
        const unknown = event.finalStateUnknown ? '?' : ''
        log.push(`delete${unknown} ${event.key} ${object(event)}@${event.resourceVersion} ${event.cause}`)
      },
      onSynced: () => void log.push('synced'),
      onDesynced: () => void log.push('desynced'),
    },
    { buffer: { countMax: 3, ...buffer, overflow: 'replay' }, concurrency },
  )
  for (const key of keys) {
    bed.put(key, 'list')
    await bed.settle()
  }
  bed.listCompleted()
  await bed.settle()
  bed.put('hold')
  await bed.settle()
  log.length = 0
  return { bed, log, hold, registration }
}

async function release({ bed, log, hold, registration }: Run): Promise<string[]> {
  hold.open()
  await bed.settle()
  expect(registration.stats()).toMatchObject({
    ...{ depth: 0, bytes: 0, pinnedBytes: 0, inProgress: 0, merged: 0, hasSynced: true, isDesynced: false },
  })
  expect(bed.cache.store.pinnedBytes).toBe(0)
  return log
}

describe("overflow: 'replay'", () => {
  test('below the bounds every change is kept', async () => {
    const run = await blocked(['a'], { countMax: 3 })
    run.bed.put('a')
    run.bed.delete('a')
    run.bed.put('b')
    expect(run.registration.stats()).toMatchObject({ depth: 3, desyncs: 0, isDesynced: false, dropped: 0 })
    expect(await release(run)).toEqual(['update a 1>3 watch', 'delete a 4@4 watch', 'add b 5 watch'])
  })

  test('above them the buffer is dropped, and later the cache is compared with what was handed', async () => {
    const run = await blocked(['same', 'changed', 'gone', 'replaced'], { countMax: 3 })
    const { bed } = run
    bed.put('changed')
    bed.delete('gone')
    bed.recreate('replaced')
    await bed.settle()
    bed.put('new')
    bed.put('changed')
    bed.put('passing')
    bed.delete('passing')
    await bed.settle()
    // Told at once, while the call still runs; nothing is held.
    expect(run.log).toEqual(['desynced'])
    expect(run.registration.stats()).toMatchObject({
      ...{ depth: 0, bytes: 0, pinnedBytes: 0, desyncs: 1, isDesynced: true, hasSynced: true, dropped: 8 },
    })
    expect(bed.cache.store.pinnedBytes).toBe(0)
    const log = await release(run)
    expect(log.toSorted()).toEqual(
      [
        'desynced',
        'update changed ->10 replay',
        'delete? gone -@3 replay',
        'delete? replaced -@4 replay',
        'add replaced 8 replay',
        'add new 9 replay',
        'synced',
      ].toSorted(),
    )
    expect(log.at(-1)).toBe('synced')
    expect(log.indexOf('delete? replaced -@4 replay')).toBeLessThan(log.indexOf('add replaced 8 replay'))
    // And all goes on as before.
    log.length = 0
    bed.put('changed')
    bed.put('gone')
    await bed.settle()
    expect(log).toEqual(['update changed 10>13 watch', 'add gone 14 watch'])
  })

  test('a large buffer is dropped by and by, also while the call still runs', async () => {
    const run = await blocked([], { countMax: 1_000 })
    for (let i = 0; i <= 1_000; i++) run.bed.put(`p${i}`)
    const { depth, bytes, dropped } = run.registration.stats()
    expect(depth).toBeGreaterThan(500)
    expect(depth + dropped).toBe(1_001)
    // What comes meanwhile is not kept, and what waits is not told.
    run.bed.put('p0')
    run.bed.put('late')
    expect(run.registration.stats()).toMatchObject({ depth, bytes, desyncs: 1 })
    await run.bed.settle()
    expect(run.log).toEqual(['desynced'])
    expect(run.registration.stats()).toMatchObject({ depth: 0, bytes: 0, pinnedBytes: 0, dropped: 1_003 })
    const log = await release(run)
    expect(log).toHaveLength(1_004)
    expect(new Set(log).size).toBe(1_004)
  })

  test('an object that was never handed and is gone leaves nothing', async () => {
    const run = await blocked([], { countMax: 1 })
    for (let i = 0; i < 100; i++) {
      run.bed.put(`p${i}`)
      run.bed.delete(`p${i}`)
    }
    expect(await release(run)).toEqual(['desynced', 'synced'])
    expect(run.registration.stats().dropped).toBe(200)
  })

  test('it is in sync again only when the batch has ended that ran at the overflow', async () => {
    const bed = new NotifyBed()
    const log: string[] = []
    const hold = gate()
    bed.processor.addListener<TestObject>(
      {
        onChanges(changes: readonly ReplayChange<TestObject>[]) {
          log.push(changes.map(({ key }) => key).join(' '))
          return hold.promise
        },
        onSynced: () => void log.push('synced'),
        onDesynced: () => void log.push('desynced'),
      },
      { buffer: { countMax: 1, overflow: 'replay' } },
    )
    bed.listCompleted()
    await bed.settle()
    bed.put('a')
    await bed.settle()
    // Both dropped, and nothing to tell of it.
    bed.put('b')
    bed.delete('b')
    await bed.settle()
    expect(log).toEqual(['synced', 'a', 'desynced'])
    hold.open()
    await bed.settle()
    expect(log).toEqual(['synced', 'a', 'desynced', 'synced'])
  })

  test('changes of other objects meanwhile come as they are, between', async () => {
    const run = await blocked(['a', 'b', 'c', 'd'], { countMax: 2 }, 2)
    const { bed, log } = run
    // One call of two hangs, so that the replay begins at once.
    for (const key of ['a', 'b', 'c']) bed.put(key)
    expect(run.registration.stats().isDesynced).toBe(true)
    await bed.settle()
    expect(log.toSorted()).toEqual(
      ['desynced', ...['update a ->6 replay', 'update b ->7 replay', 'update c ->8 replay']].toSorted(),
    )
    // Not before the call ends that ran when the buffer was dropped.
    expect(run.registration.stats()).toMatchObject({ isDesynced: true })
    bed.put('d')
    bed.put('a')
    await bed.settle()
    expect(log.slice(-2)).toEqual(['update d 4>9 watch', 'update a 6>10 watch'])
    expect((await release(run)).at(-1)).toBe('synced')
  })

  test('calls for one object never overlap, also when its call ran at the overflow', async () => {
    const run = await blocked(['held', 'a'], { countMax: 1 }, 3)
    const { bed, log } = run
    bed.put('held')
    await bed.settle()
    expect(log).toEqual(['update held 1>4 watch'])
    bed.put('held')
    bed.put('held')
    bed.put('a')
    await bed.settle()
    expect(log).toEqual(['update held 1>4 watch', 'desynced', 'update a ->7 replay'])
    expect((await release(run)).slice(3)).toEqual(['update held ->6 replay', 'synced'])
  })

  test('before the first sync: one onSynced, when everything is told', async () => {
    const bed = new NotifyBed()
    const log: string[] = []
    const hold = gate()
    const registration = bed.processor.addListener<TestObject>(
      {
        onAdd(event) {
          log.push(`add ${event.key} ${event.isInInitialList}`)
          return hold.promise
        },
        onSynced: () => void log.push('synced'),
        onDesynced: () => void log.push('desynced'),
      },
      { buffer: { countMax: 2, overflow: 'replay' } },
    )
    for (const key of ['a', 'b', 'c', 'd', 'e']) {
      bed.put(key, 'list')
      await bed.settle()
    }
    bed.listCompleted()
    await bed.settle()
    expect(registration.hasSynced()).toBe(false)
    hold.open()
    await bed.settle()
    // Not a word of the overflow: of what it knew, it missed nothing.
    expect(log[0]).toBe('add a true')
    expect(log.slice(1, -1).toSorted()).toEqual(['add b true', 'add c true', 'add d true', 'add e true'])
    expect(log.at(-1)).toBe('synced')
    expect(registration.stats()).toMatchObject({ initialPending: 0, hasSynced: true, isDesynced: false })
  })

  test('a change larger than the bound waits like any other', async () => {
    const run = await blocked([], { bytesMax: 1 })
    run.bed.put('a')
    expect(run.registration.stats()).toMatchObject({ depth: 1, desyncs: 0 })
    run.bed.put('b')
    expect(run.registration.stats()).toMatchObject({ depth: 0, desyncs: 1 })
    expect((await release(run)).length).toBe(4)
  })

  test('once removed, nothing of it is told', async () => {
    const run = await blocked(['a'], { countMax: 1 })
    run.bed.put('a')
    run.bed.put('a')
    void run.registration.remove()
    run.hold.open()
    await run.bed.settle()
    expect(run.log).toEqual([])
    expect(run.registration.stats().isDesynced).toBe(false)
  })
})
