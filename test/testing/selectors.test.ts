import { expect, test } from 'vitest'
import { configMap, configMaps, list, startServer, WatchClient } from './server-client.ts'

test.each([
  ['tier=web', ['both', 'web']],
  ['tier==web', ['both', 'web']],
  ['tier!=web', ['db', 'none']],
  ['tier in (web, db)', ['both', 'db', 'web']],
  ['tier notin (web)', ['db', 'none']],
  ['tier', ['both', 'db', 'web']],
  ['!tier', ['none']],
  ['tier=web,env', ['both']],
  ['tier in (web,db),env!=prod', ['db', 'web']],
  ['example.com/key=x', ['none']],
])('labels: %s', async (selector, expected) => {
  const server = await startServer()
  server.create('configmaps', configMap('web', { tier: 'web' }))
  server.create('configmaps', configMap('db', { tier: 'db' }))
  server.create('configmaps', configMap('both', { tier: 'web', env: 'prod' }))
  server.create('configmaps', configMap('none', { 'example.com/key': 'x' }))
  const found = await list(server.url, `${configMaps}?labelSelector=${encodeURIComponent(selector)}`)
  expect(found.items.map((item) => item.metadata.name).sort()).toEqual(expected)
})

function pod(name: string, namespace: string, nodeName: string, phase: string): Record<string, unknown> {
  return { metadata: { name, namespace }, spec: { nodeName, containers: [] }, status: { phase } }
}

test.each([
  ['metadata.name=a', ['web/a']],
  ['metadata.namespace=db', ['db/b']],
  ['metadata.namespace!=db', ['web/a', 'web/c']],
  ['spec.nodeName=n1', ['db/b', 'web/a']],
  ['status.phase=Running,spec.nodeName=n1', ['web/a']],
  ['status.phase!=Running', ['db/b']],
])('fields: %s', async (selector, expected) => {
  const server = await startServer()
  server.create('pods', pod('a', 'web', 'n1', 'Running'))
  server.create('pods', pod('b', 'db', 'n1', 'Pending'))
  server.create('pods', pod('c', 'web', 'n2', 'Running'))
  const found = await list(server.url, `/api/v1/pods?fieldSelector=${encodeURIComponent(selector)}`)
  expect(found.items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).sort()).toEqual(expected)
})

test('an object that enters the selection is ADDED, one that leaves it DELETED as it was last selected', async () => {
  const server = await startServer()
  server.create('configmaps', configMap('a', { tier: 'db' }, { step: '1' }))
  const since = server.version
  const path = `${configMaps}?watch=1&labelSelector=tier%3Dweb&resourceVersion=${since}`
  const watch = await WatchClient.open(server.url, path)
  server.update('configmaps', configMap('a', { tier: 'db' }, { step: '2' }))
  server.update('configmaps', configMap('a', { tier: 'web' }, { step: '3' }))
  server.update('configmaps', configMap('a', { tier: 'web' }, { step: '4' }))
  server.update('configmaps', configMap('a', { tier: 'db' }, { step: '5' }))
  server.delete('configmaps', 'default', 'a')
  server.create('configmaps', configMap('b', { tier: 'web' }))
  server.delete('configmaps', 'default', 'b')
  await watch.count(5)
  expect(watch.told).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED b', 'DELETED b'])
  const steps = watch.events.slice(0, 3).map(({ object }) => (object['data'] as { step: string }).step)
  expect(steps).toEqual(['3', '4', '4'])
  const versions = watch.events.map(({ object }) => Number(object.metadata.resourceVersion) - since)
  expect(versions).toEqual([2, 3, 4, 6, 7])
  expect(watch.events[2]?.object.metadata.labels).toEqual({ tier: 'web' })
})

test('the same for fields', async () => {
  const server = await startServer()
  server.create('pods', pod('a', 'web', 'n1', 'Pending'))
  const path = `/api/v1/pods?watch=1&fieldSelector=status.phase%3DRunning&resourceVersion=${server.version}`
  const watch = await WatchClient.open(server.url, path)
  server.update('pods', pod('a', 'web', 'n1', 'Running'))
  server.update('pods', pod('a', 'web', 'n1', 'Failed'))
  await watch.count(2)
  expect(watch.told).toEqual(['ADDED a', 'DELETED a'])
  expect(watch.events[1]?.object['status']).toEqual({ phase: 'Running' })
})

test('resuming with a selector judges by what each object was then', async () => {
  const server = await startServer()
  server.create('configmaps', configMap('a', { tier: 'web' }))
  const since = server.version
  server.update('configmaps', configMap('a', { tier: 'db' }))
  server.update('configmaps', configMap('a', { tier: 'web' }))
  const path = `${configMaps}?watch=1&labelSelector=tier%3Dweb&resourceVersion=${since}`
  const watch = await WatchClient.open(server.url, path)
  await watch.count(2)
  expect(watch.told).toEqual(['DELETED a', 'ADDED a'])
})
