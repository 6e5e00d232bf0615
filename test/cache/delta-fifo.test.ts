import { describe, expect, test } from 'vitest'
import { DeletedFinalStateUnknown, DeltaFIFO, type DeltaFIFOOptions, newStore } from '../../src/index.ts'
import { show, showDeltas, type Thing, thing } from './cache-support.ts'

/** A queue and what is known downstream of it. */
function queueOf({
  known,
  ...options
}: DeltaFIFOOptions<Thing> & { readonly known?: readonly Thing[] } = {}) {
  const store = newStore<Thing>()
  store.replace(known ?? [])
  const queue = new DeltaFIFO<Thing>({
    ...(known !== undefined && { knownObjects: store }),
    ...options,
  })
  const take = async (): Promise<string[]> => {
    const lines: string[] = []
    while (queue.keyCount > 0) lines.push(showDeltas(await queue.pop(() => {})))
    return lines
  }
  return { queue, store, take }
}

const unknown = (key: string, version = 1): DeletedFinalStateUnknown<Thing> =>
  new DeletedFinalStateUnknown(key, thing(key, version))

describe('DeltaFIFO: the deltas of a key', () => {
  test('come together, at the place of the first', async () => {
    const { queue, take } = queueOf()
    queue.add(thing('a', 1))
    queue.add(thing('b', 2))
    queue.update(thing('a', 3))
    queue.delete(thing('a', 4))
    queue.add(thing('a', 5))
    expect([queue.keyCount, queue.count]).toEqual([2, 5])
    expect(await take()).toEqual(['Added a@1, Updated a@3, Deleted a@4, Added a@5', 'Added b@2'])
    expect(queue.count).toBe(0)
  })

  test('are not merged, but for two Deleted in a row: the first that knows the final state is left', async () => {
    for (const [first, second, left] of [
      [thing('a', 2), thing('a', 3), 'a@2'],
      [thing('a', 2), unknown('a', 1), 'a@2'],
      [unknown('a', 1), thing('a', 3), 'a@3'],
      [unknown('a', 1), unknown('a', 2), 'a?2'],
    ] as const) {
      const { queue, take } = queueOf()
      queue.update(thing('a'))
      queue.update(thing('a'))
      queue.delete(first)
      queue.delete(second)
      expect(await take()).toEqual([`Updated a@1, Updated a@1, Deleted ${left}`])
    }
  })

  test('have an oldest and a newest', async () => {
    const { queue } = queueOf()
    queue.add(thing('a', 1))
    queue.update(thing('a', 2))
    const deltas = await queue.pop(() => {})
    expect([deltas.length, deltas.oldest().type, deltas.newest().type]).toEqual([2, 'Added', 'Updated'])
    expect([queue.keyOf(deltas), queue.keyOf(unknown('n/a')), queue.keyOf(thing('n/b'))]).toEqual([
      'a',
      'n/a',
      'n/b',
    ])
  })

  test('a delete of what is neither queued nor known is dropped', async () => {
    const { queue, take } = queueOf({ known: [thing('known')] })
    queue.add(thing('queued'))
    for (const key of ['queued', 'known', 'nobody']) queue.delete(thing(key, 2))
    queue.delete(unknown('nobody'))
    expect(await take()).toEqual(['Added queued@1, Deleted queued@2', 'Deleted known@2'])
  })
})

describe('DeltaFIFO: a list', () => {
  test('is Replaced for each object, then Deleted for what is queued or known and not in it', async () => {
    const { queue, take } = queueOf({ known: [thing('b', 1), thing('c', 1), thing('d', 1)] })
    queue.update(thing('d', 5))
    queue.add(thing('e', 6))
    queue.delete(thing('c', 7))
    queue.replace([thing('a', 8), thing('c', 8)])
    expect(await take()).toEqual([
      'Updated d@5, Deleted d?5',
      'Added e@6, Deleted e?6',
      'Deleted c@7, Replaced c@8',
      'Replaced a@8',
      'Deleted b?1',
    ])
  })

  test('finds what is queued to be gone also without anything downstream', async () => {
    const { queue, take } = queueOf()
    queue.add(thing('a', 1))
    queue.add(thing('b', 1))
    queue.delete(unknown('b', 3))
    queue.replace([])
    expect(await take()).toEqual(['Added a@1, Deleted a?1', 'Added b@1, Deleted b?3'])
  })

  test('may say Sync instead, as it once did', async () => {
    const { queue, take } = queueOf({ known: [thing('b')], emitDeltaTypeReplaced: false })
    queue.replace([thing('a')])
    expect(await take()).toEqual(['Sync a@1', 'Deleted b?1'])
  })

  test('that has a key twice counts it once', async () => {
    const { queue } = queueOf()
    queue.replace([thing('a', 1), thing('a', 2)])
    expect(queue.hasSynced()).toBe(false)
    expect(showDeltas(await queue.pop(() => {}))).toBe('Replaced a@1, Replaced a@2')
    expect(queue.hasSynced()).toBe(true)
  })

  test('of which one object has no key is taken in without it', async () => {
    const { queue, take } = queueOf()
    expect(() => queue.replace([thing('a'), {} as Thing, thing('b')])).toThrowError(
      expect.objectContaining({ code: 'ERR_OBJECT_IDENTITY' }),
    )
    expect(() => queue.replace([{} as Thing, {} as Thing])).toThrow(AggregateError)
    expect(await take()).toEqual(['Replaced a@1, Deleted a?1', 'Replaced b@1, Deleted b?1'])

    const refused: unknown[] = []
    const lenient = queueOf({ onRefused: (error, object) => refused.push((error as Error).message, object) })
    lenient.queue.replace([thing('a'), {} as Thing])
    expect([await lenient.take(), refused]).toEqual([
      ['Replaced a@1'],
      ['the object has no metadata.name', {}],
    ])
  })
})

