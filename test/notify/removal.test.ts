import { describe, expect, test } from 'vitest'
import { nodeRuntime } from '../../src/base/runtime.ts'
import { Slicer } from '../../src/base/slicer.ts'
import { KubeInformerError } from '../../src/errors.ts'
import type { ListenerOptions } from '../../src/notify/handlers.ts'
import { Processor } from '../../src/notify/processor.ts'
import type { Registration } from '../../src/notify/registration.ts'
import { gate, microtasks, NotifyBed, recorder } from './notify-bed.ts'

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  const settle = (): void => void (settled = true)
  promise.then(settle, settle)
  await microtasks()
  return settled
}

describe('removing a registration', () => {
  test('ends new calls at once, drops what waits, aborts its signal, and tells others on', async () => {
    const bed = new NotifyBed()
    const log: string[] = []
    const other: string[] = []
    const registration = bed.listen(recorder(log))
    bed.listen(recorder(other))
    let signal: AbortSignal | undefined
    bed.listen({ onAdd: (event) => void (signal = event.signal) })
    bed.put('a')
    const removed = registration.remove()
    bed.put('b')
    await bed.settle()
    expect(await isSettled(removed)).toBe(true)
    expect(log).toEqual([])
    expect(other).toEqual(['add a 1', 'add b 2'])
    expect(signal?.aborted).toBe(false)
    expect(bed.processor.stats()).toHaveLength(2)
    await bed.processor.close()
    expect(signal?.aborted).toBe(true)
    expect([...bed.cache.current.values()].every((cell) => cell.uses === 0)).toBe(true)
  })

  test('waits for calls in progress, the same for everybody who asks', async () => {
    const bed = new NotifyBed()
    const hold = gate()
    const registration = bed.listen({ onAdd: () => hold.promise })
    bed.put('a')
    await bed.settle()
    const removals = [registration.remove(), registration.remove(), bed.processor.close()]
    for (const removal of removals) expect(await isSettled(removal)).toBe(false)
    hold.open()
    for (const removal of removals) expect(await isSettled(removal)).toBe(true)
    expect(bed.runtime.timerCount).toBe(0)
    expect(registration.stats()).toMatchObject({ abandoned: 0, inProgress: 0 })
  })

  test('calls that remove their own registrations do not wait for each other; whoever is no call waits for all', async () => {
    const bed = new NotifyBed()
    const [hold, other] = [gate(), gate()]
    const ended: string[] = []
    const all: Registration[] = []
    const removeAll = () => Promise.all(all.map((registration) => registration.remove()))
    const handlers = (name: string) => ({
      async onAdd({ key }: { readonly key: string }) {
        if (key !== 'c') await hold.promise
        if (key === 'c') return other.promise
        await removeAll()
        ended.push(`${name} ${key}`)
      },
    })
    // Two registrations removed as one are what a set of namespaces has.
    all.push(bed.listen(handlers('x'), { concurrency: 3 }), bed.listen(handlers('y'), { concurrency: 3 }))
    for (const key of ['c', 'a', 'b']) bed.put(key)
    await bed.settle()
    const outside = removeAll()
    hold.open()
    expect(await isSettled(outside)).toBe(false)
    expect(ended).toEqual([])
    other.open()
    expect(await isSettled(outside)).toBe(true)
    expect(ended.sort()).toEqual(['x a', 'x b', 'y a', 'y b'])
    expect(bed.runtime.timerCount).toBe(0)
    for (const one of all) expect(one.stats()).toMatchObject({ abandoned: 0, inProgress: 0 })
  })

  test('waits no longer than drainMs, counts what it gave up, and frees it', async () => {
    const bed = new NotifyBed()
    const hold = gate()
    const registration = bed.listen({ onAdd: () => hold.promise }, { concurrency: 2, drainMs: 100 })
    bed.put('a')
    bed.put('b')
    await bed.settle()
    for (const key of ['a', 'b']) bed.delete(key)
    expect(bed.cache.store.pinnedBytes).toBeGreaterThan(0)
    const removed = registration.remove()
    await bed.runtime.advance(99)
    expect(await isSettled(removed)).toBe(false)
    await bed.runtime.advance(1)
    expect(await isSettled(removed)).toBe(true)
    expect(registration.stats()).toMatchObject({ abandoned: 2, inProgress: 0 })
    expect(bed.cache.store.pinnedBytes).toBe(0)
    // The end that comes after all must not free anything twice.
    hold.open()
    await bed.settle()
    expect(bed.cache.store.pinnedBytes).toBe(0)
    expect(bed.runtime.timerCount).toBe(0)
  })

  test('from its own sync handler does not wait for that call', async () => {
    const bed = new NotifyBed()
    const log: string[] = []
    let removed: Promise<void> | undefined
    const registration: Registration = bed.listen({
      onAdd(event) {
        log.push(event.key)
        removed = registration.remove()
        log.push(`${event.object.version}`)
      },
    })
    bed.put('a')
    bed.put('b')
    await bed.settle()
    expect(log).toEqual(['a', '1'])
    expect(await isSettled(removed as Promise<void>)).toBe(true)
    expect(bed.runtime.timerCount).toBe(0)
  })

  test('from its own async handler, after an await, does not wait for that call, but for others', async () => {
    const bed = new NotifyBed()
    const hold = gate()
    const log: string[] = []
    const registration: Registration = bed.listen(
      {
        async onAdd(event) {
          if (event.key === 'other') return hold.promise
          await Promise.resolve()
          await registration.remove()
          log.push('removed')
        },
      },
      { concurrency: 2 },
    )
    bed.put('other')
    bed.put('self')
    await bed.settle()
    expect(log).toEqual([])
    hold.open()
    await bed.settle()
    expect(log).toEqual(['removed'])
    expect(bed.runtime.timerCount).toBe(0)
    expect(registration.stats()).toMatchObject({ inProgress: 0, abandoned: 0 })
  })

  test('from a handler that another one woke up waits for that other one', async () => {
    const bed = new NotifyBed()
    // The real event loop: there, what a handler schedules inherits what it belongs to.
    const processor = new Processor<string>({
      runtime: nodeRuntime,
      slicer: new Slicer(nodeRuntime, 5),
      cache: () => bed.cache,
      onHandlerError: (error) => expect.fail(String(error)),
    })
    const hold = gate()
    const asked = Promise.withResolvers<Promise<void>>()
    const first: Registration = processor.addListener({
      async onAdd() {
        await microtasks()
        processor.addListener({ onAdd: () => asked.resolve(Promise.resolve(first.remove())) })
        await hold.promise
      },
    })
    const cell = bed.cache.record(1)
    bed.cache.current.set('a', cell)
    processor.added('a', cell, 'watch', 0)
    let isRemoved = false
    void asked.promise.then(() => {
      isRemoved = true
    })
    for (let i = 0; i < 5; i++) await microtasks()
    expect(first.stats().inProgress).toBe(1)
    expect(isRemoved).toBe(false)
    hold.open()
    await asked.promise
    await processor.close()
  })

  test('while another caller waits for the very call that removes does not deadlock', async () => {
    const bed = new NotifyBed()
    const hold = gate()
    const registration: Registration = bed.listen({
      async onAdd() {
        await hold.promise
        await registration.remove()
      },
    })
    bed.put('a')
    await bed.settle()
    const outside = bed.processor.close()
    hold.open()
    expect(await isSettled(outside)).toBe(true)
    expect(registration.stats().abandoned).toBe(0)
  })

  test('closing the processor waits for calls of those removed before', async () => {
    const bed = new NotifyBed()
    const hold = gate()
    const registration = bed.listen({ onAdd: () => hold.promise })
    bed.put('a')
    await bed.settle()
    void registration.remove()
    const closed = bed.processor.close()
    expect(await isSettled(closed)).toBe(false)
    hold.open()
    expect(await isSettled(closed)).toBe(true)
  })

  test('by its signal, also one that aborted before', async () => {
    const bed = new NotifyBed()
    const abort = new AbortController()
    const log: string[] = []
    bed.listen(recorder(log), { signal: abort.signal })
    bed.put('a')
    await bed.settle()
    abort.abort()
    bed.listen(recorder(log), { signal: abort.signal })
    bed.put('b')
    await bed.settle()
    expect(log).toEqual(['add a 1'])
    expect(bed.processor.stats()).toHaveLength(0)
    expect(bed.cache.current.get('b')?.uses).toBe(0)
  })

  test('in the middle of a replay frees what waits', async () => {
    const bed = new NotifyBed()
    for (let i = 0; i < 100; i++) bed.put(`key-${i}`, 'list')
    const registration = bed.listen({ onAdd() {} })
    await registration.remove()
    await bed.settle()
    expect([...bed.cache.current.values()].every((cell) => cell.uses === 0)).toBe(true)
    expect(registration.stats()).toMatchObject({ depth: 0, bytes: 0 })
  })

  test('another one from a handler is no different', async () => {
    const bed = new NotifyBed()
    const log: string[] = []
    const removals: Promise<void>[] = []
    bed.listen({ onAdd: () => void removals.push(second.remove()) })
    const second = bed.listen(recorder(log))
    bed.put('a')
    await bed.settle()
    expect(log).toEqual([])
    await Promise.all(removals)
  })
})

