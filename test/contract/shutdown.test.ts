import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createEngine, createInformerFactory, type InformerEngine } from '../../src/index.ts'
import { ContractBed, threadCounts, until } from './contract-bed.ts'

describe.each(threadCounts)('start and end of a factory and its engine, threads: $threads', ({ threads }) => {
  let bed: ContractBed
  let engine: InformerEngine

  beforeEach(async () => {
    bed = await ContractBed.start(threads)
    engine = createEngine({ threads })
  })
  afterEach(async () => {
    await engine.close()
    await bed.end()
  })

  const factoryOf = (options: object = {}) =>
    createInformerFactory({ engine, kubeConfig: { server: bed.server.url }, ...options })

  it('late start: what is asked for after start() waits for the next one; what runs is left alone', async () => {
    bed.create('a')
    const factory = factoryOf()
    const { configmaps, pods } = factory.core.v1
    const early = configmaps.informer
    factory.start()
    await until(() => early.hasSynced(), 'the first is there')
    const late = configmaps.select({ labelSelector: '!none' })
    expect(late.informer.state).toBe('idle')
    expect(engine.stats().watches).toBe(1)
    factory.start()
    await factory.waitForCacheSync({ signal: AbortSignal.timeout(10_000) })
    expect(late.lister.list().size).toBe(1)
    expect(engine.stats().watches).toBe(2)
    expect(bed.server.stats().watchLists).toBe(2)
    expect(pods.informer.state).toBe('idle')
  })

  it.each(['stop', 'close', 'factory', 'engine'] as const)(
    '%s from a listener that hears of the start: nothing starts',
    async (what) => {
      const factory = factoryOf()
      const { informer } = factory.core.v1.configmaps
      const ends = {
        stop: () => informer.stop(),
        close: () => informer.close(),
        factory: () => factory.close(),
        engine: () => engine.close(),
      }
      const ended: Promise<void>[] = []
      informer.onStateChange(({ state }) => {
        if (state === 'connecting') ended.push(ends[what]())
      })
      factory.start()
      expect(ended).toHaveLength(1)
      await Promise.all(ended)
      expect(informer.state).toBe('stopped')
      expect(engine.stats().watches).toBe(0)
      expect(bed.server.stats().requests).toBe(0)
    },
  )

  it('close: no new call, signals abort; the watch ends while a call is still in progress; threads last', async () => {
    for (let i = 0; i < 5; i++) bed.create(`m${i}`)
    const factory = factoryOf({ drainMs: 60_000 })
    const { informer } = factory.core.v1.configmaps
    const order: string[] = []
    let release: (() => void) | undefined
    let calls = 0
    informer.addEventHandler({
      onAdd: (event) => {
        calls++
        event.signal.addEventListener('abort', () => order.push('signal'))
        return new Promise<void>((resolve) => {
          release = resolve
        })
      },
    })
    informer.start()
    await until(() => calls === 1 && informer.hasSynced(), 'a call is in progress')
    void factory.close().then(() => order.push('factory'))
    void engine.close().then(() => order.push('engine'))
    await until(() => engine.stats().watches === 0, 'the watch has ended')
    await until(() => bed.server.stats().watchers === 0, 'so has its connection')
    expect(order).toEqual(['signal'])
    expect(engine.stats().factories).toBe(1)
    release?.()
    await engine.close()
    expect(order).toEqual(['signal', 'factory', 'engine'])
    expect(calls).toBe(1)
  })

  it('close in the middle of a list: whoever waits is told, nothing is left', async () => {
    bed.server.faults.silence(true)
    const factory = factoryOf()
    const { informer } = factory.core.v1.configmaps
    factory.start()
    const waiting = expect(informer.waitForSync()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await until(() => informer.state === 'syncing', 'the list is under way')
    await engine.close()
    await waiting
    expect(informer.state).toBe('stopped')
    expect(engine.stats()).toMatchObject({
      factories: 0,
      watches: 0,
      syncs: 0,
      waitingSyncs: 0,
      memoryBytes: 0,
    })
    await until(() => bed.server.stats().connections === 0, 'no connection is left')
  })

  it('close from inside a handler, of the engine and of what else it has', async () => {
    bed.create('a')
    bed.create('b')
    const [one, other] = [factoryOf({ drainMs: 60_000 }), factoryOf()]
    other.core.v1.configmaps.informer.start()
    let calls = 0
    let isClosed = false
    one.core.v1.configmaps.informer.addEventHandler({
      onAdd: async () => {
        calls++
        await engine.close()
        isClosed = true
      },
    })
    one.start()
    await until(() => isClosed, 'the handler has closed it')
    expect(calls).toBe(1)
    expect(engine.stats()).toMatchObject({ factories: 0, watches: 0 })
    expect(() => other.start()).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }))
  })
})
