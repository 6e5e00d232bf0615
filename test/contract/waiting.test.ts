import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startChild } from '../support/child-process.ts'
import { ContractBed, informerOf, threadCounts, until } from './contract-bed.ts'

describe.each(threadCounts)('waiting for a sync that does not come, threads: $threads', ({ threads }) => {
  let bed: ContractBed

  beforeEach(async () => {
    bed = await ContractBed.start(threads)
  })
  afterEach(() => bed.end())

  it('refuses at once what is no signal: a wait that cannot end would harm the cache and the close', async () => {
    const factory = bed.factory()
    const { configmaps } = factory.core.v1
    const set = configmaps.selectNamespaces(['default', 'other'])
    const handlers = { onAdd: () => {} }
    const waits = [configmaps.informer, set.informer].flatMap((informer) => [
      informer.waitForSync.bind(informer),
      ((registration) => registration.waitForSync.bind(registration))(informer.addEventHandler(handlers)),
    ])
    waits.push(factory.waitForCacheSync.bind(factory))
    factory.start()
    const half = { aborted: false, addEventListener() {} }
    const bads = [
      { signal: new AbortController() },
      { signal: half },
      { signal: null },
      { sginal: 1 },
      null,
      5,
    ]
    for (const wait of waits) {
      for (const bad of bads) {
        await expect(wait(bad as object)).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' })
      }
    }
    await factory.waitForCacheSync({ signal: AbortSignal.timeout(10_000) })
    bed.create('late')
    await until(() => configmaps.informer.indexer.has('default/late'), 'the cache goes on')
    await factory.close()
  })

  it('is not left half made by a signal that fails, nor is what it waits for', async () => {
    const factory = bed.factory()
    const informer = informerOf(factory)
    const fail = (): never => {
      throw new Error('signal')
    }
    const atEnd = { aborted: false, reason: undefined, addEventListener() {}, removeEventListener: fail }
    const uncaught: unknown[] = []
    const others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => void uncaught.push(error))
    try {
      const waits = [
        informer.waitForSync({ signal: { ...atEnd, addEventListener: fail } as unknown as AbortSignal }),
        informer.waitForSync({ signal: atEnd as unknown as AbortSignal }),
      ]
      const results = Promise.allSettled(waits)
      factory.start()
      expect((await results).map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
      bed.create('late')
      await until(() => informer.indexer.has('default/late'), 'the cache goes on')
      await factory.close()
      await until(() => uncaught.length > 0, 'its failure was heard')
      expect(uncaught).toEqual([new Error('signal')])
    } finally {
      process.removeAllListeners('uncaughtException')
      for (const other of others) process.on('uncaughtException', other)
    }
  })

  it('says which caches did not sync, and why', async () => {
    bed.server.faults.refuse({ status: 403 })
    const factory = bed.factory()
    informerOf(factory)
    factory.start()
    const registration = factory.core.v1.configmaps.informer.addEventHandler({ onAdd: () => {} })
    const abort = new AbortController()
    const waits = [factory, registration].map((one) => {
      const { signal } = abort
      return 'remove' in one ? one.waitForSync({ signal }) : one.waitForCacheSync({ signal })
    })
    const results = Promise.allSettled(waits)
    await until(() => factory.health()[0]?.state === 'forbidden', 'the refusal')
    abort.abort()
    for (const result of await results) {
      expect(result).toMatchObject({
        reason: {
          code: 'ERR_CACHE_SYNC',
          message: expect.stringMatching(/^not synced when the wait was aborted: configmaps \(forbidden: .*/),
          cause: { code: 'ERR_FORBIDDEN' },
          facts: { pending: [{ resource: 'configmaps', state: 'forbidden' }] },
        },
      })
    }
    await expect(registration.waitForSync({ signal: AbortSignal.timeout(1) })).rejects.toThrow(
      /^not synced in time: configmaps/,
    )
  })

  it('says that what is waited for was never started', async () => {
    const pending = [
      { resource: 'configmaps', state: 'idle', lastError: 'not started: call factory.start()' },
    ]
    const factory = bed.factory()
    const informer = informerOf(factory)
    const registration = informer.addEventHandler({ onAdd: () => {} })
    await expect(factory.waitForCacheSync()).rejects.toMatchObject({
      code: 'ERR_CACHE_SYNC',
      facts: { pending },
    })
    for (const one of [informer, registration]) {
      await expect(one.waitForSync({ signal: AbortSignal.timeout(1) })).rejects.toMatchObject({
        message: 'not synced in time: configmaps (idle: not started: call factory.start())',
        facts: { pending },
      })
    }
    factory.start()
    await factory.waitForCacheSync({ signal: AbortSignal.timeout(10_000) })
    expect(factory.core.v1.secrets.informer.state).toBe('idle')
    await factory.waitForCacheSync()
    expect(factory.core.v1.secrets.lister.list().size).toBe(0)
    await expect(factory.waitForCacheSync()).rejects.toThrow(
      /secrets \(idle: not started: asked for after start\(\): call factory\.start\(\) again/,
    )
  })

  it('holds the process while somebody waits with a signal', async () => {
    const index = new URL('../../src/index.ts', import.meta.url).href
    const code = `
      const { createInformerFactory } = await import(${JSON.stringify(index)})
      const { informer } = createInformerFactory({ kubeConfig: { server: ${JSON.stringify(bed.server.url)} } }).core.v1.pods
      const registration = informer.addEventHandler({ onAdd() {} })
      const limit = () => ({ signal: AbortSignal.timeout(20) })
      const waits = [() => informer.waitForSync(limit()), () => registration.waitForSync(limit())]
      waits.push(() => informer.waitFor('a/b', () => true, limit()), () => informer.verify(limit()))
      for (const wait of waits) await wait().catch((error) => console.log(error.code))`
    const child = startChild(process.execPath, ['--input-type=module', '-e', code])
    expect(await child.exited).toBe(0)
    expect(child.output().match(/ERR_CACHE_SYNC/g)).toHaveLength(4)
  })
})
