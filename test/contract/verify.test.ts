import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { createEngine, createInformerFactory, type Informer } from '../../src/index.ts'
import { MemorySource } from '../support/memory-source.ts'
import { type ConfigMap, ContractBed, informerOf, threadCounts, until } from './contract-bed.ts'
import { cached, Recorder, sameState } from './recorder.ts'

const clean = { missing: 0, stale: 0, surplus: 0, repaired: 0 }

describe.each(threadCounts)('verifying the cache, threads: $threads', ({ threads }) => {
  let bed: ContractBed
  const limit = (): { readonly signal: AbortSignal } => ({ signal: AbortSignal.timeout(15_000) })

  beforeEach(async () => {
    bed = await ContractBed.start(threads, { bookmarkMs: 100 })
  })
  afterEach(() => bed.end())

  async function synced(informer: Informer<ConfigMap>): Promise<void> {
    informer.start()
    await informer.waitForSync(limit())
    await until(() => informer.state === 'watching', 'it watches')
  }

  it('finds and repairs what the watch had missed, and tells the handlers', async () => {
    for (let i = 0; i < 25; i++) bed.create(`m${i}`)
    const informer = informerOf(bed.factory())
    const recorder = new Recorder()
    informer.addEventHandler(recorder.handlers)
    await synced(informer)
    expect(await informer.verify({ ...limit(), pageSize: 10 })).toEqual({ compared: 25, ...clean })
    expect(informer.stats().watch.relists).toBe(0)
    bed.server.faults.loseChanges(4)
    bed.create('missed')
    bed.update('m1', { v: '2' })
    bed.delete('m2')
    bed.delete('m3')
    bed.server.faults.clear()
    bed.create('seen')
    await until(() => informer.indexer.has('default/seen'), 'the watch goes on')
    expect(sameState(cached(informer), bed.truth())).toBe(false)
    expect(await informer.verify({ ...limit(), pageSize: 10 })).toEqual({
      ...{ compared: 27, missing: 1, stale: 1, surplus: 2, repaired: 4 },
    })
    expect(sameState(cached(informer), bed.truth())).toBe(true)
    await until(() => sameState(recorder.state(), bed.truth()), 'the listener knows')
    expect(recorder.problems).toEqual([])
    expect(recorder.log).toEqual(
      expect.arrayContaining(['add missed list', 'update m1 list', 'delete m2 unknown list']),
    )
    expect(informer.stats()).toMatchObject({
      foundByList: 2,
      verify: { runs: 2, compared: 52, missing: 1, stale: 1, surplus: 2, repaired: 4 },
    })
    expect(bed.server.stats().watchers).toBe(1)
  })

  it('looks past a transform, which would not know metadata alone', async () => {
    for (let i = 0; i < 5; i++) bed.create(`m${i}`)
    const transform = new URL('../support/transforms/scripted.ts', import.meta.url)
    const { informer } = bed.factory({ transform }).core.v1.configmaps
    await synced(informer as unknown as Informer<ConfigMap>)
    bed.server.faults.loseChanges(1)
    bed.delete('m2')
    expect(await informer.verify(limit())).toEqual({ ...clean, compared: 5, surplus: 1, repaired: 1 })
  })

  it('takes what changes meanwhile for no difference', async () => {
    for (let i = 0; i < 200; i++) bed.create(`m${i}`)
    const informer = informerOf(bed.factory())
    await synced(informer)
    let n = 0
    const churn = setInterval(() => {
      for (let i = 0; i < 5; i++) {
        n++
        bed.create(`new${n}`)
        bed.update(`m${n % 100}`, { n: String(n) })
        if (n <= 90) bed.delete(`m${n + 100}`)
        if (n > 10) bed.delete(`new${n - 10}`)
      }
    }, 1)
    try {
      for (let i = 0; i < 2; i++) {
        expect(await informer.verify({ ...limit(), pageSize: 20 })).toMatchObject(clean)
      }
    } finally {
      clearInterval(churn)
    }
    expect(informer.stats().watch.relists).toBe(0)
  })

  it('asks for what the watch asks for: selectors, and a source for its list', async () => {
    for (let i = 0; i < 6; i++) bed.create(`m${i}`, {}, { half: String(i % 2) })
    const factory = bed.factory()
    const half = factory.core.v1.configmaps.select({ labelSelector: 'half=1', namespace: 'default' }).informer
    const source = new MemorySource()
    for (let i = 0; i < 7; i++) source.put(`s${i}`)
    const { informer } = factory.forListerWatcher<ConfigMap>({ name: 'things', listerWatcher: source })
    await synced(half as unknown as Informer<ConfigMap>)
    await synced(informer as unknown as Informer<ConfigMap>)
    expect(await half.verify(limit())).toEqual({ compared: 3, ...clean })
    expect(await informer.verify({ ...limit(), pageSize: 3 })).toEqual({ compared: 7, ...clean })
    expect(source.openIterators).toBe(1)
  })

  it('says why it cannot, and ends with the watch', async () => {
    bed.create('one')
    const engine = createEngine({ threads })
    onTestFinished(() => engine.close())
    const factory = createInformerFactory({ engine, kubeConfig: { server: bed.server.url } })
    const { informer } = factory.core.v1.configmaps
    const abort = new AbortController()
    const early = informer.verify({ signal: abort.signal })
    abort.abort()
    await expect(early).rejects.toMatchObject({ code: 'ERR_CACHE_SYNC' })
    await synced(informer as unknown as Informer<ConfigMap>)
    bed.server.faults.refuse({ status: 403, match: 'limit=' })
    await expect(informer.verify(limit())).rejects.toMatchObject({ code: 'ERR_FORBIDDEN' })
    bed.server.faults.clear()
    bed.server.faults.delay(60_000)
    const stuck = [informer.verify({ signal: AbortSignal.timeout(50) }), informer.verify()]
    const results = Promise.allSettled(stuck)
    await expect(stuck[0]).rejects.toMatchObject({ code: 'ERR_CACHE_SYNC' })
    await informer.stop()
    expect(engine.stats()).toMatchObject({ factories: 1, watches: 0 })
    for (const [i, result] of (await results).entries()) {
      expect(result).toMatchObject({ reason: { code: i === 0 ? 'ERR_CACHE_SYNC' : 'ERR_CLOSED' } })
    }
    await until(() => bed.server.stats().connections === 0, 'no connection is left')
    await factory.close()
    await expect(informer.verify()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })
})
