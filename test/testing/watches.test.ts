import { expect, test } from 'vitest'
import {
  brokenBookmarks,
  configMap,
  configMaps,
  list,
  refused,
  send,
  startServer,
  WatchClient,
} from './server-client.ts'

test('a watch from a version tells everything after it, in order, with rising versions', async () => {
  const server = await startServer()
  server.create('configmaps', configMap('before'))
  const since = server.version
  server.create('configmaps', configMap('a'))
  const watch = await WatchClient.open(server.url, `${configMaps}?watch=1&resourceVersion=${since}`)
  server.update('configmaps', configMap('a', { changed: 'yes' }))
  server.create('configmaps', configMap('b'))
  server.delete('configmaps', 'default', 'a')
  await watch.count(4)
  expect(watch.told).toEqual(['ADDED a', 'MODIFIED a', 'ADDED b', 'DELETED a'])
  const versions = watch.events.map((event) => Number(event.object.metadata.resourceVersion))
  expect(versions).toEqual([since + 1, since + 2, since + 3, since + 4])
  // A delete shows the last state at the version of the delete.
  expect(watch.events[3]?.object.metadata.labels).toEqual({ changed: 'yes' })
})

test('a watch from a version to come tells nothing at or below it', async () => {
  const server = await startServer()
  for (const selector of ['', '&labelSelector=!none']) {
    const version = server.version + 2
    const watch = await WatchClient.open(
      server.url,
      `${configMaps}?watch=1&allowWatchBookmarks=true&resourceVersion=${version}${selector}`,
    )
    for (const name of ['a', 'b', 'c']) server.create('configmaps', configMap(`${name}${version}`))
    await watch.count(1)
    expect(watch.told).toEqual([`ADDED c${version}`])
  }
})

test('a new object under an old name has another uid and comes as DELETED and ADDED', async () => {
  const server = await startServer()
  server.create('configmaps', configMap('a'))
  const watch = await WatchClient.open(server.url, `${configMaps}?watch=1&resourceVersion=${server.version}`)
  server.delete('configmaps', 'default', 'a')
  server.create('configmaps', configMap('a'))
  await watch.count(2)
  expect(watch.types).toEqual(['DELETED', 'ADDED'])
  const [before, after] = watch.events.map((event) => event.object.metadata.uid)
  expect(before).not.toBe(after)
})

test('a watch sees its namespace and its resource only', async () => {
  const server = await startServer()
  const path = '/api/v1/namespaces/web/configmaps'
  const watch = await WatchClient.open(server.url, `${path}?watch=1&resourceVersion=${server.version}`)
  server.create('configmaps', configMap('elsewhere'))
  server.create('secrets', { metadata: { name: 'other', namespace: 'web' } })
  server.create('configmaps', { metadata: { name: 'here', namespace: 'web' } })
  await watch.count(1)
  expect(watch.told).toEqual(['ADDED here'])
})

