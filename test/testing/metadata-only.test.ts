import { expect, test } from 'vitest'
import {
  configMaps,
  json,
  refused,
  startServer,
  WatchClient,
  type WireList,
  type WireObject,
} from './server-client.ts'

const one = { accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json' }
const several = {
  accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json',
}
const partial = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' }
/** Braces, quotes and backslashes in texts must not look like the end of the metadata. */
const annotations = { odd: '}"\\{' }

async function startFilled(resource = 'configmaps') {
  const server = await startServer()
  for (const name of ['a', 'b']) {
    server.create(resource, { metadata: { name, namespace: 'default', annotations }, data: { secret: 'x' } })
  }
  return server
}

test('a list, its pages and one object are their metadata alone', async () => {
  const server = await startFilled()
  const list = await json<WireList>(server.url, 'GET', `${configMaps}?limit=1`, { headers: several })
  const [whole] = server.list('configmaps')
  expect(list).toMatchObject({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' })
  expect(list.items).toEqual([{ ...partial, metadata: whole?.metadata }])
  const path = `${configMaps}?limit=1&continue=${list.metadata.continue}`
  const rest = await json<WireList>(server.url, 'GET', path, { headers: several })
  expect(rest.items.map(({ metadata }) => metadata.name)).toEqual(['b'])
  const got = await json<WireObject>(server.url, 'GET', `${configMaps}/a`, { headers: one })
  expect(got).toEqual({ ...partial, metadata: whole?.metadata })
})

test.each([
  ['configmaps', configMaps],
  ['widgets', '/apis/example.com/v1/namespaces/default/widgets'],
])('a streamed list, its bookmark and all events are metadata: %s', async (resource, path) => {
  const server = await startFilled(resource)
  const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
  const watch = await WatchClient.open(server.url, `${path}?${query}`, one)
  const whole = await WatchClient.open(server.url, `${path}?${query}`)
  await watch.count(3)
  server.patch(resource, 'default', 'a', { data: { secret: 'y' } })
  server.delete(resource, 'default', 'b')
  await watch.count(5)
  expect(watch.types).toEqual(['ADDED', 'ADDED', 'BOOKMARK', 'MODIFIED', 'DELETED'])
  expect(JSON.stringify(watch.events)).not.toContain('secret')
  for (const { object } of watch.events) expect(object).toMatchObject(partial)
  expect(watch.events[0]?.object.metadata.annotations).toEqual(annotations)
  // Who reads beside it gets everything.
  await whole.count(5)
  expect(whole.events[3]?.object['data']).toEqual({ secret: 'y' })
})

test('the first media type that is served decides; the kind of a list is not that of an object', async () => {
  const server = await startFilled()
  const ask = (accept: string) => ({ headers: { accept } })
  const table = 'application/json;as=Table;g=meta.k8s.io;v=v1'
  const whole = await json<WireList>(
    server.url,
    'GET',
    configMaps,
    ask(`${table}, application/json, ${several.accept}`),
  )
  expect(whole.kind).toBe('ConfigMapList')
  for (const accept of [one.accept, table, 'text/html']) {
    expect(await refused(server.url, 'GET', configMaps, ask(accept))).toMatchObject({ code: 406 })
  }
})
