import { describe, expect, test } from 'vitest'
import type { Registration } from '../../src/notify/registration.ts'
import { type Gate, gate, NotifyBed, recorder } from './notify-bed.ts'

/** A listener whose first call does not return before `hold` opens, so that all that follows waits in its buffer. */
async function blocked(
  bed: NotifyBed,
  bounds: { countMax?: number; bytesMax?: number },
): Promise<{ log: string[]; hold: Gate; registration: Registration }> {
  const log: string[] = []
  const hold = gate()
  const { onAdd, onUpdate, onDelete } = recorder(log)
  const registration = bed.listen(
    {
      onAdd: (event) => (event.key === 'hold' ? hold.promise : onAdd(event)),
      onUpdate,
      onDelete,
    },
    { buffer: bounds },
  )
  bed.put('hold')
  await bed.settle()
  return { log, hold, registration }
}

/** A second listener has been told of `keys`; the first one's buffer merges from the first change on. */
async function told(
  bed: NotifyBed,
  keys: readonly string[],
): Promise<{ log: string[]; hold: Gate; registration: Registration }> {
  const log: string[] = []
  let hold: Gate | undefined
  const release = gate()
  const { onAdd, onUpdate, onDelete } = recorder(log)
  const registration = bed.listen(
    {
      onAdd: (event) => (event.key === 'hold' ? (hold ?? release).promise : onAdd(event)),
      onUpdate,
      onDelete,
    },
    { buffer: { countMax: 1 } },
  )
  for (const key of keys) bed.put(key)
  await bed.settle()
  hold = release
  bed.put('hold')
  await bed.settle()
  // One change that fills the buffer, of a key no test looks at.
  bed.put('filler')
  log.length = 0
  return { log, hold: release, registration }
}

async function finish(
  bed: NotifyBed,
  run: { log: string[]; hold: Gate; registration: Registration },
): Promise<string[]> {
  run.hold.open()
  await bed.settle()
  expect(run.registration.stats()).toMatchObject({ depth: 0, bytes: 0, pinnedBytes: 0, inProgress: 0 })
  expect(bed.cache.store.pinnedBytes).toBe(0)
  return run.log.filter((line) => !line.includes('filler'))
}

describe('below the bounds', () => {
  test('every change is kept, in the order of the changes', async () => {
    const bed = new NotifyBed()
    const run = await blocked(bed, { countMax: 10 })
    bed.put('a')
    bed.put('b')
    bed.put('a')
    bed.delete('b')
    bed.put('b')
    expect(run.registration.stats()).toMatchObject({ depth: 5, merged: 0 })
    expect(await finish(bed, run)).toEqual(['add a 2', 'add b 3', 'update a 2>4', 'delete b 5', 'add b 6'])
  })

  test('old states that are held for it are counted', async () => {
    const bed = new NotifyBed({ recordBytes: 100 })
    const run = await blocked(bed, {})
    bed.put('a')
    expect(run.registration.stats().pinnedBytes).toBe(0)
    bed.put('a')
    expect(run.registration.stats().pinnedBytes).toBe(100)
    expect(bed.cache.store.pinnedBytes).toBe(100)
    bed.delete('a')
    expect(run.registration.stats().pinnedBytes).toBe(200)
    await finish(bed, run)
  })
})

describe('above a bound, for objects the handler was not told of', () => {
  test('an add takes up what follows it', async () => {
    const bed = new NotifyBed()
    const run = await told(bed, [])
    bed.put('a')
    bed.put('a')
    const last = bed.put('a')
    expect(await finish(bed, run)).toEqual([`add a ${last}`])
    expect(run.registration.stats().merged).toBe(2)
  })

  test('coming and going leaves nothing', async () => {
    const bed = new NotifyBed()
    const run = await told(bed, [])
    bed.put('a')
    bed.put('a')
    bed.delete('a')
    expect(run.registration.stats()).toMatchObject({ depth: 1, merged: 3, pinnedBytes: 0 })
    expect(await finish(bed, run)).toEqual([])
  })

  test('coming, going and coming again is one add, of the newest object', async () => {
    const bed = new NotifyBed()
    const run = await told(bed, [])
    bed.put('a')
    bed.delete('a')
    const last = bed.put('a')
    expect(await finish(bed, run)).toEqual([`add a ${last}`])
  })
})

