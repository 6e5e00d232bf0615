import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createInformerFactory, type InformerFactory } from '../../src/index.ts'
import { EmbeddedApiServer } from '../../src/testing/index.ts'

const watchCount = 200

describe('200 watches on 2 threads', () => {
  let server: EmbeddedApiServer
  let factory: InformerFactory

  beforeEach(async () => {
    server = new EmbeddedApiServer()
    server.populate({ resource: 'configmaps', objects: 40 })
    await server.start()
  })
  afterEach(async () => {
    await factory.close()
    await server.close()
  })

  // With a limit, watches wait for each other's initial lists: one that kept its permit would stop all others.
  it.each([{ maxConcurrentSyncs: 4 }, { maxConcurrentSyncs: watchCount }])(
    'are spread evenly and all start, initial lists at once: $maxConcurrentSyncs',
    { timeout: 120_000 },
    async ({ maxConcurrentSyncs }) => {
      factory = createInformerFactory({ kubeConfig: { server: server.url }, threads: 2, maxConcurrentSyncs })
      const informers = Array.from({ length: watchCount }, (_, index) => {
        const { informer } = factory.core.v1.configmaps.select({ labelSelector: `none!=v${index}` })
        informer.start()
        return informer
      })
      await factory.waitForCacheSync({ signal: AbortSignal.timeout(100_000) })
      const perThread = new Map<number, number>()
      for (const informer of informers) {
        const { threadId, objects } = informer.stats()
        expect(objects).toBe(40)
        perThread.set(threadId, (perThread.get(threadId) ?? 0) + 1)
      }
      expect([...perThread.values()]).toEqual([watchCount / 2, watchCount / 2])
      expect(factory.stats().queuedWatches).toBe(0)
      expect(server.stats().watchers).toBe(watchCount)
    },
  )
})
