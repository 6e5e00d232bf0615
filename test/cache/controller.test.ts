import { describe, expect, test } from 'vitest'
import { type Config, Controller, DeltaFIFO, newStore } from '../../src/index.ts'
import { FakeClock, FakeControllerSource } from '../../src/testing/index.ts'
import { showDeltas, type Thing, thing } from './cache-support.ts'

function controllerOf(config: Partial<Config<Thing>> = {}) {
  const clock = new FakeClock()
  const source = new FakeControllerSource<Thing>()
  const store = newStore<Thing>()
  const queue = new DeltaFIFO<Thing>({ knownObjects: store })
  const log: string[] = []
  const stop = new AbortController()
  const controller = new Controller<Thing>({
    queue,
    listerWatcher: source,
    runtime: clock,
    process: (deltas, isInInitialList) => {
      log.push(`${isInInitialList ? 'first ' : ''}${showDeltas(deltas)}`)
      for (const { type, object } of deltas) {
        if (type === 'Deleted') store.delete(object)
        else store.add(object)
      }
    },
    onError: (error, stage) => log.push(`${stage}: ${(error as Error).message}`),
    ...config,
  })
  const news = async (): Promise<string[]> => {
    await clock.settle()
    return log.splice(0)
  }
  return { clock, source, store, queue, log, stop, controller, news }
}

describe('Controller', () => {
  test('hands what its source tells to process, in order', async () => {
    const { source, controller, stop, news } = controllerOf()
    source.add(thing('a'))
    source.add(thing('b'))
    expect([controller.hasSynced(), controller.lastSyncResourceVersion()]).toEqual([false, ''])
    const running = controller.run({ signal: stop.signal })
    await controller.synced
    expect(await news()).toEqual(['first Replaced a@1', 'first Replaced b@2'])
    expect([controller.hasSynced(), controller.lastSyncResourceVersion()]).toEqual([true, '2'])
    source.modify(thing('b'))
    source.delete(thing('a'))
    source.add(thing('b'))
    expect(await news()).toEqual(['Updated b@3', 'Deleted a@4', 'Added b@5'])
    expect([controller.lastSyncResourceVersion(), controller.stats().state]).toEqual(['5', 'watching'])
    stop.abort()
    await running
  })

  test('resyncs what is known, as often as it is told to and if it should', async () => {
    let shouldResync = true
    const { source, controller, stop, news, clock } = controllerOf({
      fullResyncPeriodMs: 30_000,
      shouldResync: () => shouldResync,
    })
    source.add(thing('a'))
    void controller.run({ signal: stop.signal })
    expect(await news()).toEqual(['first Replaced a@1'])
    await clock.advance(60_000)
    expect(await news()).toEqual(['Sync a@1', 'Sync a@1'])
    shouldResync = false
    await clock.advance(60_000)
    expect(await news()).toEqual([])
    stop.abort()
  })

  test('drops what process fails for, and says so', async () => {
    const { source, controller, stop, news } = controllerOf({
      process: (deltas) => {
        throw new Error(`cannot ${showDeltas(deltas)}`)
      },
    })
    source.add(thing('a'))
    void controller.run({ signal: stop.signal })
    source.add(thing('b'))
    expect(await news()).toEqual(['process: cannot Replaced a@1', 'process: cannot Replaced b@2'])
    expect(controller.hasSynced()).toBe(true)
    stop.abort()
  })

  test('tries it again if it is told to, with pauses while nothing else succeeds', async () => {
    const times: number[] = []
    let failures = 12
    const { source, controller, stop, clock, news } = controllerOf({
      retryOnError: true,
      process: (deltas) => {
        times.push(clock.nowMs())
        if (deltas.newest().type === 'Replaced' && failures-- > 0) throw new Error('no')
      },
    })
    source.add(thing('a'))
    void controller.run({ signal: stop.signal })
    await clock.advance(60_000)
    const pauses = times.slice(1).map((ms, i) => ms - (times[i] as number))
    expect(pauses).toEqual([0, 5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000, 1000])
    expect((await news()).length).toBe(12)
    stop.abort()
  })

  test('takes an error that looks like a closed queue for what it is', async () => {
    const closed = Object.assign(new Error('closed'), { code: 'ERR_CLOSED' })
    const { source, controller, stop, news } = controllerOf({ process: () => Promise.reject(closed) })
    source.add(thing('a'))
    source.add(thing('b'))
    void controller.run({ signal: stop.signal })
    expect(await news()).toEqual(['process: closed', 'process: closed'])
    stop.abort()
  })

  test('tells faults of the source, and survives whoever is told', async () => {
    const { source, controller, stop, news, clock } = controllerOf()
    source.listError = new Error('no')
    void controller.run({ signal: stop.signal })
    expect(await news()).toEqual(['listWatch: list() failed: no'])
    source.listError = undefined
    source.add(thing('a'))
    await clock.advance(2_000)
    expect(await news()).toEqual(['first Replaced a@1'])
    stop.abort()

    const harsh = controllerOf({
      process: () => {
        throw new Error('no')
      },
      onError: () => {
        throw new Error('nor this')
      },
    })
    harsh.source.add(thing('a'))
    void harsh.controller.run({ signal: harsh.stop.signal })
    await harsh.controller.synced
    harsh.stop.abort()
  })

  test('lets timers and I/O have their turn while there is more to do', async () => {
    const { source, controller, stop, clock, queue } = controllerOf({
      process: () => {
        // Each takes a millisecond and makes another one.
        if (++processed < 10_000) queue.update(thing('a'))
      },
    })
    const startMs = clock.nowMs()
    let processed = 0
    clock.nowMs = () => startMs + processed
    source.add(thing('a'))
    const running = controller.run({ signal: stop.signal })
    while (processed === 0) await new Promise((resolve) => setImmediate(resolve))
    expect(processed).toBeLessThan(100)
    stop.abort()
    await running
  })
})

