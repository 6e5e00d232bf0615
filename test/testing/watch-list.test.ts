import { expect, test } from 'vitest'
import { brokenBookmarks, configMap, configMaps, refused, startServer, WatchClient } from './server-client.ts'

const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
const endMark = { 'k8s.io/initial-events-end': 'true' }

test('what is there, the end bookmark, then what happens: one stream', async () => {
  const server = await startServer()
  for (const name of ['a', 'b', 'c']) server.create('configmaps', configMap(name))
  const version = server.version
  const watch = await WatchClient.open(server.url, `${configMaps}?${query}`)
  await watch.until('the end bookmark', ({ types }) => types.includes('BOOKMARK'))
  expect(watch.told.slice(0, 3).sort()).toEqual(['ADDED a', 'ADDED b', 'ADDED c'])
  expect(watch.events[3]?.object.metadata).toMatchObject({
    annotations: endMark,
    resourceVersion: String(version),
  })
  server.update('configmaps', configMap('b', { changed: 'yes' }))
  await watch.count(5)
  expect(watch.told[4]).toBe('MODIFIED b')
})

test('nothing there: the end bookmark alone', async () => {
  const server = await startServer()
  const watch = await WatchClient.open(server.url, `${configMaps}?${query}`)
  await watch.count(1)
  expect(watch.events[0]).toMatchObject({ type: 'BOOKMARK', object: { metadata: { annotations: endMark } } })
})

test('without bookmarks there is no end to be seen', async () => {
  const server = await startServer()
  server.create('configmaps', configMap('a'))
  const path = `${configMaps}?${query.replace('&allowWatchBookmarks=true', '')}`
  const watch = await WatchClient.open(server.url, path)
  await watch.count(1)
  server.create('configmaps', configMap('b'))
  await watch.count(2)
  expect(watch.told).toEqual(['ADDED a', 'ADDED b'])
})

test('sendInitialEvents=false is a plain watch', async () => {
  const server = await startServer()
  server.create('configmaps', configMap('a'))
  const plain = query.replace('sendInitialEvents=true', 'sendInitialEvents=false')
  const watch = await WatchClient.open(server.url, `${configMaps}?${plain}&resourceVersion=${server.version}`)
  server.create('configmaps', configMap('b'))
  await watch.count(1)
  expect(watch.told).toEqual(['ADDED b'])
})

test('selected objects only, and those of the namespace only', async () => {
  const server = await startServer()
  server.create('configmaps', configMap('a', { tier: 'web' }))
  server.create('configmaps', configMap('b', { tier: 'db' }))
  server.create('configmaps', { metadata: { name: 'c', namespace: 'other', labels: { tier: 'web' } } })
  const watch = await WatchClient.open(server.url, `${configMaps}?${query}&labelSelector=tier%3Dweb`)
  await watch.until('the end bookmark', ({ types }) => types.includes('BOOKMARK'))
  expect(watch.told).toEqual(['ADDED a', 'BOOKMARK'])
})

test('a version ahead of the server: an ERROR event with 504', async () => {
  const server = await startServer({ versionWaitMs: 50 })
  const watch = await WatchClient.open(
    server.url,
    `${configMaps}?${query}&resourceVersion=${server.version + 9}`,
  )
  await watch.over()
  expect(watch.events).toMatchObject([
    {
      type: 'ERROR',
      object: { code: 504, details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } },
    },
  ])
})

test('an old version is no obstacle: the stream shows the present', async () => {
  const server = await startServer()
  const old = server.version
  server.create('configmaps', configMap('a'))
  server.compact()
  const watch = await WatchClient.open(server.url, `${configMaps}?${query}&resourceVersion=${old}`)
  await watch.count(2)
  expect(watch.types).toEqual(['ADDED', 'BOOKMARK'])
})

test('a server without WatchList refuses with the field named', async () => {
  const { url } = await startServer({ hasWatchList: false })
  expect(await refused(url, 'GET', `${configMaps}?${query}`)).toMatchObject({
    code: 422,
    details: { causes: [{ field: 'sendInitialEvents' }] },
  })
})

test('changes during a long initial stream follow it: the fold of the stream is the state', async () => {
  const server = await startServer()
  server.populate({ resource: 'pods', objects: 3_000 })
  const watch = await WatchClient.open(server.url, `/api/v1/pods?${query}`)
  server.startChurn({ resource: 'pods', rate: 2_000, mode: 'mixed' })
  await watch.until('the end bookmark and life after it', ({ events }) => {
    const end = events.findIndex(({ type }) => type === 'BOOKMARK')
    return end >= 0 && events.length > end + 200
  })
  server.stopChurn()
  const state = new Map(
    server
      .list('pods')
      .map(({ metadata: { namespace, name, uid, resourceVersion } }) => [
        `${namespace}/${name}`,
        `${uid} ${String(resourceVersion)}`,
      ]),
  )
  const fold = (): Map<string, string> => {
    const objects = new Map<string, string>()
    for (const { type, object } of watch.events) {
      const { namespace, name, uid, resourceVersion } = object.metadata
      if (type === 'DELETED') objects.delete(`${namespace}/${name}`)
      else if (type !== 'BOOKMARK') objects.set(`${namespace}/${name}`, `${uid} ${resourceVersion}`)
    }
    return objects
  }
  const last = String(server.version)
  await watch.until(
    'the last change',
    ({ events }) => events.at(-1)?.object.metadata.resourceVersion === last,
  )
  expect(fold()).toEqual(state)
})

test('the end bookmark promises no change that is still to come', async () => {
  const server = await startServer()
  // More than the sockets' buffers hold: the stream is under way while the changes are made.
  server.populate({ resource: 'pods', objects: 4_000 })
  const watch = await WatchClient.open(server.url, `/api/v1/pods?${query}`)
  watch.pause()
  const before = server.version
  const [first] = server.list('pods')
  const { namespace = '', name = '' } = first?.metadata ?? {}
  server.patch('pods', namespace, name, { metadata: { labels: { changed: 'yes' } } })
  server.delete('pods', namespace, name)
  watch.resume()
  await watch.count(4_003)
  expect(watch.told.slice(-2)).toEqual([`MODIFIED ${name}`, `DELETED ${name}`])
  expect(watch.events.at(-3)?.object.metadata.resourceVersion).toBe(String(before))
  expect(brokenBookmarks(watch.events)).toEqual([])
})
