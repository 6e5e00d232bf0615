import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Informer, StateChange, WatchFailure } from '../../src/index.ts'
import { type ConfigMap, ContractBed, informerOf, synced, threadCounts, until } from './contract-bed.ts'
import { cached, Recorder, sameState } from './recorder.ts'

describe.each(threadCounts)('the life of an informer, threads: $threads', ({ threads }) => {
  let bed: ContractBed

  beforeEach(async () => {
    bed = await ContractBed.start(threads)
  })
  afterEach(() => bed.end())

  function followed(informer: Informer<ConfigMap>): {
    readonly states: StateChange[]
    readonly failures: WatchFailure[]
    readonly names: () => string[]
  } {
    const states: StateChange[] = []
    const failures: WatchFailure[] = []
    informer.onStateChange((change) => states.push(change))
    informer.onWatchError((failure) => failures.push(failure))
    return { states, failures, names: () => states.map(({ state }) => state) }
  }

  it('tells each state once, each failed attempt, and no clean end', async () => {
    bed.create('one')
    // A streamed list would go on for half an hour.
    bed.server.hasWatchList = false
    bed.server.faults.refuse({ status: 503, count: 3 })
    const informer = informerOf(bed.factory({ timing: { watchTimeoutMinMs: 1_000 } }))
    const { states, failures, names } = followed(informer)
    const removed = informer.onStateChange(() => expect.unreachable())
    removed()
    await synced(informer)
    await until(() => informer.stats().watch.watches >= 2, 'a watch that ended clean')
    expect(failures.map(({ error }) => error.code)).toEqual(Array(3).fill('ERR_API_STATUS'))
    expect(failures.map(({ attempt }) => attempt)).toEqual([1, 2, 3])
    expect(states.filter(({ state }) => state === 'retrying').map(({ attempt }) => attempt)).toEqual([
      1, 2, 3,
    ])
    for (const [i, change] of states.entries()) {
      const { state, error, attempt } = states[i - 1] ?? {}
      expect([state, error?.message, attempt]).not.toEqual([
        change.state,
        change.error?.message,
        change.attempt,
      ])
    }
    expect(names().at(-1)).toBe('watching')
    const before = states.length
    bed.server.faults.cutStreams()
    await until(() => failures.length === 4 && informer.state === 'watching', 'the cut is told, and healed')
    expect(failures[3]?.error.code).toBe('ERR_CONNECTION')
    expect(names().slice(before)).toEqual(['retrying', 'watching'])
    expect(() => informer.onWatchError(5 as never)).toThrow(/ERR_INVALID_OPTION|listener/)
  })

  it('tells of a resource that vanishes and comes back, and forgets its objects', async () => {
    bed.create('one')
    const informer = informerOf(bed.factory({ timing: { absentAfterMs: 30, watchTimeoutMinMs: 1_000 } }))
    const recorder = new Recorder()
    informer.addEventHandler(recorder.handlers)
    const { states, failures, names } = followed(informer)
    await synced(informer)
    bed.server.faults.refuse({ status: 404, match: 'configmaps' })
    bed.server.faults.cutStreams()
    await until(() => informer.state === 'absent' && informer.indexer.size === 0, 'it is absent')
    expect(states.find(({ state }) => state === 'absent')).toMatchObject({ error: { code: 'ERR_NOT_FOUND' } })
    expect(failures.at(-1)?.error.code).toBe('ERR_NOT_FOUND')
    bed.server.faults.clear()
    await until(() => informer.state === 'watching' && informer.indexer.size === 1, 'it is back')
    expect(names().at(-1)).toBe('watching')
    await until(() => sameState(recorder.state(), bed.truth()), 'the listener knows')
    expect(recorder.problems).toEqual([])
  })

  it('line 11: stopped and started again, cache and registrations go on where they were', async () => {
    bed.create('one')
    const factory = bed.factory()
    const informer = informerOf(factory)
    const early = new Recorder()
    const registration = informer.addEventHandler(early.handlers)
    let resyncs = 0
    const onUpdate = ({ cause }: { readonly cause: string }): void => void (cause === 'resync' && resyncs++)
    informer.addEventHandler({ onUpdate }, { resyncPeriodMs: 20 })
    const { names } = followed(informer)
    await synced(informer)
    await registration.waitForSync({ signal: AbortSignal.timeout(10_000) })
    await informer.stop()
    expect(names().at(-1)).toBe('stopped')
    expect(registration.hasSynced()).toBe(true)
    bed.create('two')
    bed.delete('one')
    const late = new Recorder()
    const lateRegistration = informer.addEventHandler(late.handlers)
    await lateRegistration.waitForSync({ signal: AbortSignal.timeout(10_000) })
    expect([...late.state().keys()]).toEqual(['default/one'])
    const waited = informer.waitFor('default/two', (object) => object !== undefined)
    informer.start()
    expect((await waited)?.metadata.name).toBe('two')
    for (const recorder of [early, late]) {
      await until(() => sameState(recorder.state(), bed.truth()), 'both listeners know')
      expect(recorder.problems).toEqual([])
    }
    expect(sameState(cached(informer), bed.truth())).toBe(true)
    expect(informer.stats().watch).toMatchObject({ lists: 1, relists: 0 })
    expect(names().slice(-3)).toEqual(['stopped', 'connecting', 'watching'])
    const before = resyncs
    await until(() => resyncs > before, 'resyncs go on')
  })

  it('line 11: a stop from inside a handler resolves, and the next start goes on', async () => {
    const informer = informerOf(bed.factory())
    let stopped: Promise<void> | undefined
    const recorder = new Recorder()
    informer.addEventHandler(recorder.handlers)
    informer.addEventHandler({
      onAdd: async () => {
        stopped ??= informer.stop()
        await stopped
      },
    })
    await synced(informer)
    bed.create('one')
    await until(() => stopped !== undefined, 'the handler stopped it')
    await stopped
    expect(informer.state).toBe('stopped')
    bed.create('two')
    informer.start()
    await until(() => sameState(recorder.state(), bed.truth()), 'the listener knows')
    expect(recorder.problems).toEqual([])
  })

  it('keeps a consistent view across awaits', async () => {
    for (let i = 0; i < 30; i++) bed.create(`m${i}`, {}, { half: String(i % 2) })
    const informer = informerOf(bed.factory())
    await synced(informer)
    const truth = bed.truth()
    const snapshot = informer.snapshot()
    expect(snapshot.resourceVersion).toBe(informer.lastSyncResourceVersion)
    const seen = new Map<string, string>()
    for (const { metadata } of snapshot.list()) {
      seen.set(`default/${metadata.name}`, `${metadata.uid}@${metadata.resourceVersion}`)
      if (seen.size !== 10) continue
      for (let i = 0; i < 10; i++) bed.delete(`m${i}`)
      for (let i = 10; i < 20; i++) bed.update(`m${i}`, { v: '2' })
      bed.create('late')
      await until(() => sameState(cached(informer), bed.truth()), 'the cache has all of it')
    }
    expect(seen).toEqual(truth)
    expect(snapshot.size).toBe(30)
    expect(snapshot.get('default/late')).toBeUndefined()
    expect(snapshot.has({ namespace: 'default', name: 'm3' })).toBe(true)
    expect(snapshot.list({ labelSelector: 'half=1' }).size).toBe(15)
    expect(() => snapshot.list({ labelSelector: '!!' })).toThrow(/ERR_INVALID_SELECTOR|selector/)
    expect(informer.stats()).toMatchObject({ snapshots: 1, objects: 21 })
    expect(informer.stats().pinnedBytes).toBeGreaterThan(0)
    snapshot.dispose()
    await until(() => informer.stats().pinnedBytes === 0, 'nothing is pinned any more')
    expect(informer.stats().snapshots).toBe(0)
  })
})