describe('Controller: stops', () => {
  test('waits for the process in progress, which hears of it, and begins no other', async () => {
    const begun: string[] = []
    const work = Promise.withResolvers<void>()
    let isAborted = false
    const { source, controller, stop, clock } = controllerOf({
      process: async (deltas, _isInInitialList, signal) => {
        begun.push(showDeltas(deltas))
        await work.promise
        isAborted = signal.aborted
      },
    })
    for (const key of ['a', 'b']) source.add(thing(key))
    let isOver = false
    const running = controller.run({ signal: stop.signal }).then(() => {
      isOver = true
    })
    await clock.settle()
    stop.abort()
    await clock.settle()
    expect([isOver, source.watcherCount]).toEqual([false, 0])
    work.resolve()
    await running
    expect([begun, isAborted, clock.timerCount]).toEqual([['Replaced a@1'], true, 0])
  })

  test('begins none either when the abort comes between an event and its process', async () => {
    const { source, controller, stop, log, clock } = controllerOf()
    const running = controller.run({ signal: stop.signal })
    await clock.settle()
    source.add(thing('a'))
    stop.abort()
    await running
    expect(log).toEqual([])
  })

  test('from inside process, and during the pause after a failure', async () => {
    const inside = controllerOf({ process: () => inside.stop.abort() })
    inside.source.add(thing('a'))
    await inside.controller.run({ signal: inside.stop.signal })
    const pausing = controllerOf({
      retryOnError: true,
      process: () => {
        throw new Error('no')
      },
    })
    pausing.source.add(thing('a'))
    const running = pausing.controller.run({ signal: pausing.stop.signal })
    await pausing.clock.advance(7)
    pausing.stop.abort()
    await running
    expect([inside.clock.timerCount, pausing.clock.timerCount]).toEqual([0, 0])
  })

  test('when its queue is closed', async () => {
    const { source, controller, queue, clock } = controllerOf()
    const running = controller.run()
    await clock.settle()
    queue.close()
    await running
    expect([source.watcherCount, clock.timerCount]).toEqual([0, 0])
  })

  test('at once when it should not begin; and runs once', async () => {
    const { source, controller, log } = controllerOf()
    source.add(thing('a'))
    await controller.run({ signal: AbortSignal.abort() })
    await expect(controller.run()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    expect(log).toEqual([])
  })

  test('with what a queue of somebody else throws', async () => {
    const queue = new DeltaFIFO<Thing>()
    queue.pop = () => Promise.reject(new Error('broken'))
    const { source, controller, clock } = controllerOf({ queue })
    await expect(controller.run()).rejects.toThrow('broken')
    await clock.settle()
    expect([source.watcherCount, clock.timerCount]).toEqual([0, 0])
  })
})
