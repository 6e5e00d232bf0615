import { beforeAll, expect, it } from 'vitest'
import { createInformerFactory } from '../../src/index.ts'
import type { KubeClient } from '../support/kube-client.ts'
import { describeCluster } from './support/cluster.ts'
import { expectSameObjects } from './support/compare.ts'
import { createNamespace, pod, podsPath } from './support/objects.ts'

const count = 1_150

// Servers before 1.34, and all with the gate off, refuse the streamed initial list: the engine has to page.
describeCluster('a server without WatchList', { featureGates: 'WatchList=false' }, (cluster) => {
  let admin: KubeClient

  beforeAll(async () => {
    admin = await cluster().client()
    await createNamespace(admin)
    for (let start = 0; start < count; start += 50) {
      const names = Array.from({ length: Math.min(50, count - start) }, (_, i) => `page-${start + i}`)
      await Promise.all(names.map((name) => admin.create(podsPath, pod(name))))
    }
  })

  it('refuses the streamed list', async () => {
    const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
    const { status, body } = await admin.request('GET', `${podsPath}?${query}`)
    expect(status).toBe(422)
    expect(body).toMatch(/sendInitialEvents/)
  })

  it('is synced page by page', async () => {
    const factory = createInformerFactory({
      kubeConfig: {
        server: cluster().replicas[0]?.url ?? '',
        token: cluster().token('admin'),
        ca: await cluster().ca(),
      },
    })
    try {
      const { informer, lister } = factory.core.v1.pods
      factory.start()
      await factory.waitForCacheSync({ signal: AbortSignal.timeout(30_000) })
      const list = await admin.list('/api/v1/pods')
      expect(list.items).toHaveLength(count)
      expectSameObjects(lister.list(), list)
      expect(informer.stats().state).toBe('watching')
    } finally {
      await factory.close()
    }
  })
})
