import { beforeAll, describe, expect, it } from 'vitest'
import { createInformerFactory, type InformerFactory, type KubernetesObject } from '../../src/index.ts'
import type { KubeClient } from '../support/kube-client.ts'
import { until } from '../support/until.ts'
import { Churn } from './support/churn.ts'
import { describeCluster } from './support/cluster.ts'
import { expectSameObjects } from './support/compare.ts'
import {
  createNamespace,
  createWidgetDefinition,
  namespace,
  pod,
  podsPath,
  widget,
  widgetGroup,
  widgetsPath,
} from './support/objects.ts'

interface Widget extends KubernetesObject {
  readonly spec: { readonly size: number }
}

describeCluster('following a real server', {}, (cluster) => {
  let admin: KubeClient

  beforeAll(async () => {
    admin = await cluster().client()
    await createNamespace(admin)
    await createWidgetDefinition(admin)
  })

  async function withFactory(
    threads: number,
    use: (factory: InformerFactory) => Promise<void>,
  ): Promise<void> {
    const factory = createInformerFactory({
      kubeConfig: {
        server: cluster().replicas[0]?.url ?? '',
        token: cluster().token('admin'),
        ca: await cluster().ca(),
      },
      threads,
    })
    try {
      await use(factory)
    } finally {
      await factory.close()
    }
  }

  describe.each([1, 0])('with threads: %i', (threads) => {
    it('keeps pods equal to the server while they come, change and go', async () => {
      await withFactory(threads, async (factory) => {
        const churn = new Churn(admin, `follow-${threads}`)
        for (let i = 0; i < 30; i++) await churn.step()
        const { informer, lister } = factory.core.v1.pods
        const told = new Map<string, string>()
        informer.addEventHandler({
          onAdd: (event) => void told.set(event.key, event.uid),
          onUpdate: (event) => expect(told.get(event.key)).toBe(event.uid),
          onDelete: (event) => {
            expect(told.get(event.key)).toBe(event.uid)
            told.delete(event.key)
          },
        })
        factory.start()
        await factory.waitForCacheSync({ signal: AbortSignal.timeout(30_000) })
        expectSameObjects(lister.list(), await admin.list('/api/v1/pods'))
        for (let i = 0; i < 150; i++) await churn.step()
        const list = await admin.list('/api/v1/pods')
        await caughtUp(list.items.length, () => lister.list().size)
        await until(
          () =>
            list.items.every(
              (item) =>
                lister.get(`${item.metadata.namespace}/${item.metadata.name}`)?.metadata.resourceVersion ===
                item.metadata.resourceVersion,
            ),
          'the last version',
          30_000,
        )
        expectSameObjects(lister.list(), list)
        expect(Object.fromEntries(told)).toEqual(
          Object.fromEntries(
            list.items.map((item) => [`${namespace}/${item.metadata.name}`, item.metadata.uid]),
          ),
        )
      })
    })

    it('follows a custom resource', async () => {
      await withFactory(threads, async (factory) => {
        const widgets = factory.forResource<Widget>({
          group: widgetGroup,
          version: 'v1',
          resource: 'widgets',
        })
        const seen: string[] = []
        widgets.informer.addEventHandler({
          onAdd: (event) => void seen.push(`add ${event.name} ${event.object.spec.size}`),
          onUpdate: (event) =>
            void seen.push(`update ${event.name} ${event.oldObject.spec.size}→${event.object.spec.size}`),
          onDelete: (event) => void seen.push(`delete ${event.name}`),
        })
        await admin.create(widgetsPath, widget(`early-${threads}`, 1))
        factory.start()
        await factory.waitForCacheSync({ signal: AbortSignal.timeout(30_000) })
        await admin.create(widgetsPath, widget(`late-${threads}`, 2))
        await until(() => seen.length === 2, 'the create', 30_000)
        expectSameObjects(widgets.lister.list(), await admin.list(widgetsPath))
        await admin.mergePatch(`${widgetsPath}/late-${threads}`, { spec: { size: 3 } })
        await until(() => seen.length === 3, 'the update', 30_000)
        expectSameObjects(widgets.lister.list(), await admin.list(widgetsPath))
        await admin.delete(`${widgetsPath}/late-${threads}`)
        await admin.delete(`${widgetsPath}/early-${threads}`)
        await until(() => seen.length === 5, 'the deletes', 30_000)
        expect(seen).toEqual([
          `add early-${threads} 1`,
          `add late-${threads} 2`,
          `update late-${threads} 2→3`,
          `delete late-${threads}`,
          `delete early-${threads}`,
        ])
        expect(widgets.lister.list().size).toBe(0)
      })
    })

    it('selects by label on the server: an object that leaves the selector is deleted here', async () => {
      await withFactory(threads, async (factory) => {
        const name = `select-${threads}`
        const web = factory.core.v1.pods.select({ namespace, labelSelector: `tier=${name},!hidden` })
        const seen: string[] = []
        web.informer.addEventHandler({
          onAdd: (event) => void seen.push(`add ${event.name}`),
          onDelete: (event) => void seen.push(`delete ${event.name}`),
        })
        await admin.create(podsPath, pod(`${name}-in`, { tier: name }))
        await admin.create(podsPath, pod(`${name}-out`, { tier: 'other' }))
        factory.start()
        await factory.waitForCacheSync({ signal: AbortSignal.timeout(30_000) })
        await admin.mergePatch(`${podsPath}/${name}-in`, { metadata: { labels: { hidden: 'yes' } } })
        await until(() => seen.length === 2, 'it left', 30_000)
        await admin.mergePatch(`${podsPath}/${name}-out`, { metadata: { labels: { tier: name } } })
        await until(() => seen.length === 3, 'another entered', 30_000)
        expect(seen).toEqual([`add ${name}-in`, `delete ${name}-in`, `add ${name}-out`])
        const query = `labelSelector=${encodeURIComponent(`tier=${name},!hidden`)}`
        expectSameObjects(web.lister.list(), await admin.list(`${podsPath}?${query}`))
      })
    })
  })
})

function caughtUp(size: number, current: () => number): Promise<true> {
  return until(() => current() === size, 'the cache has caught up', 30_000)
}
