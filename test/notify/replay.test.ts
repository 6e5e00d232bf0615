import { describe, expect, test } from 'vitest'
import type { AddEvent } from '../../src/notify/handlers.ts'
import { gate, NotifyBed, recorder, type TestObject } from './notify-bed.ts'

describe('a listener added late', () => {
  test('is told of everything cached, as adds of its initial list, and then has synced', async () => {
    const bed = new NotifyBed()
    for (const key of ['a', 'b']) bed.put(key, 'list')
    bed.listCompleted()
    await bed.settle()
    const events: AddEvent<TestObject>[] = []
    const log: string[] = []
    const registration = bed.listen({
      onAdd(event) {
        events.push(event)
        log.push(event.key)
      },
      onSynced: () => void log.push('synced'),
    })
    expect(registration.hasSynced()).toBe(false)
    await bed.settle()
    expect(log).toEqual(['a', 'b', 'synced'])
    expect(events.map(({ cause, isInInitialList }) => `${cause} ${isInInitialList}`)).toEqual([
      'replay true',
      'replay true',
    ])
  })

  test('gets a live change of an object it has not heard of as its add, once', async () => {
    const bed = new NotifyBed()
    for (let i = 0; i < 200; i++) bed.put(`key-${i}`, 'list')
    bed.listCompleted()
    const log: string[] = []
    // A buffer this small leaves the cursor at the start of the cache.
    const registration = bed.listen(recorder(log), { buffer: { countMax: 4 } })
    const last = bed.put('key-150')
    bed.delete('key-160')
    bed.put('new')
    bed.delete('new')
    bed.put('key-0')
    await bed.settle()
    expect(log.filter((line) => line.includes('key-150'))).toEqual([`add key-150 ${last}`])
    expect(log.filter((line) => line.includes('key-160'))).toEqual([])
    expect(log.filter((line) => /key-0 /.test(line))).toHaveLength(2)
    expect(log.filter((line) => line.startsWith('add'))).toHaveLength(199)
    expect(registration.hasSynced()).toBe(true)
    expect(bed.cache.store.pinnedBytes).toBe(0)
  })

  test('hears of a successor although its predecessor was replayed', async () => {
    const bed = new NotifyBed()
    for (let i = 0; i < 20; i++) bed.put(`key-${i}`, 'list')
    bed.listCompleted()
    const log: string[] = []
    bed.listen(recorder(log), { buffer: { countMax: 8 } })
    bed.recreate('key-0')
    bed.recreate('key-19')
    await bed.settle()
    expect(log.filter((line) => /key-0 /.test(line))).toEqual([
      'add key-0 1',
      'delete? key-0 1',
      'add key-0 21',
    ])
    expect(log.filter((line) => line.includes('key-19'))).toEqual(['add key-19 22'])
  })

  test('has its cache replayed no faster than its handler takes it', async () => {
    const bed = new NotifyBed()
    for (let i = 0; i < 1_000; i++) bed.put(`key-${i}`, 'list')
    bed.listCompleted()
    const never = gate()
    const registration = bed.listen({ onAdd: () => never.promise }, { buffer: { countMax: 100 } })
    await bed.settle()
    expect(registration.stats().depth).toBeLessThanOrEqual(50)
    // Live changes still have the other half, and what is above it merges.
    for (let i = 0; i < 1_000; i++) bed.put(`key-${i}`)
    expect(registration.stats().depth).toBe(1_000)
    never.open()
    await bed.settle()
    expect(registration.stats()).toMatchObject({ depth: 0, hasSynced: true })
  })

  test('disturbs no other listener', async () => {
    const bed = new NotifyBed()
    const early: string[] = []
    bed.listen(recorder(early))
    bed.put('a', 'list')
    bed.listCompleted()
    await bed.settle()
    bed.listen({ onAdd() {} })
    bed.put('a')
    await bed.settle()
    expect(early).toEqual(['add a 1', 'update a 1>2'])
  })

  test('added during the initial list waits for the rest of it', async () => {
    const bed = new NotifyBed()
    bed.put('a', 'list')
    const log: string[] = []
    const registration = bed.listen({
      onAdd: (event) => void log.push(`${event.key} ${event.isInInitialList}`),
    })
    await bed.settle()
    expect(registration.hasSynced()).toBe(false)
    bed.put('b', 'list')
    bed.put('c', 'watch')
    bed.listCompleted()
    await bed.settle()
    expect(log).toEqual(['a true', 'b true', 'c true'])
    expect(registration.hasSynced()).toBe(true)
  })

  test('gives the thread back while it passes many keys it was told of', async () => {
    const bed = new NotifyBed()
    for (let i = 0; i < 10_000; i++) bed.put(`key-${i}`, 'list')
    bed.listCompleted()
    await bed.settle()
    const registration = bed.listen({ onAdd() {} })
    for (let i = 0; i < 10_000; i++) bed.put(`key-${i}`)
    bed.runtime.lookMs = 0.01
    let turns = 0
    while (await bed.runtime.turn()) turns++
    expect(turns).toBeGreaterThan(5)
    expect(registration.hasSynced()).toBe(true)
  })
})