test('a watch from "" or 0 begins with what is there, and ends that with a bookmark if it takes bookmarks', async () => {
  const server = await startServer()
  server.create('configmaps', configMap('a'))
  server.create('configmaps', configMap('b'))
  for (const query of ['watch=1', 'watch=true&resourceVersion=0']) {
    const watch = await WatchClient.open(server.url, `${configMaps}?${query}`)
    await watch.count(2)
    expect(watch.told.sort()).toEqual(['ADDED a', 'ADDED b'])
  }
  const full = await WatchClient.open(server.url, `${configMaps}?watch=1&allowWatchBookmarks=true`)
  await full.count(3)
  expect(full.types).toEqual(['ADDED', 'ADDED', 'BOOKMARK'])
  expect(full.events[2]?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' })
})

test('a forgotten version: an ERROR event with 410 in a stream of 200', async () => {
  const server = await startServer()
  const old = server.version
  server.create('configmaps', configMap('a'))
  server.compact()
  const watch = await WatchClient.open(server.url, `${configMaps}?watch=1&resourceVersion=${old}`)
  await watch.over()
  expect(watch.status).toBe(200)
  expect(watch.events).toMatchObject([
    { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', status: 'Failure' } },
  ])
})

test('or HTTP 410, on request', async () => {
  const server = await startServer({ watchErrors: 'status' })
  const old = server.version
  server.create('configmaps', configMap('a'))
  server.compact()
  const path = `${configMaps}?watch=1&resourceVersion=${old}`
  expect(await refused(server.url, 'GET', path)).toMatchObject({ code: 410, reason: 'Expired' })
})

test('the newest version is never forgotten', async () => {
  const server = await startServer()
  server.create('configmaps', configMap('a'))
  server.compact()
  const watch = await WatchClient.open(server.url, `${configMaps}?watch=1&resourceVersion=${server.version}`)
  server.create('configmaps', configMap('b'))
  await watch.count(1)
  expect(watch.told).toEqual(['ADDED b'])
})

test.each([
  ['count', { historyCountMax: 3 }],
  ['bytes', { historyBytesMax: 1_000 }],
])(
  'the history is bounded by %s: older versions are expired, younger ones resume',
  async (_bound, options) => {
    const server = await startServer(options)
    const old = server.version
    for (let i = 0; i < 8; i++) server.create('configmaps', configMap(`cm-${i}`))
    const late = await WatchClient.open(server.url, `${configMaps}?watch=1&resourceVersion=${old}`)
    await late.over()
    expect(late.events).toMatchObject([{ type: 'ERROR', object: { code: 410 } }])
    const young = await WatchClient.open(
      server.url,
      `${configMaps}?watch=1&resourceVersion=${server.version - 1}`,
    )
    await young.count(1)
    expect(young.told).toEqual(['ADDED cm-7'])
  },
)

test('bookmarks come at their interval, to those who asked, with the newest version of all resources', async () => {
  const server = await startServer({ bookmarkMs: 30 })
  const query = `watch=1&resourceVersion=${server.version}`
  const with_ = await WatchClient.open(server.url, `${configMaps}?${query}&allowWatchBookmarks=true`)
  const without = await WatchClient.open(server.url, `${configMaps}?${query}`)
  server.create('secrets', { metadata: { name: 's', namespace: 'default' } })
  await with_.until('a bookmark at the newest version', ({ events }) =>
    events.some(({ object }) => object.metadata.resourceVersion === String(server.version)),
  )
  expect(new Set(with_.types)).toEqual(new Set(['BOOKMARK']))
  expect(with_.events[0]?.object).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1' })
  expect(with_.events[0]?.object.metadata.annotations).toBeUndefined()
  expect(without.events).toEqual([])
  // What was bookmarked can be resumed from.
  const at = with_.events.at(-1)?.object.metadata.resourceVersion
  const resumed = await WatchClient.open(server.url, `${configMaps}?watch=1&resourceVersion=${at}`)
  server.create('configmaps', configMap('a'))
  await resumed.count(1)
  expect(resumed.told).toEqual(['ADDED a'])
})

test('a bookmark that is due before a change was sent does not promise it', async () => {
  const server = await startServer({ bookmarkMs: 15 })
  const path = `${configMaps}?watch=1&allowWatchBookmarks=true&resourceVersion=${server.version}`
  const watch = await WatchClient.open(server.url, path)
  for (let i = 0; i < 10; i++) {
    // From here timers come before whatever the server has put off until it has time.
    await new Promise((resolve) => setImmediate(resolve))
    server.create('configmaps', configMap(`cm-${i}`))
    const endMs = performance.now() + 20
    while (performance.now() < endMs);
  }
  await watch.until('all of them', ({ types }) => types.filter((type) => type === 'ADDED').length === 10)
  await watch.until('a bookmark', ({ types }) => types.includes('BOOKMARK'))
  expect(brokenBookmarks(watch.events)).toEqual([])
})

test('timeoutSeconds ends the stream cleanly', async () => {
  const server = await startServer()
  const query = `watch=1&resourceVersion=${server.version}&timeoutSeconds=1`
  const watch = await WatchClient.open(server.url, `${configMaps}?${query}`)
  await watch.over()
  expect({ clean: watch.endedCleanly, events: watch.events }).toEqual({ clean: true, events: [] })
})

test('a client that leaves is forgotten', async () => {
  const server = await startServer()
  const watch = await WatchClient.open(server.url, `${configMaps}?watch=1`)
  expect(server.stats().watchers).toBe(1)
  watch.close()
  await watch.over()
  await expect.poll(() => server.stats().watchers).toBe(0)
})

test.each([
  ['a match without initial events', 'resourceVersionMatch=NotOlderThan', 'resourceVersionMatch'],
  ['initial events without a match', 'sendInitialEvents=true', 'resourceVersionMatch'],
  ['initial events with Exact', 'sendInitialEvents=true&resourceVersionMatch=Exact', 'resourceVersionMatch'],
])('a watch with %s is refused', async (_name, query, field) => {
  const { url } = await startServer()
  expect(await refused(url, 'GET', `${configMaps}?watch=1&${query}`)).toMatchObject({
    code: 422,
    reason: 'Invalid',
    details: { causes: [{ field }] },
  })
})

test('bad versions and selectors are refused before the stream begins', async () => {
  const { url } = await startServer()
  for (const query of ['resourceVersion=x', 'labelSelector=%21%21', 'fieldSelector=spec.color%3Dred']) {
    expect((await send(url, 'GET', `${configMaps}?watch=1&${query}`)).status).toBe(400)
  }
})

test('hundreds of watchers get the same events', async () => {
  const server = await startServer()
  const path = `${configMaps}?watch=1&resourceVersion=${server.version}`
  const watches = await Promise.all(Array.from({ length: 200 }, () => WatchClient.open(server.url, path)))
  for (let i = 0; i < 20; i++) server.create('configmaps', configMap(`cm-${i}`))
  await Promise.all(watches.map((watch) => watch.count(20)))
  const expected = Array.from({ length: 20 }, (_, i) => `ADDED cm-${i}`)
  for (const watch of watches) expect(watch.told).toEqual(expected)
  expect((await list(server.url, configMaps)).items).toHaveLength(20)
})

test('objects larger than what is written at once arrive whole', async () => {
  const server = await startServer()
  const watch = await WatchClient.open(server.url, `${configMaps}?watch=1&resourceVersion=${server.version}`)
  const text = 'ü"\n'.repeat(200_000)
  server.create('configmaps', configMap('small'))
  server.create('configmaps', configMap('large', undefined, { text }))
  server.create('configmaps', configMap('after'))
  await watch.count(3)
  expect(watch.told).toEqual(['ADDED small', 'ADDED large', 'ADDED after'])
  expect(watch.events[1]?.object['data']).toEqual({ text })
})
