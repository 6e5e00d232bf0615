import { expect, test } from 'vitest'
import { until } from '../support/until.ts'
import {
  configMap,
  configMaps,
  json,
  list,
  refused,
  send,
  startServer,
  WatchClient,
} from './server-client.ts'

const watchList = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'

test('stopped, nobody is served; started again, everything is as it was, at the same place', async () => {
  const server = await startServer()
  server.create('configmaps', configMap('a'))
  const { url, version } = server
  const watch = await WatchClient.open(url, `${configMaps}?watch=1&resourceVersion=${version}`)
  const before = await list(url, configMaps)
  await server.stopListening()
  await watch.over()
  expect(watch.endedCleanly).toBe(false)
  await expect(send(url, 'GET', configMaps)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  server.create('configmaps', configMap('b'))
  await server.startListening()
  expect(server.url).toBe(url)
  const after = await list(url, configMaps)
  expect(after.items[0]).toEqual(before.items[0])
  expect(after.items.map((item) => item.metadata.name)).toEqual(['a', 'b'])
  // What happened meanwhile can be resumed.
  const resumed = await WatchClient.open(url, `${configMaps}?watch=1&resourceVersion=${version}`)
  await resumed.count(1)
  expect(resumed.told).toEqual(['ADDED b'])
})

test('restored: objects and versions go back, watches break, versions are given a second time', async () => {
  const server = await startServer()
  const kept = server.create('configmaps', configMap('kept', { v: '1' }))
  server.create('configmaps', configMap('deleted-later'))
  const backup = server.version
  server.update('configmaps', configMap('kept', { v: '2' }))
  server.delete('configmaps', 'default', 'deleted-later')
  server.create('configmaps', configMap('created-later'))
  const newest = server.version
  const watch = await WatchClient.open(server.url, `${configMaps}?watch=1&resourceVersion=${newest}`)
  server.restore(backup)
  await watch.over()
  const found = await list(server.url, configMaps)
  expect(found.metadata.resourceVersion).toBe(String(backup))
  expect(found.items.map((item) => item.metadata.name)).toEqual(['deleted-later', 'kept'])
  expect(found.items[1]?.metadata).toMatchObject({ uid: kept.metadata.uid, labels: { v: '1' } })
  const again = server.create('configmaps', configMap('another'))
  expect(Number(again.metadata.resourceVersion)).toBe(backup + 1)
  const resumed = await WatchClient.open(server.url, `${configMaps}?watch=1&resourceVersion=${backup}`)
  await resumed.count(1)
  expect(resumed.told).toEqual(['ADDED another'])
})

test('a version that is forgotten or never was cannot be restored, and nothing changes', async () => {
  const server = await startServer()
  const early = server.version
  server.create('configmaps', configMap('a'))
  server.compact()
  const { version } = server
  for (const wanted of [early, version + 1]) expect(() => server.restore(wanted)).toThrow(/restore/)
  expect(server.version).toBe(version)
  expect(server.list('configmaps')).toHaveLength(1)
})

test('relist-trigger: every watch ends cleanly, and no version can be resumed from', async () => {
  const server = await startServer()
  server.create('configmaps', configMap('a'))
  const newest = server.version
  const watch = await WatchClient.open(server.url, `${configMaps}?watch=1&resourceVersion=${newest}`)
  await json(server.url, 'POST', '/embedded/relist-trigger')
  await watch.over()
  expect(watch.endedCleanly).toBe(true)
  const resumed = await WatchClient.open(server.url, `${configMaps}?watch=1&resourceVersion=${newest}`)
  await resumed.over()
  expect(resumed.events).toMatchObject([{ type: 'ERROR', object: { code: 410 } }])
  expect((await list(server.url, configMaps)).items).toHaveLength(1)
})

test('cut streams break without an end', async () => {
  const server = await startServer()
  const watch = await WatchClient.open(server.url, `${configMaps}?watch=1`)
  expect(server.faults.cutStreams()).toBe(1)
  await watch.over()
  expect(watch.endedCleanly).toBe(false)
})

test('the end bookmark is left out as often as asked', async () => {
  const server = await startServer()
  server.create('configmaps', configMap('a'))
  server.faults.dropEndBookmarks(1)
  const without = await WatchClient.open(server.url, `${configMaps}?${watchList}`)
  await without.count(1)
  server.create('configmaps', configMap('b'))
  await without.count(2)
  expect(without.types).toEqual(['ADDED', 'ADDED'])
  const with_ = await WatchClient.open(server.url, `${configMaps}?${watchList}`)
  await with_.count(3)
  expect(with_.types).toContain('BOOKMARK')
})

// The second one shares its encoding with every other watcher that sees everything.
test.each([configMaps, '/api/v1/configmaps'])(
  'lost changes reach no watcher of %s, a list shows them',
  async (path) => {
    const server = await startServer()
    const since = server.version
    const watch = await WatchClient.open(server.url, `${path}?watch=1&resourceVersion=${since}`)
    server.faults.loseChanges(2)
    for (const name of ['lost-1', 'lost-2', 'seen']) server.create('configmaps', configMap(name))
    await watch.count(1)
    expect(watch.told).toEqual(['ADDED seen'])
    const resumed = await WatchClient.open(server.url, `${path}?watch=1&resourceVersion=${since}`)
    await resumed.count(1)
    expect(resumed.told).toEqual(['ADDED seen'])
    expect((await list(server.url, path)).items).toHaveLength(3)
  },
)

test('refusals: status, reason, Retry-After, how often, and whom', async () => {
  const server = await startServer()
  server.faults.refuse({ status: 429, retryAfterSeconds: 7, count: 2, match: 'configmaps' })
  for (let i = 0; i < 2; i++) {
    const answer = await send(server.url, 'GET', configMaps)
    expect(answer.status).toBe(429)
    expect(answer.headers['retry-after']).toBe('7')
    expect(JSON.parse(answer.text)).toMatchObject({
      reason: 'TooManyRequests',
      details: { retryAfterSeconds: 7 },
    })
    expect((await send(server.url, 'GET', '/api/v1/secrets')).status).toBe(200)
  }
  expect((await send(server.url, 'GET', configMaps)).status).toBe(200)
  server.faults.refuse({ status: 503 })
  expect(await refused(server.url, 'GET', '/api/v1')).toMatchObject({ code: 503 })
  server.faults.clear()
  expect((await send(server.url, 'GET', '/api/v1')).status).toBe(200)
})

test('silence: streams stay open and say nothing, and go on where they were', async () => {
  const server = await startServer({ bookmarkMs: 10 })
  const path = `${configMaps}?watch=1&allowWatchBookmarks=true&resourceVersion=${server.version}`
  const watch = await WatchClient.open(server.url, path)
  await watch.count(1)
  server.faults.silence(true)
  const { bookmarksSent, eventsSent } = server.stats()
  server.create('configmaps', configMap('a'))
  // Other requests are answered meanwhile, several loop turns long.
  for (let i = 0; i < 10; i++) await list(server.url, configMaps)
  expect(server.stats()).toMatchObject({ bookmarksSent, eventsSent, watchers: 1 })
  server.faults.silence(false)
  await watch.until('the event', ({ told }) => told.includes('ADDED a'))
})

test('delay: requests wait before they are looked at', async () => {
  const server = await startServer()
  server.faults.delay(40)
  const { requests } = server.stats()
  const answer = send(server.url, 'GET', configMaps)
  await until(() => server.stats().requests > requests, 'the request arrived')
  expect(server.stats().lists).toBe(0)
  expect((await answer).status).toBe(200)
  expect(server.stats().lists).toBe(1)
})

test('tokens: none or a wrong one is 401, one without the right 403, and rights can change', async () => {
  const server = await startServer({ tokens: { all: 'all', limited: { resources: ['configmaps'] } } })
  const as = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
  expect(await refused(server.url, 'GET', configMaps)).toMatchObject({ code: 401, reason: 'Unauthorized' })
  expect(await refused(server.url, 'GET', configMaps, as('wrong'))).toMatchObject({ code: 401 })
  expect((await send(server.url, 'GET', configMaps, as('limited'))).status).toBe(200)
  const forbidden = await refused(server.url, 'GET', '/api/v1/secrets', as('limited'))
  expect(forbidden).toMatchObject({ code: 403, reason: 'Forbidden' })
  expect(forbidden.message).toMatch(/^secrets is forbidden: User .* cannot list resource "secrets"/)
  expect((await send(server.url, 'GET', '/api/v1/secrets', as('all'))).status).toBe(200)
  server.access.set('limited', { resources: ['secrets'] })
  expect((await send(server.url, 'GET', '/api/v1/secrets', as('limited'))).status).toBe(200)
  server.access.revoke('limited')
  expect(await refused(server.url, 'GET', '/api/v1/secrets', as('limited'))).toMatchObject({ code: 401 })
})

test('tokens given to a server that asks for none are refused: a test of them would test nothing', async () => {
  const server = await startServer()
  const error = expect.objectContaining({ code: 'ERR_INVALID_OPTION', facts: { option: 'tokens' } })
  expect(() => server.access.set('limited', 'all')).toThrow(error)
  expect(() => server.access.revoke('limited')).toThrow(error)
  const closed = await startServer({ tokens: {} })
  expect(await refused(closed.url, 'GET', configMaps)).toMatchObject({ code: 401 })
  closed.access.set('late', 'all')
  const authorization = 'Bearer late'
  expect((await send(closed.url, 'GET', configMaps, { headers: { authorization } })).status).toBe(200)
})

test('closed, it holds nothing: no connection, no churn', async () => {
  const server = await startServer()
  const watch = await WatchClient.open(server.url, `${configMaps}?watch=1`)
  server.populate({ resource: 'pods', objects: 10 })
  server.startChurn({ rate: 500 })
  await until(() => server.stats().changes > 20, 'it changes')
  await server.close()
  await watch.over()
  const { version } = server
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(server.version).toBe(version)
  expect(server.stats()).toMatchObject({ connections: 0, watchers: 0 })
})