describe('above a bound, for objects the handler was told of', () => {
  test('updates become one, from the state told last', async () => {
    const bed = new NotifyBed()
    const run = await told(bed, ['a'])
    bed.put('a')
    bed.put('a')
    const last = bed.put('a')
    expect(run.registration.stats()).toMatchObject({ depth: 2, merged: 2, pinnedBytes: 64 })
    expect(await finish(bed, run)).toEqual([`update a 1>${last}`])
  })

  test('updates and a delete become the delete, with the final state', async () => {
    const bed = new NotifyBed()
    const run = await told(bed, ['a'])
    bed.put('a')
    const last = bed.put('a')
    bed.delete('a')
    expect(await finish(bed, run)).toEqual([`delete a ${last + 1}`])
  })

  test('an unseen delete keeps saying so, with the last state known', async () => {
    const bed = new NotifyBed()
    const run = await told(bed, ['a'])
    const last = bed.put('a')
    bed.delete('a', true)
    expect(await finish(bed, run)).toEqual([`delete? a ${last}`])
  })

  test('a re-created object is delete and add, never an update, and updates go into the add', async () => {
    const bed = new NotifyBed()
    const run = await told(bed, ['a'])
    bed.recreate('a')
    const last = bed.put('a')
    expect(run.registration.stats().depth).toBe(2)
    expect(await finish(bed, run)).toEqual(['delete? a 1', `add a ${last}`])
  })

  test('of several successors only the last one is told of, after the delete of the first', async () => {
    const bed = new NotifyBed()
    const run = await told(bed, ['a'])
    bed.recreate('a')
    bed.recreate('a')
    const last = bed.recreate('a')
    expect(run.registration.stats()).toMatchObject({ depth: 2, pinnedBytes: 64 })
    expect(await finish(bed, run)).toEqual(['delete? a 1', `add a ${last}`])
  })

  test('a successor that is gone too leaves only the delete', async () => {
    const bed = new NotifyBed()
    const run = await told(bed, ['a'])
    bed.recreate('a')
    bed.delete('a')
    expect(await finish(bed, run)).toEqual(['delete? a 1'])
  })

  test('an object that left a selector and came back is delete and add, as it was told', async () => {
    const bed = new NotifyBed()
    bed.create('a', 'watch', 99)
    const run = await told(bed, ['b'])
    bed.delete('a')
    const last = bed.create('a', 'watch', 99)
    expect(run.registration.stats()).toMatchObject({ depth: 2, pinnedBytes: 64 })
    expect(await finish(bed, run)).toEqual([`delete a ${last - 1}`, `add a ${last}`])
  })
})

describe('the bounds', () => {
  test('a key keeps the place of its first change', async () => {
    const bed = new NotifyBed()
    const run = await told(bed, ['a', 'b'])
    bed.put('a')
    bed.put('b')
    bed.put('a')
    expect((await finish(bed, run)).map((line) => line.slice(0, 8))).toEqual(['update a', 'update b'])
  })

  test('bytes count like changes, old states included', async () => {
    const bed = new NotifyBed({ recordBytes: 1_000 })
    const run = await blocked(bed, { bytesMax: 10_000 })
    for (let i = 0; i < 100; i++) bed.put('a')
    expect(run.registration.stats().bytes).toBeLessThan(12_000)
    expect(run.registration.stats().merged).toBeGreaterThan(80)
    expect(await finish(bed, run)).toHaveLength(100 - run.registration.stats().merged)
  })

  test('ever-new names leave no trace in the buffer of a handler that never returns', async () => {
    const bed = new NotifyBed({ recordBytes: 100 })
    const run = await blocked(bed, { countMax: 8 })
    for (const key of ['a', 'b', 'c']) bed.put(key)
    for (let i = 0; i < 5_000; i++) {
      bed.put(`new-${i}`)
      bed.put(`new-${i}`)
      bed.delete(`new-${i}`)
    }
    const { depth, pinnedBytes } = run.registration.stats()
    expect(depth).toBeLessThanOrEqual(8)
    expect(pinnedBytes).toBeLessThanOrEqual(8 * 100)
    expect(bed.cache.store.pinnedBytes).toBeLessThanOrEqual(8 * 2 * 100)
    run.hold.open()
    await bed.settle()
    expect(bed.cache.store.pinnedBytes).toBe(0)
  })

  test('what was kept one by one below the bound is merged too, once it is passed', async () => {
    const bed = new NotifyBed()
    const run = await blocked(bed, { countMax: 100 })
    for (let i = 0; i < 25; i++) for (const key of ['a', 'b', 'c', 'd']) bed.put(key)
    expect(run.registration.stats()).toMatchObject({ depth: 100, merged: 0 })
    for (let i = 0; i < 30; i++) bed.put(`other-${i}`)
    expect(run.registration.stats()).toMatchObject({ depth: 34, merged: 96 })
    expect(await finish(bed, run)).toHaveLength(34)
  })

  test('once drained below the bound every change is kept again', async () => {
    const bed = new NotifyBed()
    const run = await blocked(bed, { countMax: 3 })
    for (let i = 0; i < 10; i++) bed.put('a')
    const { merged } = run.registration.stats()
    expect(merged).toBeGreaterThan(0)
    run.hold.open()
    await bed.settle()
    run.log.length = 0
    bed.put('a')
    bed.put('a')
    await bed.settle()
    expect(run.log).toEqual(['update a 11>12', 'update a 12>13'])
    expect(run.registration.stats().merged).toBe(merged)
  })
})
