import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Informer } from '../../src/index.ts'
import { startChild } from '../support/child-process.ts'
import { type ConfigMap, ContractBed, threadCounts, until } from './contract-bed.ts'

describe.each(threadCounts)('waiting for a sync that does not come, threads: $threads', ({ threads }) => {
  let bed: ContractBed

  beforeEach(async () => {
    bed = await ContractBed.start(threads)
  })
  afterEach(() => bed.end())

  function informerOf(factory = bed.factory()): Informer<ConfigMap> {
    return factory.core.v1.configmaps.informer as unknown as Informer<ConfigMap>
  }

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
      for (const one of [informer, registration]) {
        await one.waitForSync({ signal: AbortSignal.timeout(20) }).catch((error) => console.log(error.code))
      }`
    const child = startChild(process.execPath, ['--input-type=module', '-e', code])
    expect(await child.exited).toBe(0)
    expect(child.output()).toMatch(/ERR_CACHE_SYNC\s+ERR_CACHE_SYNC/)
  })
})
