import { describe, expect, test } from 'vitest'
import type { Change } from '../../src/notify/changes.ts'
import { ChangesIterator } from '../../src/notify/changes-iterator.ts'
import type { ListenerOptions } from '../../src/notify/handlers.ts'
import type { Registration } from '../../src/notify/registration.ts'
import { NotifyBed, type TestObject } from './notify-bed.ts'

/** A bed with one loop on it, whose registration shows. */
function bedWithLoop(options: ListenerOptions = {}): {
  bed: NotifyBed
  loop: ChangesIterator<TestObject>
  registration: () => Registration | undefined
} {
  const bed = new NotifyBed()
  let registration: Registration | undefined
  const loop = new ChangesIterator<TestObject>(
    [
      (handlers, onRemoved) => {
        registration = bed.processor.addListener(handlers, options, onRemoved)
        return registration
      },
    ],
    options.signal,
  )
  return { bed, loop, registration: () => registration }
}

function told(change: Change<TestObject> | undefined): string {
  if (change === undefined) return 'done'
  if (change.type === 'synced' || change.type === 'desynced') return change.type
  return `${change.type} ${change.key} ${change.object.version}`
}

describe('a loop over changes', () => {
  test('gets every change, one at a time, and the sync among them', async () => {
    const { bed, loop, registration } = bedWithLoop()
    bed.put('a', 'list')
    const log: string[] = []
    const running = (async () => {
      for await (const change of loop) {
        log.push(told(change))
        if (change.type === 'delete') break
      }
    })()
    await bed.settle()
    bed.put('b', 'list')
    bed.listCompleted()
    await bed.settle()
    expect(registration()?.hasSynced()).toBe(true)
    bed.put('a')
    bed.delete('b')
    bed.put('c')
    await bed.settle()
    await running
    expect(log).toEqual(['add a 1', 'add b 2', 'synced', 'update a 3', 'delete b 4'])
    expect(registration()?.stats()).toMatchObject({ delivered: 4, inProgress: 0, abandoned: 0 })
    expect(bed.processor.hasListeners).toBe(false)
    expect(bed.cache.store.pinnedBytes).toBe(0)
  })

  test('registers with the first next, and syncs when the last initial object is finished', async () => {
    const { bed, loop, registration } = bedWithLoop()
    expect(bed.processor.hasListeners).toBe(false)
    bed.put('a')
    bed.listCompleted()
    const first = loop.next()
    expect(bed.processor.hasListeners).toBe(true)
    await bed.settle()
    expect(told((await first).value)).toBe('add a 1')
    expect(registration()?.stats()).toMatchObject({ hasSynced: false, inProgress: 1, initialPending: 1 })
    expect(told((await loop.next()).value)).toBe('synced')
    expect(registration()?.hasSynced()).toBe(true)
    await loop.return()
  })

  test('can read a change until it asks for the next one', async () => {
    const { bed, loop } = bedWithLoop()
    const first = loop.next()
    bed.put('a')
    bed.put('a')
    await bed.settle()
    const change = (await first).value
    bed.delete('a')
    await bed.settle()
    if (change?.type !== 'add') throw new Error('no add')
    expect(change.object.version).toBe(1)
    const second = (await loop.next()).value
    const third = (await loop.next()).value
    if (second?.type !== 'update' || third?.type !== 'delete') throw new Error('not these')
    expect(() => second.object).toThrow(expect.objectContaining({ code: 'ERR_EVENT_EXPIRED' }))
    await loop.return()
    expect(() => third.object).toThrow(expect.objectContaining({ code: 'ERR_EVENT_EXPIRED' }))
    expect(bed.cache.store.pinnedBytes).toBe(0)
  })

  test('that asks no more is bounded by its buffer', async () => {
    const { bed, loop, registration } = bedWithLoop({ buffer: { countMax: 1 } })
    const first = loop.next()
    for (let i = 0; i < 50; i++) bed.put('a')
    await bed.settle()
    for (let i = 0; i < 50; i++) bed.put('a')
    await bed.settle()
    expect(told((await first).value)).toBe('add a 50')
    expect(registration()?.stats()).toMatchObject({ depth: 1 })
    expect(told((await loop.next()).value)).toBe('update a 100')
    await loop.return()
  })

  test('refuses a second next while one waits, and serves the one that waits', async () => {
    const { bed, loop } = bedWithLoop()
    const first = loop.next()
    await expect(loop.next()).rejects.toMatchObject({ code: 'ERR_CONCURRENT_NEXT' })
    bed.put('a')
    await bed.settle()
    expect(told((await first).value)).toBe('add a 1')
    await loop.return()
  })

  test('a throw in it ends the registration, and is the error of the loop', async () => {
    const { bed, loop } = bedWithLoop()
    bed.put('a')
    const running = (async () => {
      for await (const change of loop) throw new Error(`no ${change.type}`)
    })()
    const caught = running.catch((error: unknown) => String(error))
    await bed.settle()
    expect(await caught).toBe('Error: no add')
    expect(bed.processor.hasListeners).toBe(false)
    expect(bed.errors).toEqual([])
    expect(await loop.next()).toEqual({ done: true, value: undefined })
  })

  test('an abort makes it throw an AbortError, once, with the reason as its cause', async () => {
    const aborting = new AbortController()
    const { bed, loop } = bedWithLoop({ signal: aborting.signal })
    const first = loop.next()
    bed.put('a')
    bed.put('b')
    await bed.settle()
    await first
    aborting.abort('enough')
    const expected = { name: 'AbortError', code: 'ABORT_ERR', cause: 'enough' }
    await expect(loop.next()).rejects.toMatchObject(expected)
    expect(await loop.next()).toEqual({ done: true, value: undefined })
    expect(bed.processor.hasListeners).toBe(false)
    expect(bed.cache.store.pinnedBytes).toBe(0)

    const early = bedWithLoop({ signal: AbortSignal.abort('before') })
    await expect(early.loop.next()).rejects.toMatchObject({ ...expected, cause: 'before' })
    const waiting = new AbortController()
    const late = bedWithLoop({ signal: waiting.signal })
    const pending = late.loop.next()
    waiting.abort('enough')
    await expect(pending).rejects.toMatchObject(expected)
  })

  test('a close ends it after what it is at, which it can read still and the close does not wait for', async () => {
    const { bed, loop, registration } = bedWithLoop()
    const first = loop.next()
    bed.put('a')
    bed.put('b')
    await bed.settle()
    const change = (await first).value
    await bed.processor.close()
    expect(told(change)).toBe('add a 1')
    expect(await loop.next()).toEqual({ done: true, value: undefined })
    expect(registration()?.stats()).toMatchObject({ inProgress: 0, abandoned: 0 })
    expect(bed.runtime.timerCount).toBe(0)
    expect(bed.cache.store.pinnedBytes).toBe(0)
  })

  test('a close does not wait for a change that it has not got', async () => {
    const { bed, loop, registration } = bedWithLoop()
    bed.listCompleted()
    const first = loop.next()
    await bed.settle()
    expect(told((await first).value)).toBe('synced')
    // The loop is at the mark; the next change is held for it.
    bed.put('a')
    await bed.settle()
    expect(registration()?.stats()).toMatchObject({ inProgress: 1 })
    await bed.processor.close()
    expect(await loop.next()).toEqual({ done: true, value: undefined })
    expect(bed.cache.store.pinnedBytes).toBe(0)
  })

  test('that awaits nothing gives the thread back at the end of its slice', async () => {
    const { bed, loop } = bedWithLoop()
    let count = 0
    const running = (async () => {
      for await (const change of loop) if (change.type === 'add') count++
    })()
    for (let i = 0; i < 100; i++) bed.put(`key-${i}`)
    bed.runtime.lookMs = 1
    await bed.runtime.turn()
    expect(count).toBeGreaterThan(0)
    expect(count).toBeLessThan(10)
    await bed.settle()
    expect(count).toBe(100)
    await bed.processor.close()
    await running
  })

  test('is let go by its disposal, whoever waits', async () => {
    const { bed, loop } = bedWithLoop()
    const waiting = loop.next()
    await loop[Symbol.asyncDispose]()
    expect(await waiting).toEqual({ done: true, value: undefined })
    expect(bed.processor.hasListeners).toBe(false)
    const never = bedWithLoop()
    await never.loop.return()
    expect(await never.loop.next()).toEqual({ done: true, value: undefined })
    expect(never.registration()).toBeUndefined()
  })

  test('one that was made before a close, and not begun, ends at once', async () => {
    const { bed, loop } = bedWithLoop()
    await bed.processor.close()
    expect(await loop.next()).toEqual({ done: true, value: undefined })
  })

  test('two desyncs that it slept through are one', async () => {
    const bed = new NotifyBed()
    const handlers: { onSynced(): void; onDesynced(): void }[] = []
    const marks = new ChangesIterator<TestObject>(
      [
        (own) => {
          handlers.push(own)
          return bed.listen({ onSynced: () => {} })
        },
      ],
      undefined,
    )
    const first = marks.next()
    const [own] = handlers
    own?.onSynced()
    expect(told((await first).value)).toBe('synced')
    for (let i = 0; i < 100; i++) {
      own?.onDesynced()
      own?.onSynced()
    }
    const rest: string[] = []
    for (let i = 0; i < 2; i++) rest.push(told((await marks.next()).value))
    const pending = marks.next()
    await marks.return()
    expect([...rest, told((await pending).value)]).toEqual(['desynced', 'synced', 'done'])
  })
})
