import { describe, expect, test } from 'vitest'
import { QueueBed, stateOf } from './queue-bed.ts'

describe('shutDown', () => {
  test('adds are ignored and counted, what is queued is still handed out, then get ends', async () => {
    const { queue } = new QueueBed()
    queue.add('a')
    queue.add('b')
    queue.shutDown()
    expect(queue.isShuttingDown).toBe(true)
    queue.add('c')
    queue.addAfter('d', 10)
    queue.addAfter('d', 0)
    expect(await queue.get()).toBe('a')
    expect(await queue.get()).toBe('b')
    expect(await queue.get()).toBeUndefined()
    expect(queue.stats()).toMatchObject({ dropped: 3, adds: 2, retries: 0 })
  })

  test('ends every get that waits', async () => {
    const { queue } = new QueueBed()
    const waiting = [queue.get(), queue.get({ signal: new AbortController().signal })]
    queue.shutDown()
    expect(await Promise.all(waiting)).toEqual([undefined, undefined])
  })

  test('an item added again while in process, before the shutdown, is handed out after its done', async () => {
    const { queue } = new QueueBed()
    queue.add('a')
    await queue.get()
    queue.add('a')
    queue.shutDown()
    expect(await queue.get()).toBeUndefined()
    queue.done('a')
    expect(await queue.get()).toBe('a')
    queue.add('a')
    queue.done('a')
    expect(await queue.get()).toBeUndefined()
  })

  test('delayed items are lost, counted, and leave no timer', async () => {
    const { queue, runtime } = new QueueBed()
    queue.addAfter('a', 10)
    queue.addAfter('b', 20)
    expect(runtime.timerCount).toBe(1)
    queue.shutDown()
    expect(runtime.timerCount).toBe(0)
    runtime.advance(100)
    expect(await queue.get()).toBeUndefined()
    expect(queue.stats()).toMatchObject({ dropped: 2, delayed: 0 })
  })

  test('twice is once', () => {
    const { queue } = new QueueBed()
    queue.addAfter('a', 10)
    queue.shutDown()
    queue.shutDown()
    expect(queue.stats().dropped).toBe(1)
  })
})

describe('shutDownWithDrain', () => {
  test('waits for what is in process', async () => {
    const { queue } = new QueueBed()
    queue.add('a')
    await queue.get()
    const drained = queue.shutDownWithDrain()
    queue.add('b')
    expect(await stateOf(drained)).toBe('pending')
    queue.done('a')
    expect(await drained).toBe(true)
    expect(queue.stats().dropped).toBe(1)
  })

  test('waits for what is queued, too', async () => {
    const { queue } = new QueueBed()
    queue.add('a')
    queue.add('b')
    await queue.get()
    const drained = queue.shutDownWithDrain()
    queue.done('a')
    // client-go ends here, with b queued and nobody working for this moment.
    expect(await stateOf(drained)).toBe('pending')
    await queue.get()
    queue.done('b')
    expect(await drained).toBe(true)
  })

  test('waits for an item that was added again while in process', async () => {
    const { queue } = new QueueBed()
    queue.add('a')
    await queue.get()
    queue.add('a')
    const drained = queue.shutDownWithDrain()
    queue.done('a')
    expect(await stateOf(drained)).toBe('pending')
    expect(await queue.get()).toBe('a')
    queue.done('a')
    expect(await drained).toBe(true)
  })

  test('with nothing to do resolves at once, also after a shutdown', async () => {
    const { queue } = new QueueBed()
    queue.shutDown()
    expect(await queue.shutDownWithDrain()).toBe(true)
  })

  test('a later shutDown ends it, however many wait', async () => {
    const { queue } = new QueueBed()
    queue.add('a')
    await queue.get()
    const drains = [queue.shutDownWithDrain(), queue.shutDownWithDrain()]
    expect(await stateOf(drains[0] as Promise<boolean>)).toBe('pending')
    queue.shutDown()
    expect(await Promise.all(drains)).toEqual([false, false])
    queue.done('a')
  })

  test('a signal ends it; another one goes on', async () => {
    const { queue } = new QueueBed()
    const stop = new AbortController()
    queue.add('a')
    await queue.get()
    const cut = queue.shutDownWithDrain({ signal: stop.signal })
    const whole = queue.shutDownWithDrain()
    stop.abort()
    expect(await cut).toBe(false)
    expect(await stateOf(whole)).toBe('pending')
    queue.done('a')
    expect(await whole).toBe(true)
  })

  test('drops what is delayed', async () => {
    const { queue, runtime } = new QueueBed()
    queue.addAfter('a', 10)
    expect(await queue.shutDownWithDrain()).toBe(true)
    expect(runtime.timerCount).toBe(0)
  })
})
