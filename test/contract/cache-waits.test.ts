import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ConfigMap, ContractBed, informerOf, sleep, threadCounts, until } from './contract-bed.ts'

describe.each(threadCounts)('waiting for the cache, threads: $threads', ({ threads }) => {
  let bed: ContractBed
  const limit = (): { readonly signal: AbortSignal } => ({ signal: AbortSignal.timeout(10_000) })

  beforeEach(async () => {
    bed = await ContractBed.start(threads, { bookmarkMs: 100 })
  })
  afterEach(() => bed.end())

  /** As the API answers. */
  function created(name: string, labels: Record<string, string> = {}): ConfigMap {
    bed.create(name, {}, labels)
    return read(name) as ConfigMap
  }

  function read(name: string): ConfigMap | undefined {
    const all = bed.server.list('configmaps') as unknown as ConfigMap[]
    return all.find(({ metadata }) => metadata.name === name)
  }

  it('reads its own writes: a create, an update, and what came after it', async () => {
    const informer = informerOf(bed.factory())
    const early = created('early')
    const waited = informer.waitForObject(early, limit())
    informer.start()
    expect((await waited)?.metadata.resourceVersion).toBe(early.metadata.resourceVersion)
    const one = created('one')
    const object = await informer.waitForObject(one, limit())
    expect(object).toEqual(informer.indexer.get('default/one'))
    expect(Object.isFrozen(object)).toBe(true)
    bed.update('one', { v: '2' })
    const two = read('one') as ConfigMap
    bed.update('one', { v: '3' })
    const later = await informer.waitForObject(two, limit())
    expect(BigInt(later?.metadata.resourceVersion ?? 0)).toBeGreaterThanOrEqual(
      BigInt(two.metadata.resourceVersion),
    )
    expect(await informer.waitForObject(one)).toBeDefined()
  })

  it.each(['informer', 'factory'] as const)(
    'a predicate may close the %s, each time it is asked',
    async (what) => {
      const factory = bed.factory()
      const informer = informerOf(factory)
      created('one')
      informer.start()
      await informer.waitForSync(limit())
      let asked = 0
      const closed: Promise<void>[] = []
      const waiting = informer.waitFor('default/one', () => {
        // Not the first time, which is in the call itself.
        if (asked++ > 0) closed.push((what === 'informer' ? informer : factory).close())
        return false
      })
      bed.update('one', { v: '2' })
      await expect(waiting).rejects.toMatchObject({ code: 'ERR_CLOSED' })
      expect(asked).toBeLessThan(5)
      expect(new Set(closed).size).toBe(1)
      await closed[0]
    },
  )

  it('ends with undefined for what is gone, for a namesake, and for what is not watched', async () => {
    const factory = bed.factory()
    const informer = informerOf(factory)
    const selected = factory.core.v1.configmaps.select({ labelSelector: 'app=web' }).informer
    factory.start()
    await factory.waitForCacheSync(limit())
    const gone = created('gone')
    bed.delete('gone')
    expect(await informer.waitForObject(gone, limit())).toBeUndefined()
    const first = created('twice')
    bed.delete('twice')
    const second = created('twice')
    expect(await informer.waitForObject(first, limit())).toBeUndefined()
    expect((await informer.waitForObject(second, limit()))?.metadata.uid).toBe(second.metadata.uid)
    // A bookmark tells that everything up to there was sent.
    expect(await selected.waitForObject(created('other'), limit())).toBeUndefined()
    expect(await selected.waitForObject(created('web', { app: 'web' }), limit())).toBeDefined()
  })

  it('ends with the refusal of the version that was written', async () => {
    const informer = informerOf(bed.factory({ frameBytesMax: 65_536 }))
    informer.start()
    await informer.waitForSync(limit())
    bed.create('large', { text: 'x'.repeat(100_000) })
    await expect(informer.waitForObject(read('large') as ConfigMap, limit())).rejects.toMatchObject({
      code: 'ERR_FRAME_TOO_LARGE',
    })
  })

  it('ends with the list of a declared reset: versions of before mean nothing any more', async () => {
    bed.create('one')
    const before = bed.server.version
    const informer = informerOf(bed.factory({ timing: { silenceMs: 200 } }))
    informer.start()
    await informer.waitForSync(limit())
    const metadata = { name: 'one', namespace: 'default', uid: 'x', resourceVersion: '500000' }
    const waits = [
      informer.waitForObject({ metadata }, limit()),
      informer.waitForResourceVersion('500000', limit()),
    ]
    let isOver = false
    void Promise.allSettled(waits).then(() => {
      isOver = true
    })
    bed.create('two')
    await until(() => informer.indexer.has('default/two'), 'it goes on')
    expect(isOver).toBe(false)
    bed.server.restore(before)
    expect(await Promise.all(waits)).toEqual([undefined, undefined])
    expect(informer.indexer.has('default/two')).toBe(false)
  })

  it('waits for a version: all up to it is cached', async () => {
    const informer = informerOf(bed.factory())
    const wait = informer.waitForResourceVersion(created('one').metadata.resourceVersion, limit())
    informer.start()
    await wait
    expect(informer.indexer.has('default/one')).toBe(true)
    const version = created('two').metadata.resourceVersion
    await informer.waitForResourceVersion(version, limit())
    expect(BigInt(informer.lastSyncResourceVersion ?? 0)).toBeGreaterThanOrEqual(BigInt(version))
    const abort = new AbortController()
    const far = informer.waitForResourceVersion('999999999999999999999', { signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(far).rejects.toMatchObject({
      code: 'ERR_CACHE_SYNC',
      message: expect.stringMatching(
        /configmaps at version 9{21}: not cached when the wait was aborted \(watching/,
      ),
      cause: new Error('enough'),
      facts: { pending: [{ resource: 'configmaps', state: 'watching' }] },
    })
  })

  it('waits for a predicate: asked at once, at each change of its key alone, and about an end', async () => {
    const informer = informerOf(bed.factory())
    const asked: unknown[] = []
    const absent = informer.waitFor('default/one', (object) => {
      asked.push(object?.metadata.name)
      return object === undefined
    })
    // Before the first list nobody knows what is not there.
    expect(asked).toEqual([])
    informer.start()
    expect(await absent).toBeUndefined()
    let calls = 0
    const running = informer.waitFor({ namespace: 'default', name: 'one' }, (object) => {
      calls++
      return object?.data?.['phase'] === 'Running'
    })
    for (let i = 0; i < 20; i++) created(`other${i}`)
    await until(() => informer.indexer.size === 20, 'others come')
    expect(calls).toBe(1)
    bed.create('one', { phase: 'Pending' })
    bed.update('one', { phase: 'Running' })
    const object = await running
    expect(object?.data).toEqual({ phase: 'Running' })
    expect(Object.isFrozen(object)).toBe(true)
    const ended = informer.waitFor('default/one', (now) => now === undefined, limit())
    bed.delete('one')
    bed.create('one')
    expect(await ended).toBeUndefined()
    const failing = informer.waitFor('default/two', (now) => {
      if (now !== undefined) throw new Error('predicate')
      return false
    })
    bed.create('two')
    await expect(failing).rejects.toThrow('predicate')
    await until(() => informer.indexer.has('default/two'), 'the cache goes on')
  })

  it('serves thousands of waits, each once, and forgets those that end', async () => {
    const informer = informerOf(bed.factory())
    informer.start()
    await informer.waitForSync(limit())
    const abort = new AbortController()
    const given = Array.from({ length: 1_000 }, (_, i) =>
      informer.waitFor(`default/never${i}`, (object) => object !== undefined, { signal: abort.signal }),
    )
    const waits = Array.from({ length: 1_000 }, (_, i) =>
      informer.waitFor(`default/m${i % 100}`, (object) => object !== undefined),
    )
    for (let i = 0; i < 100; i++) bed.create(`m${i}`)
    expect(new Set((await Promise.all(waits)).map((object) => object?.metadata.name)).size).toBe(100)
    abort.abort()
    const results = await Promise.allSettled(given)
    expect(results.every(({ status }) => status === 'rejected')).toBe(true)
  })

  it('refuses at once what it cannot wait for, and ends all waits with the informer', async () => {
    const factory = bed.factory()
    const informer = informerOf(factory)
    const refused = [
      informer.waitForObject({}),
      informer.waitForObject({ metadata: { name: 'x', uid: 'y' } }),
      informer.waitForObject(null as never),
      informer.waitForObject(created('one'), { signal: 5 as never }),
      informer.waitForResourceVersion('abc'),
      informer.waitForResourceVersion(5 as never),
      informer.waitFor('x', 5 as never),
      informer.waitFor(5 as never, () => true),
      informer.waitFor('x', () => true, { sginal: 1 } as never),
      informer.verify({ pageSize: 0 }),
      informer.verify({ signal: 5 as never }),
    ]
    for (const wait of refused) await expect(wait).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' })
    informer.start()
    await informer.waitForSync(limit())
    await expect(informer.waitFor('default/one', (async () => true) as never)).rejects.toThrow(
      /must return a boolean/,
    )
    const aborted = AbortSignal.abort()
    await expect(informer.waitFor('x', () => false, { signal: aborted })).rejects.toMatchObject({
      code: 'ERR_CACHE_SYNC',
    })
    const waits = [informer.waitFor('x', () => false), informer.waitForResourceVersion('99999999')]
    const results = Promise.allSettled(waits)
    await informer.stop()
    await sleep(5)
    await factory.close()
    for (const result of await results) expect(result).toMatchObject({ reason: { code: 'ERR_CLOSED' } })
    await expect(informer.waitFor('x', () => false)).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    expect((await informer.waitFor('default/one', (object) => object !== undefined))?.metadata.name).toBe(
      'one',
    )
  })
})
