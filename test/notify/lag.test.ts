import { describe, expect, test } from 'vitest'
import type { LagOptions } from '../../src/notify/lag-signal.ts'
import type { Registration } from '../../src/notify/registration.ts'
import { gate, NotifyBed } from './notify-bed.ts'

function watched(log: unknown[], ageMsMax = 1_000): LagOptions {
  return {
    ageMsMax,
    onChange: (isLagging, { depth, oldestAgeMs }) => void log.push([isLagging, depth, oldestAgeMs]),
  }
}

describe('the lag signal', () => {
  test('comes while a handler is blocked and nothing else happens, once, and goes when it catches up', async () => {
    const bed = new NotifyBed()
    const log: unknown[] = []
    const blocked = gate()
    const registration = bed.listen({ onAdd: () => blocked.promise }, { lag: watched(log) })
    bed.put('a')
    await bed.settle()
    bed.put('b')
    await bed.runtime.advance(1_000)
    expect(log).toEqual([])
    await bed.runtime.advance(1)
    expect(log).toEqual([[true, 1, 1_001]])
    for (let i = 0; i < 5; i++) await bed.runtime.advance(700)
    expect(log).toHaveLength(1)
    expect(registration.stats().oldestAgeMs).toBe(4_501)
    blocked.open()
    await bed.settle()
    expect(log).toEqual([
      [true, 1, 1_001],
      [false, 0, 0],
    ])
  })

  test('goes only below half of the age, and may come again', async () => {
    const bed = new NotifyBed()
    const log: unknown[] = []
    const gates = [gate(), gate(), gate(), gate()]
    let calls = 0
    bed.listen({ onAdd: () => gates[calls++]?.promise }, { lag: watched(log) })
    bed.put('a')
    await bed.settle()
    bed.put('b')
    await bed.runtime.advance(400)
    bed.put('c')
    await bed.runtime.advance(601)
    expect(log).toEqual([[true, 2, 1_001]])
    gates[0]?.open()
    await bed.settle()
    // c is 601 ms old: less than the limit, more than half of it.
    expect(log).toHaveLength(1)
    gates[1]?.open()
    await bed.settle()
    expect(log).toEqual([
      [true, 2, 1_001],
      [false, 0, 0],
    ])
    bed.put('d')
    await bed.runtime.advance(1_002)
    expect(log).toHaveLength(3)
    for (const { open } of gates) open()
    await bed.settle()
  })

  test('sees what waits for a key whose call is blocked, others going by', async () => {
    const bed = new NotifyBed()
    const log: unknown[] = []
    const blocked = gate()
    const registration = bed.listen(
      { onAdd: ({ key }) => (key === 'a' ? blocked.promise : undefined) },
      { concurrency: 4, lag: watched(log) },
    )
    bed.put('a')
    await bed.settle()
    bed.put('a')
    await bed.settle()
    for (let i = 0; i < 3; i++) {
      bed.put(`other-${i}`)
      await bed.runtime.advance(400)
    }
    expect(log).toEqual([[true, 2, 1_200]])
    expect(registration.stats().oldestAgeMs).toBe(1_200)
    blocked.open()
    await bed.settle()
    expect(log).toEqual([
      [true, 2, 1_200],
      [false, 0, 0],
    ])
  })

  test('ends with what waited vanishing, and by a timer alone', async () => {
    const bed = new NotifyBed()
    const log: unknown[] = []
    const blocked = gate()
    bed.listen({ onAdd: () => blocked.promise }, { lag: watched(log), buffer: { countMax: 1 } })
    bed.put('a')
    await bed.settle()
    bed.put('b')
    await bed.runtime.advance(1_500)
    bed.delete('b')
    await bed.runtime.advance(1_000)
    expect(log).toEqual([
      [true, 1, 1_500],
      [false, 0, 0],
    ])
    blocked.open()
    await bed.settle()
  })

  test('does not go with a buffer that is dropped, but when what was in it has been told', async () => {
    const bed = new NotifyBed()
    const log: unknown[] = []
    const blocked = gate()
    const registration = bed.processor.addListener(
      { onAdd: ({ key }) => (key === 'a' ? blocked.promise : undefined) },
      { lag: watched(log), buffer: { countMax: 2, overflow: 'replay' } },
    )
    for (const key of ['a', 'b', 'c']) {
      bed.put(key)
      await bed.runtime.advance(600)
    }
    bed.put('d')
    await bed.runtime.advance(3_000)
    expect(log).toEqual([[true, 2, 1_200]])
    expect(registration.stats()).toMatchObject({ depth: 0, isDesynced: true, oldestAgeMs: 4_200 })
    blocked.open()
    await bed.settle()
    expect(registration.stats()).toMatchObject({ isDesynced: false, oldestAgeMs: 0 })
    expect(log).toEqual([
      [true, 2, 1_200],
      [false, 0, 0],
    ])
  })

  test('keeps a timer only while something may wait, and none once removed', async () => {
    const bed = new NotifyBed()
    const registration = bed.listen({ onAdd() {} }, { lag: watched([]) })
    expect(bed.runtime.timerCount).toBe(0)
    for (let i = 0; i < 100; i++) bed.put('a')
    await bed.settle()
    expect(bed.runtime.timerCount).toBe(1)
    await bed.runtime.advance(1_000)
    expect(bed.runtime.timerCount).toBe(0)
    bed.put('b')
    void registration.remove()
    expect(bed.runtime.timerCount).toBe(0)
  })

  test('an onChange that throws, rejects or removes its registration harms nobody', async () => {
    const bed = new NotifyBed()
    const blocked = gate()
    let removing: Registration | undefined
    const never = { onAdd: () => blocked.promise }
    const throwing = bed.listen(never, {
      lag: {
        ageMsMax: 10,
        onChange() {
          throw new Error('thrown')
        },
      },
    })
    bed.listen(never, { lag: { ageMsMax: 10, onChange: () => Promise.reject(new Error('rejected')) } })
    removing = bed.listen(never, { lag: { ageMsMax: 10, onChange: () => void removing?.remove() } })
    bed.put('a')
    bed.put('b')
    await bed.runtime.advance(0)
    await bed.runtime.advance(11)
    expect(bed.errors.map(({ error, key }) => [String(error), key])).toEqual([
      ['Error: thrown', ''],
      ['Error: rejected', ''],
    ])
    expect(throwing.stats().errors).toBe(1)
    blocked.open()
    await bed.settle()
  })

  test.each([
    [{ onChange() {} }, 'lag.ageMsMax'],
    [{ ageMsMax: 0, onChange() {} }, 'lag.ageMsMax'],
    [{ ageMsMax: 5 }, 'lag.onChange'],
    [{ ageMsMax: 5, onChange() {}, age: 1 }, 'lag.age'],
    [[], 'lag'],
  ])('refuses %j', (lag, option) => {
    expect(() => new NotifyBed().listen({ onAdd() {} }, { lag: lag as LagOptions })).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_OPTION',
        message: expect.stringContaining(`option ${option}`),
      }),
    )
  })
})
