import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Informer, ResourceHandle } from '../../src/index.ts'
import { type ConfigMap, ContractBed, sleep, threadCounts, until } from './contract-bed.ts'
import { cached, Recorder, sameState } from './recorder.ts'

describe.each(threadCounts)('the contract on changes, threads: $threads', ({ threads }) => {
  let bed: ContractBed
  let maps: ResourceHandle<ConfigMap>
  let informer: Informer<ConfigMap>
  let recorder: Recorder

  beforeEach(async () => {
    bed = await ContractBed.start(threads)
    recorder = new Recorder()
  })
  afterEach(() => bed.end())

  /** Starts an informer with the recorder on it, and waits until both have seen what is there. */
  async function follow(options: Parameters<ContractBed['factory']>[0] = {}): Promise<void> {
    const factory = bed.factory(options)
    maps = factory.core.v1.configmaps as unknown as ResourceHandle<ConfigMap>
    informer = maps.informer
    const registration = informer.addEventHandler(recorder.handlers)
    factory.start()
    await registration.waitForSync({ signal: AbortSignal.timeout(10_000) })
  }

  async function settled(): Promise<void> {
    await until(
      () => sameState(cached(informer), bed.truth()) && sameState(recorder.state(), bed.truth()),
      'cache and listener show what the server holds',
    )
  }

  it('line 1: changes of one object reach a listener in order', async () => {
    for (const name of ['a', 'b', 'c']) bed.create(name)
    await follow()
    const versions: string[] = []
    informer.addEventHandler({
      onUpdate: (event) => void versions.push(`${event.name}${event.object.data?.['n']}`),
    })
    for (let n = 0; n < 50; n++) {
      for (const name of ['a', 'b', 'c']) bed.update(name, { n: String(n) })
      if (n % 10 === 0) await sleep(1)
    }
    await settled()
    // A listener of its own pace: that the other one has seen it all says nothing of this one.
    await until(
      () => ['a', 'b', 'c'].every((name) => versions.includes(`${name}49`)),
      'the last versions came',
    )
    for (const name of ['a', 'b', 'c']) {
      const own = versions.filter((one) => one.startsWith(name)).map((one) => Number(one.slice(1)))
      expect(own).toEqual([...own].sort((x, y) => x - y))
      expect(own.at(-1)).toBe(49)
    }
    expect(recorder.problems).toEqual([])
  })

  it('line 2: all changes applied give the cache', async () => {
    await follow()
    let seed = 7
    const random = (n: number): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
      return seed % n
    }
    for (let i = 0; i < 600; i++) {
      const name = `m${random(12)}`
      const exists = bed.truth().has(`default/${name}`)
      if (!exists) bed.create(name, { i: String(i) })
      else if (random(3) === 0) bed.delete(name)
      else bed.update(name, { i: String(i) })
      if (i % 50 === 0) await sleep(3)
    }
    await settled()
    expect(recorder.problems).toEqual([])
  })

  it('line 3: add comes first, delete only after it, never two adds', async () => {
    bed.create('a')
    await follow()
    bed.update('a', { n: '1' })
    await until(() => recorder.log.length === 2, 'the update came')
    bed.delete('a')
    await until(() => recorder.log.length === 3, 'the delete came')
    bed.create('a')
    await settled()
    expect(recorder.log).toEqual(['add a list', 'update a watch', 'delete a watch', 'add a watch'])
    expect(recorder.problems).toEqual([])
  })

  it('line 4: merges in between, never loses the last state, and counts what it merged', async () => {
    bed.create('a', { n: '0' })
    await follow()
    let release = (): void => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const seen: string[] = []
    const slow = informer.addEventHandler(
      {
        onAdd: () => gate,
        onUpdate: (event) => void seen.push(`${event.oldObject.data?.['n']}>${event.object.data?.['n']}`),
      },
      { buffer: { countMax: 1 } },
    )
    await until(() => slow.stats().inProgress === 1, 'the slow handler is at work')
    for (let n = 1; n <= 40; n++) {
      bed.update('a', { n: String(n) })
      await sleep(1)
    }
    await settled()
    release()
    await until(() => seen.length > 0 && slow.stats().depth === 0, 'the slow handler got the rest')
    expect(seen).toEqual(['0>40'])
    // Between the first and the last nothing is lost that was not counted, there or in the worker's queue.
    await until(() => slow.stats().merged + informer.stats().watch.merged === 39, 'all 39 merges are counted')
  })

  it('line 5: another object under the same name is a delete and an add', async () => {
    bed.create('a')
    await follow()
    bed.delete('a')
    bed.create('a')
    await settled()
    expect(recorder.log).toEqual(['add a list', 'delete a watch', 'add a watch'])

    recorder.log.length = 0
    await bed.server.stopListening()
    await until(() => informer.state === 'retrying', 'the watch is broken')
    bed.delete('a')
    bed.create('a')
    // Nothing of it is in the history any more: only the new list tells.
    bed.server.compact()
    await bed.server.startListening()
    await settled()
    expect(recorder.log).toEqual(['delete a unknown list', 'add a list'])
    expect(recorder.problems).toEqual([])
  })

  it('line 6: versions never go down, whatever the stream repeats', async () => {
    for (let i = 0; i < 20; i++) bed.create(`m${i}`)
    await follow()
    for (let i = 0; i < 200; i++) {
      bed.update(`m${i % 20}`, { i: String(i) })
      if (i % 25 === 0) {
        bed.server.faults.cutStreams()
        await sleep(2)
      }
    }
    await settled()
    expect(recorder.problems).toEqual([])
  })

  it('line 6: a declared reset takes versions back, and all is right again', async () => {
    bed.create('kept')
    const before = bed.server.version
    // The server just waits for our version to come: only its silence tells, twice, before a look at its version.
    await follow({ timing: { silenceMs: 100 } })
    for (let i = 0; i < 30; i++) bed.create(`later${i}`)
    await settled()
    const restored = new Recorder()
    informer.addEventHandler({ onDelete: (event) => void restored.log.push(event.name) })
    bed.server.restore(before)
    bed.create('new')
    await until(() => sameState(cached(informer), bed.truth()), 'the cache shows the restored cluster')
    await until(() => restored.log.length === 30, 'what the restored cluster lacks was told as deleted')
    expect([...cached(informer).keys()].sort()).toEqual(['default/kept', 'default/new'])
  })

  it('line 7: a relist is silent for what is unchanged, and finds what vanished', async () => {
    for (const name of ['a', 'b', 'c']) bed.create(name, { n: '1' })
    await follow()
    recorder.log.length = 0
    await bed.server.stopListening()
    await until(() => informer.state === 'retrying', 'the watch is broken')
    bed.delete('b')
    bed.update('c', { n: '2' })
    bed.create('d')
    bed.server.compact()
    await bed.server.startListening()
    await settled()
    expect([...recorder.log].sort()).toEqual(['add d list', 'delete b unknown list', 'update c list'])
    expect(recorder.problems).toEqual([])
    await until(() => informer.stats().watch.relists === 1, 'one relist is counted')
  })

  it('line 7: the last known state comes with a delete whose own was not seen', async () => {
    bed.create('a', { n: '5' })
    await follow()
    const last: unknown[] = []
    const late = informer.addEventHandler({ onDelete: (event) => void last.push(event.object.data) })
    await late.waitForSync()
    bed.server.faults.loseChanges(1)
    bed.delete('a')
    await sleep(30)
    expect(recorder.fold.size).toBe(1)
    bed.server.triggerRelist()
    await settled()
    // A listener of its own pace: that the other one has seen it all says nothing of this one.
    await until(() => last.length > 0, 'the late listener was told')
    expect(last).toEqual([{ n: '5' }])
    expect(informer.stats().foundByList).toBe(1)
  })

  it('line 8: synced means listed; for a listener, also handled', async () => {
    for (let i = 0; i < 20; i++) bed.create(`m${i}`)
    const factory = bed.factory()
    const { informer: own } = factory.core.v1.configmaps
    let open = (): void => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    let handled = 0
    const registration = own.addEventHandler({
      onAdd: async (event) => {
        if (event.name === 'm3') await gate
        handled++
        if (event.name === 'm4') throw new Error('thrown is finished, too')
      },
    })
    expect(own.hasSynced()).toBe(false)
    factory.start()
    await factory.waitForCacheSync({ signal: AbortSignal.timeout(10_000) })
    expect(own.indexer.size).toBe(20)
    await until(() => registration.stats().inProgress === 1, 'the gated object is being handled')
    expect(registration.hasSynced()).toBe(false)
    // Vanished before delivery is finished, too.
    bed.delete('m19')
    open()
    await registration.waitForSync({ signal: AbortSignal.timeout(10_000) })
    expect(handled).toBeGreaterThanOrEqual(19)
  })
})
