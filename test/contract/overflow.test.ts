import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type {
  AddEvent,
  Informer,
  ReplayDeleteEvent,
  ReplayUpdateEvent,
  ResourceHandle,
} from '../../src/index.ts'
import { type Gate, gate } from '../notify/notify-bed.ts'
import { type ConfigMap, ContractBed, sleep, synced, threadCounts, until } from './contract-bed.ts'
import { cached, Recorder, sameState } from './recorder.ts'

type ReplayEvent = AddEvent<ConfigMap> | ReplayUpdateEvent<ConfigMap> | ReplayDeleteEvent<ConfigMap>

describe.each(threadCounts)('above the bounds of a buffer, threads: $threads', ({ threads }) => {
  let bed: ContractBed

  beforeEach(async () => {
    bed = await ContractBed.start(threads)
  })
  afterEach(() => bed.end())

  function handleOf(factory = bed.factory({ drainMs: 100 })): ResourceHandle<ConfigMap> {
    return factory.core.v1.configmaps as unknown as ResourceHandle<ConfigMap>
  }

  /** Every object once more, new ones that go again, one that is another now. */
  async function churn(informer: Informer<ConfigMap>, rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < 40; i++) bed.update(`m${i}`, { round: String(round) })
      for (let i = 0; i < 5; i++) {
        bed.create(`new-${round}-${i}`)
        if (i > 0) bed.delete(`new-${round}-${i}`)
      }
      bed.delete('m0')
      bed.create('m0')
      await sleep(2)
    }
    bed.delete('m1')
    await until(() => sameState(cached(informer), bed.truth()), 'the cache is right')
  }

  /** A handler that waits for `hold` from `start` on. */
  function held<E>(take: (event: E) => void): {
    readonly hold: Gate
    readonly start: () => void
    readonly handle: (event: E) => unknown
  } {
    const hold = gate()
    let isHeld = false
    const start = (): void => {
      isHeld = true
    }
    const handle = (event: E): unknown => {
      take(event)
      return isHeld ? hold.promise : undefined
    }
    return { hold, start, handle }
  }

  it.each([1, 16])(
    "'replay' holds nothing, and ends right when released, concurrency %i",
    async (concurrency) => {
      for (let i = 0; i < 40; i++) bed.create(`m${i}`)
      const { informer } = handleOf()
      const fold = new Map<string, string>()
      const problems: string[] = []
      const notices: string[] = []
      const hung = held(({ type, key, uid, resourceVersion }: ReplayEvent) => {
        const before = fold.get(key)
        if ((type === 'add') !== (before === undefined)) problems.push(`${type} of ${key} after ${before}`)
        if (before !== undefined && before.split('@')[0] !== uid)
          problems.push(`${type} of ${key}: another uid`)
        if (type === 'delete') fold.delete(key)
        else fold.set(key, `${uid}@${resourceVersion}`)
      })
      const registration = informer.addEventHandler(
        {
          onAdd: hung.handle,
          onUpdate: hung.handle,
          onDelete: hung.handle,
          onSynced: () => void notices.push('synced'),
          onDesynced: () => void notices.push('desynced'),
        },
        { concurrency, buffer: { countMax: 10, overflow: 'replay' } },
      )
      const recorder = new Recorder()
      informer.addEventHandler(recorder.handlers)
      await synced(informer)
      await registration.waitForSync({ signal: AbortSignal.timeout(10_000) })
      const { dropped } = registration.stats()
      notices.length = 0
      hung.start()
      await churn(informer, 15)
      await until(() => sameState(recorder.state(), bed.truth()), 'another listener is not held up')
      await until(() => notices.length > 0, 'it is told at once')
      expect(notices).toEqual(['desynced'])
      const stats = registration.stats()
      expect(stats).toMatchObject({ isDesynced: true, hasSynced: true, merged: 0, inProgress: concurrency })
      expect(stats.depth).toBeLessThanOrEqual(10)
      expect(stats.dropped - dropped).toBeGreaterThan(100)
      hung.hold.open()
      await until(() => sameState(fold, bed.truth()), 'it shows what the server holds')
      await until(() => !registration.stats().isDesynced, 'in sync again')
      expect(notices).toEqual(['desynced', 'synced'])
      expect(registration.stats()).toMatchObject({ depth: 0, bytes: 0, pinnedBytes: 0 })
      expect([...problems, ...recorder.problems]).toEqual([])
      bed.update('m2', { after: 'yes' })
      await until(() => sameState(fold, bed.truth()), 'and goes on')
    },
  )

  it("'backpressure' has the worker's queue merge, and no buffer", async () => {
    for (let i = 0; i < 40; i++) bed.create(`m${i}`)
    const shared = handleOf(bed.factory({ drainMs: 100, inFlightBytesMax: 65_536 }))
    const { informer } = shared.select({ private: true })
    const recorder = new Recorder()
    const hung = held((event: Parameters<Recorder['take']>[0]) => recorder.take(event))
    const registration = informer.addEventHandler(
      { onAdd: hung.handle, onUpdate: hung.handle, onDelete: hung.handle },
      { buffer: { countMax: 10, overflow: 'backpressure' } },
    )
    await synced(informer)
    await registration.waitForSync({ signal: AbortSignal.timeout(10_000) })
    await until(() => informer.stats().state === 'watching', 'the watch runs')
    hung.start()
    for (let round = 0; round < 60; round++) {
      for (let i = 0; i < 40; i++) bed.update(`m${i}`, { round: String(round), text: 'x'.repeat(500) })
      await sleep(2)
    }
    bed.delete('m1')
    await until(() => informer.stats().watch.merged > 200, 'the queue merges')
    const stats = registration.stats()
    // A row may be a delete and an add.
    expect(stats.depth).toBeLessThanOrEqual(11)
    expect(stats).toMatchObject({ merged: 0, dropped: 0, inProgress: 1 })
    expect(sameState(cached(informer), bed.truth())).toBe(false)
    hung.hold.open()
    await until(() => sameState(recorder.state(), bed.truth()), 'it shows what the server holds')
    expect(sameState(cached(informer), bed.truth())).toBe(true)
    expect(recorder.problems).toEqual([])
    expect(registration.stats()).toMatchObject({ merged: 0, depth: 0, pinnedBytes: 0 })
  })

  it("'backpressure' with a bound of one change: lists, relists, a removal and a late registration go through", async () => {
    for (let i = 0; i < 40; i++) bed.create(`m${i}`)
    const { informer } = handleOf().select({ private: true })
    const recorder = new Recorder()
    const options = { buffer: { countMax: 1, overflow: 'backpressure' } } as const
    const slow = { onAdd: (event: Parameters<Recorder['take']>[0]) => Promise.resolve(recorder.take(event)) }
    const first = informer.addEventHandler({ ...recorder.handlers, ...slow }, options)
    await synced(informer)
    await until(() => sameState(recorder.state(), bed.truth()), 'listed')
    bed.server.faults.cutStreams()
    await bed.server.stopListening()
    for (let i = 0; i < 30; i++) bed.delete(`m${i}`)
    bed.server.compact()
    await bed.server.startListening()
    await until(() => sameState(recorder.state(), bed.truth()), 'swept')
    // One that hangs holds the watch; without it, it goes on.
    await first.remove()
    const hung = informer.addEventHandler({ onAdd: () => new Promise(() => {}) }, options)
    for (let i = 0; i < 30; i++) bed.create(`m${i}`)
    await until(() => hung.stats().inProgress === 1, 'it hangs')
    // Long enough for all of it to be on this side: no later batch is to wake the watch.
    await sleep(100)
    expect(informer.stats().pendingBatchBytes).toBeGreaterThan(0)
    expect(informer.indexer.size).toBeLessThan(40)
    await hung.remove()
    await until(() => sameState(cached(informer), bed.truth()), 'the watch goes on')
    const late = new Recorder()
    informer.addEventHandler(late.handlers, options)
    bed.update('m3', { late: 'yes' })
    await until(() => sameState(late.state(), bed.truth()), 'replayed')
    expect([...recorder.problems, ...late.problems]).toEqual([])
  })

  it('a private informer is nobody else’s, and has one registration at a time', async () => {
    bed.create('a')
    const factory = bed.factory({ drainMs: 100 })
    const shared = handleOf(factory)
    const one = shared.select({ private: true })
    const other = shared.select({ private: true })
    expect(one).not.toBe(other)
    expect(one.informer).toBe(one.informer)
    expect(one.informer).not.toBe(other.informer)
    expect(shared.select({})).toBe(shared)
    const registration = one.informer.addEventHandler({ onAdd() {} }, { concurrency: 4 })
    expect(() => one.informer.addEventHandler({ onAdd() {} })).toThrow(
      expect.objectContaining({ code: 'ERR_HANDLER_CONFLICT' }),
    )
    await registration.remove()
    one.informer.addEventHandler({ onAdd() {} })
    for (const informer of [shared.informer, shared.select({ labelSelector: 'a=b' }).informer]) {
      expect(() =>
        informer.addEventHandler({ onAdd() {} }, { buffer: { overflow: 'backpressure' } }),
      ).toThrow(expect.objectContaining({ code: 'ERR_INVALID_OPTION', facts: { option: 'buffer.overflow' } }))
    }
    expect(() => shared.select({ private: 'yes' as unknown as boolean })).toThrow(/private/)
    expect(() => one.selectNamespaces(['default'])).toThrow(/private/)
    const listerWatcher = {
      list: () => new Promise<never>(() => {}),
      watch: () => new Promise<never>(() => {}),
    }
    const source = factory.forListerWatcher({ name: 'things', listerWatcher })
    expect(source.select({ private: true })).not.toBe(source.select({ private: true }))
    expect(source.select({})).toBe(source)
    factory.start()
    await factory.waitForCacheSync({ signal: AbortSignal.timeout(10_000) })
    expect(one.lister.get('default/a')).toBeDefined()
    expect(factory.stats().informers.length).toBe(4)
    await other.informer.close()
    void shared.select({ private: true }).informer
    // The closed one is forgotten, the new one is known.
    expect(factory.stats().informers.length).toBe(4)
  })
})
