import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Informer, InformerFactory } from '../../src/index.ts'
import { type ConfigMap, ContractBed, informerOf, sleep, until } from './contract-bed.ts'
import { faceNames, follow } from './faces.ts'
import { cached, Recorder, sameState } from './recorder.ts'

// With a thread: what differs without one is the same for all faces.
describe.each(faceNames)('the contract by %s', (face) => {
  let bed: ContractBed
  let factory: InformerFactory
  let informer: Informer<ConfigMap>
  const reported: string[] = []

  beforeEach(async () => {
    bed = await ContractBed.start(1)
    reported.length = 0
    factory = bed.factory({
      drainMs: 5_000,
      onHandlerError: (error, { key, handler }) =>
        reported.push(`${handler} "${key}" ${(error as Error).message}`),
    })
    informer = informerOf(factory)
  })
  afterEach(() => bed.end())

  it('lines 1 to 5: in order, add first, all of it adds up to the cache, by early and late listeners', async () => {
    for (let i = 0; i < 20; i++) bed.create(`m${i}`)
    const early = new Recorder()
    const late = new Recorder()
    const first = follow(face, informer, (change) => early.take(change))
    factory.start()
    await until(() => first.isSynced(), 'the early listener has synced')
    expect(early.log).toHaveLength(20)
    // Slow, with a buffer that merges.
    const second = follow(
      face,
      informer,
      async (change) => {
        late.take(change)
        if (late.log.length % 16 === 0) await sleep(1)
      },
      { buffer: { countMax: 5 } },
    )
    let seed = 11
    const random = (n: number): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
      return seed % n
    }
    for (let i = 0; i < 400; i++) {
      const name = `m${random(24)}`
      if (!bed.truth().has(`default/${name}`)) bed.create(name, { i: String(i) })
      else if (random(4) > 0) bed.update(name, { i: String(i) })
      else {
        bed.delete(name)
        if (random(2) === 0) bed.create(name)
      }
      if (i % 40 === 0) await sleep(2)
    }
    await until(
      () =>
        [cached(informer), early.state(), late.state()].every((state) => sameState(state, bed.truth())) &&
        second.isSynced(),
      'cache and both listeners show what the server holds',
    )
    expect([...early.problems, ...late.problems, ...first.overlaps, ...second.overlaps]).toEqual([])
    expect(first.stats()).toMatchObject({ merged: 0, errors: 0, depth: 0, hasSynced: true })
    expect(first.stats().delivered).toBe(early.log.length)
    expect(second.stats().delivered).toBe(late.log.length)
  })

  it('line 8: synced when the last object of the list is finished', async () => {
    for (let i = 0; i < 12; i++) bed.create(`m${i}`)
    const { promise, resolve } = Promise.withResolvers<void>()
    let taken = 0
    const listener = follow(face, informer, async (change) => {
      if (change.name === 'm3') await promise
      taken++
    })
    factory.start()
    await factory.waitForCacheSync({ signal: AbortSignal.timeout(10_000) })
    await until(() => listener.stats().inProgress === 1 && listener.stats().depth <= 11, 'it is at m3')
    await sleep(10)
    expect(listener.isSynced()).toBe(false)
    expect(listener.stats().hasSynced).toBe(false)
    resolve()
    await until(() => listener.isSynced(), 'it has synced')
    expect(taken).toBe(12)
  })

  it('line 10: what it throws harms no other, and is told', async () => {
    const recorder = new Recorder()
    informer.addEventHandler(recorder.handlers)
    const listener = follow(face, informer, (change) => {
      if (change.name === 'bad') throw new Error('thrown')
    })
    factory.start()
    bed.create('bad')
    bed.create('good')
    await until(() => sameState(recorder.state(), bed.truth()), 'the other listener has seen it all')
    if (face === 'changes()') {
      // A loop is the caller's own code: what it throws is his, and ends it.
      await expect(listener.over).rejects.toThrow('thrown')
      expect(informer.stats().listeners).toHaveLength(1)
      expect(reported).toEqual([])
    } else {
      await until(() => listener.stats().errors === 1, 'it is counted')
      expect(reported).toEqual(['onChanges "" thrown'])
      bed.create('next')
      await until(() => listener.stats().delivered === 3, 'it goes on')
    }
    expect(recorder.problems).toEqual([])
  })

  it('line 11: after a removal, and after a close, nothing comes', async () => {
    for (let i = 0; i < 30; i++) bed.create(`m${i}`)
    const removed: string[] = []
    const closed: string[] = []
    const one = follow(face, informer, (change) => void removed.push(change.name))
    const two = follow(face, informer, async (change) => {
      closed.push(change.name)
      await sleep(1)
    })
    factory.start()
    await until(() => removed.length >= 30 && closed.length > 2, 'some changes came')
    await one.end()
    bed.create('late')
    await until(() => informer.indexer.get('default/late') !== undefined, 'it is cached')
    await factory.close()
    await two.over
    await one.over
    const { length } = closed
    await sleep(20)
    expect(closed).toHaveLength(length)
    expect(removed).not.toContain('late')
    await until(() => bed.server.stats().connections === 0, 'no connection is left')
  })

  it('line 11: a close from inside does not wait for itself', async () => {
    bed.create('a')
    bed.create('b')
    let calls = 0
    let closing: Promise<void> | undefined
    const listener = follow(
      face,
      informer,
      async () => {
        calls++
        closing ??= factory.close()
        await closing
      },
      face === 'changes()' ? {} : { batchCountMax: 1 },
    )
    factory.start()
    await until(() => closing !== undefined, 'it closes')
    await closing
    await listener.over
    expect(calls).toBeLessThanOrEqual(face === 'async onChanges' ? 2 : 1)
    expect(listener.stats().abandoned).toBe(0)
  })

  it('line 11: stop keeps it waiting, and the start goes on where it was', async () => {
    bed.create('a')
    const recorder = new Recorder()
    const listener = follow(face, informer, (change) => recorder.take(change))
    factory.start()
    await until(() => listener.isSynced(), 'it has synced')
    await informer.stop()
    bed.create('b')
    informer.start()
    await until(() => sameState(recorder.state(), bed.truth()), 'what was missed came')
    expect(recorder.log).toEqual(['add a list', 'add b watch'])
    expect(recorder.problems).toEqual([])
  })
})