describe('adding a listener', () => {
  test('is refused after close', async () => {
    const bed = new NotifyBed()
    await bed.processor.close()
    expect(() => bed.listen({ onAdd() {} })).toThrow(KubeInformerError)
  })

  test('from a handler works', async () => {
    const bed = new NotifyBed()
    const log: string[] = []
    bed.listen({
      onAdd: (event) => {
        if (event.key === 'a') bed.listen(recorder(log))
      },
    })
    bed.put('a')
    bed.put('b')
    await bed.settle()
    bed.put('b')
    await bed.settle()
    expect(log).toEqual(['add a 1', 'add b 2', 'update b 2>3'])
  })

  test.each<[string, ListenerOptions]>([
    ['buffer.countMax', { buffer: { countMax: 0 } }],
    ['buffer.bytesMax', { buffer: { bytesMax: Number.NaN } }],
    ['buffer.overflow', { buffer: { overflow: 'drop' as 'coalesce' } }],
    ['concurrency', { concurrency: 1.5 }],
    ['resyncPeriodMs', { resyncPeriodMs: 2 ** 31 }],
    ['resync', { resync: 1 } as ListenerOptions],
  ])('refuses a wrong %s by name', (option, options) => {
    const bed = new NotifyBed()
    try {
      bed.listen({ onAdd() {} }, options)
    } catch (error) {
      expect((error as KubeInformerError).code).toBe('ERR_INVALID_OPTION')
      expect((error as KubeInformerError).facts.option).toBe(option)
      return
    }
    throw new Error('not refused')
  })

  test('refuses a handler that is no function', () => {
    const bed = new NotifyBed()
    expect(() => bed.listen({ onAdd: 'add' as unknown as () => void })).toThrow(/onAdd/)
  })
})
