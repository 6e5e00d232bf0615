import { beforeAll, expect, it } from 'vitest'
import type { KubeClient, WatchEvent } from '../support/kube-client.ts'
import { Churn } from './support/churn.ts'
import { describeCluster } from './support/cluster.ts'
import {
  createNamespace,
  createWidgetDefinition,
  grant,
  namespace,
  pod,
  podsPath,
  widget,
  widgetsPath,
} from './support/objects.ts'

// The ground under the other files: if the cluster misbehaves, this file says so, without the engine.
describeCluster('a real cluster', { replicas: 2 }, (cluster) => {
  let admin: KubeClient
  let other: KubeClient

  beforeAll(async () => {
    admin = await cluster().client()
    other = await cluster().client('admin', 1)
    await createNamespace(admin)
  })

  it('is the version it says and serves custom resources', async () => {
    expect(JSON.parse((await admin.request('GET', '/version')).body).gitVersion).toBe('v1.36.3')
    await createWidgetDefinition(admin)
    const created = await admin.create(widgetsPath, widget('first', 3))
    expect(created['spec']).toMatchObject({ size: 3, matrix: [[1, [2, [3]]], [], [{}], [null]] })
  })

  it('refuses the limited user until it is granted', async () => {
    const limited = await cluster().client('limited')
    expect((await limited.request('GET', podsPath)).status).toBe(403)
    await grant(admin, 'limited', '', ['pods'], ['list', 'watch'], namespace)
    await expect.poll(async () => (await limited.request('GET', podsPath)).status).toBe(200)
    expect((await limited.request('GET', '/api/v1/pods')).status).toBe(403)
  })

  it('streams an initial list with its end bookmark, then changes made on the other server', async () => {
    await admin.create(podsPath, pod('seen-in-list'))
    const query = 'watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan'
    const seen: string[] = []
    for await (const event of admin.watch(`${podsPath}?${query}&resourceVersion=`)) {
      seen.push(describeEvent(event))
      if (event.type === 'BOOKMARK') await other.create(podsPath, pod('made-elsewhere'))
      if (event.object.metadata.name === 'made-elsewhere') break
    }
    expect(seen).toEqual(['ADDED seen-in-list', 'BOOKMARK end', 'ADDED made-elsewhere'])
  })

  it('keeps data and certificates over a restart, and forgets the history of its watch cache', async () => {
    const before = await admin.list(podsPath)
    await cluster().replicas[0]?.stop()
    await expect(admin.list(podsPath)).rejects.toThrow()
    const churn = new Churn(other, 'while-down')
    for (let i = 0; i < 20; i++) await churn.step()
    await cluster().replicas[0]?.start()
    const names = (await admin.list(podsPath)).items.map((item) => item.metadata.name)
    expect(names.filter((name) => name.startsWith('while-down'))).toHaveLength(churn.alive.length)
    // A client that resumes from before the restart is sent away: this is what the engine has to survive.
    const query = `watch=1&resourceVersion=${before.metadata.resourceVersion}`
    const first = await admin.watch(`${podsPath}?${query}`).next()
    expect(first.value?.type).toBe('ERROR')
    expect(first.value?.object).toMatchObject({ code: 410, reason: 'Expired' })
  })
})

function describeEvent(event: WatchEvent): string {
  const { name, annotations } = event.object.metadata
  const end = (annotations as Record<string, string> | undefined)?.['k8s.io/initial-events-end'] === 'true'
  return `${event.type} ${end ? 'end' : name}`
}
