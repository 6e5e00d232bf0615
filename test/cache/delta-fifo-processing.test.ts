import { describe, expect, test } from 'vitest'
import { DeletedFinalStateUnknown, DeltaFIFO, newStore } from '../../src/index.ts'
import { showDeltas, type Thing, thing } from './cache-support.ts'

/** A queue of which the deltas of `a` (version 1, an Added) are being processed until `end` or `fail`. */
function inProcess(options: { readonly requeueOnError?: boolean } = {}) {
  const store = newStore<Thing>()
  const queue = new DeltaFIFO<Thing>({ knownObjects: store })
  const work = Promise.withResolvers<void>()
  queue.add(thing('a', 1))
  const pop = queue.pop(async () => {
    await work.promise
    store.add(thing('a', 1))
  }, options)
  const take = async (): Promise<string[]> => {
    const lines: string[] = []
    while (queue.keyCount > 0) lines.push(showDeltas(await queue.pop(() => {})))
    return lines
  }
  const end = async (): Promise<string[]> => {
    work.resolve()
    await pop
    return take()
  }
  const fail = async (): Promise<string[]> => {
    work.reject(new Error('no'))
    await expect(pop).rejects.toThrow('no')
    return take()
  }
  return { queue, store, end, fail }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('DeltaFIFO: what comes for a key that is being processed', () => {
  test('a delete is not lost, though nothing is queued and nothing known downstream yet', async () => {
    const { queue, end } = inProcess()
    await turn()
    queue.delete(thing('a', 2))
    expect(await end()).toEqual(['Deleted a@2'])
  })

  test('a list without it finds it gone, with the state that is in process', async () => {
    const { queue, end } = inProcess()
    await turn()
    queue.replace([thing('b', 5)])
    expect(await end()).toEqual(['Replaced b@5', 'Deleted a?1'])
  })

  test('a list with it does not', async () => {
    const { queue, end } = inProcess()
    await turn()
    queue.replace([thing('a', 5)])
    expect(await end()).toEqual(['Replaced a@5'])
  })

  test('a resync leaves it out: what is known downstream is older than what is in process', async () => {
    const { queue, store, end } = inProcess()
    await turn()
    store.add(thing('a', 0))
    store.add(thing('b', 0))
    queue.resync()
    expect(await end()).toEqual(['Sync b@0'])
  })

  test('while its delete is, it counts as gone already', async () => {
    const { queue, store, end } = inProcess()
    await end()
    const work = Promise.withResolvers<void>()
    queue.delete(thing('a', 2))
    const pop = queue.pop(async () => {
      await work.promise
      store.delete(thing('a'))
    })
    await turn()
    queue.delete(thing('a', 2))
    queue.replace([])
    work.resolve()
    await pop
    expect(queue.keyCount).toBe(0)
  })
})

describe('DeltaFIFO: handing out', () => {
  test('waits for something to come', async () => {
    const queue = new DeltaFIFO<Thing>()
    const pop = queue.pop(() => {})
    await turn()
    queue.add(thing('a'))
    expect(showDeltas(await pop)).toBe('Added a@1')
  })

  test('is one at a time, first come first served', async () => {
    const queue = new DeltaFIFO<Thing>()
    const log: string[] = []
    const pops = ['1', '2', '3'].map((name) =>
      queue.pop(async (deltas) => {
        log.push(`${name} ${showDeltas(deltas)}`)
        await turn()
        log.push(`${name} ends`)
        if (name === '2') throw new Error('no')
      }),
    )
    for (const key of ['a', 'b', 'c']) queue.add(thing(key))
    expect((await Promise.allSettled(pops)).map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
    expect(log).toEqual(['1 Added a@1', '1 ends', '2 Added b@1', '2 ends', '3 Added c@1', '3 ends'])
  })

  test('of what failed happens once, unless it is to be queued again', async () => {
    const { fail } = inProcess()
    expect(await fail()).toEqual([])
    expect(await inProcess({ requeueOnError: true }).fail()).toEqual(['Added a@1'])
  })

  test('of what failed comes before what came for its key meanwhile, in its place', async () => {
    const { queue, fail } = inProcess({ requeueOnError: true })
    await turn()
    queue.add(thing('b', 2))
    queue.delete(thing('a', 3))
    queue.add(thing('a', 4))
    queue.add(thing('c', 5))
    expect(queue.count).toBe(4)
    expect(await fail()).toEqual(['Added b@2', 'Added a@1, Deleted a@3, Added a@4', 'Added c@5'])
    expect(queue.count).toBe(0)
  })

  test('of a delete that failed keeps the state that is known best', async () => {
    const queue = new DeltaFIFO<Thing>()
    const gone = new DeletedFinalStateUnknown('a', thing('a', 1))
    queue.add(thing('a', 1))
    queue.delete(gone)
    const pop = queue.pop(
      () => {
        queue.add(thing('a', 0))
        queue.delete(thing('a', 2))
        throw new Error('no')
      },
      { requeueOnError: true },
    )
    await expect(pop).rejects.toThrow('no')
    expect(showDeltas(await queue.pop(() => {}))).toBe('Added a@1, Deleted a?1, Added a@0, Deleted a@2')
  })

  test('ends when the queue is closed and empty; writes are taken still', async () => {
    const queue = new DeltaFIFO<Thing>()
    const waiting = queue.pop(() => {})
    await turn()
    queue.close()
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    queue.add(thing('a'))
    expect(showDeltas(await queue.pop(() => {}))).toBe('Added a@1')
    await expect(queue.pop(() => {})).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })
})