describe('a loop over changes', () => {
  it('its signal ends it with an AbortError; wrong options are refused where it is made', async () => {
    const bed = await ContractBed.start(0)
    try {
      const factory = bed.factory()
      const informer = informerOf(factory)
      const refused = (options: unknown): void =>
        expect(() => informer.changes(options as never)).toThrow(
          expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
        )
      for (const options of [null, { concurrency: 2 }, { batchCountMax: 1 }, { signals: 1 }, { signal: 1 }]) {
        refused(options)
      }
      factory.start()
      bed.create('a')
      const aborting = new AbortController()
      const names: string[] = []
      const looping = (async () => {
        for await (const change of informer.changes({ signal: aborting.signal })) {
          if (change.type === 'add') names.push(change.name)
          if (change.type === 'synced') names.push('synced')
        }
      })()
      await until(() => names.includes('a') && names.includes('synced'), 'it has seen all')
      aborting.abort()
      await expect(looping).rejects.toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' })
      expect(informer.stats().listeners).toEqual([])
      await factory.close()
      expect(() => informer.changes()).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }))
    } finally {
      await bed.end()
    }
  })

  it('goes over several namespaces as one: synced once, ended when the last is closed', async () => {
    const bed = await ContractBed.start(1)
    try {
      const factory = bed.factory()
      const set = factory.core.v1.configmaps.selectNamespaces(['default', 'other'])
      for (const namespace of ['default', 'other']) {
        bed.server.create('configmaps', {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'a', namespace },
        })
      }
      const log: string[] = []
      const looping = (async () => {
        for await (const change of set.informer.changes()) {
          log.push('key' in change ? `${change.type} ${change.key}` : change.type)
        }
      })()
      factory.start()
      await until(() => log.includes('synced'), 'both have synced')
      expect(log.slice(0, 2).sort()).toEqual(['add default/a', 'add other/a'])
      expect(log.slice(2)).toEqual(['synced'])
      await factory.close()
      await looping
    } finally {
      await bed.end()
    }
  })
})