describe('DeltaFIFO: a resync', () => {
  test('is a Sync for each known object of which nothing is queued', async () => {
    const { queue, take } = queueOf({ known: [thing('a'), thing('b')] })
    queue.update(thing('a', 2))
    queue.resync()
    queue.resync()
    expect(await take()).toEqual(['Updated a@2', 'Sync b@1'])
  })

  test('does nothing without anything downstream', async () => {
    const { queue } = queueOf()
    queue.resync()
    expect(queue.keyCount).toBe(0)
  })
})

describe('DeltaFIFO: synced', () => {
  test('not before a first list, and not before the last of its objects and deletes is processed', async () => {
    const { queue } = queueOf({ known: [thing('gone')] })
    expect(queue.hasSynced()).toBe(false)
    queue.replace([thing('a'), thing('b')])
    const seen: boolean[] = []
    for (let i = 0; i < 3; i++) {
      await queue.pop((_deltas, isInInitialList) => {
        seen.push(isInInitialList, queue.hasSynced())
      })
    }
    expect(seen).toEqual([true, false, true, false, true, false])
    expect(queue.hasSynced()).toBe(true)
    await queue.synced
    queue.replace([thing('c')])
    expect(queue.hasSynced()).toBe(true)
    await queue.pop((_deltas, isInInitialList) => expect(isInInitialList).toBe(false))
  })

  test('at once if the first list is empty', async () => {
    const { queue } = queueOf()
    queue.replace([])
    expect(queue.hasSynced()).toBe(true)
    await queue.synced
  })

  test.each(['add', 'update', 'delete'] as const)('at once if %s comes before any list', async (call) => {
    const { queue } = queueOf()
    queue[call](thing('a'))
    expect(queue.hasSynced()).toBe(true)
    queue.replace([thing('b')])
    expect(queue.hasSynced()).toBe(true)
    await queue.synced
  })

  test('also when an object of the list could not be processed, be it tried again or not', async () => {
    for (const requeueOnError of [false, true]) {
      const { queue } = queueOf()
      queue.replace([thing('a'), thing('b')])
      await expect(queue.pop(() => Promise.reject(new Error('no')), { requeueOnError })).rejects.toThrow('no')
      expect(queue.hasSynced()).toBe(false)
      await queue.pop(() => {})
      expect(queue.hasSynced()).toBe(true)
    }
  })

  test('what came live before its object was processed does not delay it', async () => {
    const { queue } = queueOf()
    queue.replace([thing('a')])
    queue.add(thing('live'))
    await queue.pop(() => {})
    expect(queue.hasSynced()).toBe(true)
  })
})

describe('DeltaFIFO: a transform', () => {
  const transform = (object: Thing): Thing => {
    if (object.note === 'bad') throw new Error('cannot')
    return { ...object, note: `${object.note ?? ''}*` }
  }
  const notes = async (queue: DeltaFIFO<Thing>): Promise<string> => {
    const deltas = await queue.pop(() => {})
    return Array.from(deltas, ({ type, object }) =>
      object instanceof DeletedFinalStateUnknown ? `${type} ${show(object)}` : `${type} ${object.note}`,
    ).join(', ')
  }

  test('is called once for each object on its way in, deleted ones too; not for Sync or unknown final states', async () => {
    const { queue } = queueOf({ known: [thing('known', 1, 'k')], transform })
    queue.add(thing('a'))
    queue.update(thing('a'))
    queue.replace([thing('a')])
    queue.delete(thing('a'))
    queue.delete(unknown('known'))
    expect(await notes(queue)).toBe('Added *, Updated *, Replaced *, Deleted *')
    expect(await notes(queue)).toBe('Deleted known?1')
    queue.resync()
    expect(await notes(queue)).toBe('Sync k')
  })

  test('that fails loses that event, no delete, and nothing that is known', async () => {
    const known = [thing('a', 1), thing('b', 1), thing('c', 1)]
    const { queue, take } = queueOf({ known, transform })
    expect(() => queue.update(thing('a', 2, 'bad'))).toThrow('cannot')
    expect(() => queue.replace([thing('a', 3, 'bad'), thing('b', 3)])).toThrow('cannot')
    queue.delete(thing('a', 4, 'bad'))
    expect(await take()).toEqual(['Replaced b@3', 'Deleted c?1', 'Deleted a?1'])
  })
})

test('DeltaFIFO says when it is full, half and open, by deltas', async () => {
  const { queue } = queueOf({ countMax: 4 })
  const pressures: string[] = []
  for (let i = 0; i < 4; i++) {
    queue.update(thing(i < 2 ? 'a' : 'b', i))
    pressures.push(queue.pressure())
  }
  await queue.pop(() => pressures.push(queue.pressure()))
  await queue.pop(() => {})
  pressures.push(queue.pressure())
  expect(pressures).toEqual(['open', 'half', 'half', 'full', 'half', 'open'])
  expect(() => new DeltaFIFO({ countMax: 0 })).toThrowError(
    expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
  )
})
