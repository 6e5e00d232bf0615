import { expect, test } from 'vitest'
import {
  configMap,
  configMaps,
  json,
  list,
  refused,
  send,
  startServer,
  WatchClient,
  type WireList,
  type WireObject,
} from './server-client.ts'

const one = `${configMaps}/a`
const mergePatch = { contentType: 'application/merge-patch+json' }

test('a created object has what the server gives it', async () => {
  const server = await startServer()
  const answer = await send(server.url, 'POST', configMaps, { body: configMap('a', { l: '1' }, { k: 'v' }) })
  expect(answer.status).toBe(201)
  expect(JSON.parse(answer.text)).toMatchObject({
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: {
      name: 'a',
      namespace: 'default',
      labels: { l: '1' },
      uid: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-/),
      resourceVersion: String(server.version),
      creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    },
    data: { k: 'v' },
  })
})

test('generateName makes names that differ', async () => {
  const { url } = await startServer()
  const create = () =>
    json<WireObject>(url, 'POST', configMaps, { body: { metadata: { generateName: 'job-' } } })
  const names = [(await create()).metadata.name, (await create()).metadata.name]
  expect(names[0]).toMatch(/^job-.{5}$/)
  expect(names[0]).not.toBe(names[1])
})

test.each([
  ['a name that is taken', configMap('a'), 409, 'AlreadyExists'],
  ['no name', { metadata: {} }, 422, 'Invalid'],
  ['a version', { metadata: { name: 'b', resourceVersion: '5' } }, 400, 'BadRequest'],
  ['another kind', { kind: 'Secret', apiVersion: 'v1', metadata: { name: 'b' } }, 400, 'BadRequest'],
  ['another group', { kind: 'ConfigMap', apiVersion: 'apps/v1', metadata: { name: 'b' } }, 400, 'BadRequest'],
  ['another namespace', { metadata: { name: 'b', namespace: 'other' } }, 400, 'BadRequest'],
  ['no object', [], 400, 'BadRequest'],
  ['no JSON', '{', 400, 'BadRequest'],
])('create with %s is refused', async (_name, body, code, reason) => {
  const server = await startServer()
  server.create('configmaps', configMap('a'))
  const before = server.version
  expect(await refused(server.url, 'POST', configMaps, { body })).toMatchObject({ code, reason })
  expect(server.version).toBe(before)
})

test('an update with the version it read succeeds, with an older one it is a conflict', async () => {
  const { url } = await startServer()
  const read = await json<WireObject>(url, 'POST', configMaps, { body: configMap('a') })
  const first = await json<WireObject>(url, 'PUT', one, { body: { ...read, data: { by: 'first' } } })
  expect(Number(first.metadata.resourceVersion)).toBeGreaterThan(Number(read.metadata.resourceVersion))
  const body = { ...read, data: { by: 'second' } }
  expect(await refused(url, 'PUT', one, { body })).toMatchObject({ code: 409, reason: 'Conflict' })
  expect(await json(url, 'GET', one)).toMatchObject({ data: { by: 'first' } })
  // Without a version the last writer wins.
  expect(await json(url, 'PUT', one, { body: configMap('a', undefined, { by: 'third' }) })).toMatchObject({
    data: { by: 'third' },
    metadata: { uid: read.metadata.uid },
  })
})

test('what the server owns cannot be changed, and another uid is a conflict', async () => {
  const { url } = await startServer()
  const read = await json<WireObject & { metadata: { creationTimestamp: string } }>(url, 'POST', configMaps, {
    body: configMap('a'),
  })
  const metadata = {
    name: 'a',
    creationTimestamp: '2001-01-01T00:00:00Z',
    deletionTimestamp: '2001-01-01T00:00:00Z',
  }
  const written = await json<WireObject>(url, 'PUT', one, { body: { metadata, data: { k: 'v' } } })
  expect(written.metadata).toMatchObject({
    uid: read.metadata.uid,
    creationTimestamp: read.metadata.creationTimestamp,
  })
  expect(written.metadata.deletionTimestamp).toBeUndefined()
  const body = { metadata: { name: 'a', uid: '00000000-0000-0000-0000-000000000000' } }
  expect(await refused(url, 'PUT', one, { body })).toMatchObject({ code: 409 })
  expect(await refused(url, 'PUT', one, { body: configMap('b') })).toMatchObject({ code: 400 })
})

test('a write that changes nothing is none', async () => {
  const server = await startServer()
  const read = await json<WireObject>(server.url, 'POST', configMaps, { body: configMap('a', { l: '1' }) })
  expect(await json(server.url, 'PUT', one, { body: read })).toEqual(read)
  expect(
    await json(server.url, 'PATCH', one, { body: { metadata: { labels: { l: '1' } } }, ...mergePatch }),
  ).toEqual(read)
  expect(String(server.version)).toBe(read.metadata.resourceVersion)
})

test('a merge patch sets, removes and leaves alone', async () => {
  const { url } = await startServer()
  await json(url, 'POST', configMaps, { body: configMap('a', { keep: '1', drop: '2' }, { k: 'v' }) })
  const body = { metadata: { labels: { drop: null, add: '3' } }, data: { k: 'w' } }
  const patched = await json<WireObject>(url, 'PATCH', one, { body, ...mergePatch })
  expect(patched.metadata.labels).toEqual({ keep: '1', add: '3' })
  expect(patched['data']).toEqual({ k: 'w' })
  const stale = { metadata: { resourceVersion: '1' }, data: { k: 'x' } }
  expect(await refused(url, 'PATCH', one, { body: stale, ...mergePatch })).toMatchObject({ code: 409 })
  const jsonPatch = { body: [], contentType: 'application/json-patch+json' }
  expect(await refused(url, 'PATCH', one, jsonPatch)).toMatchObject({ code: 415 })
})

test('the status subresource changes the status alone; generation counts changes of spec', async () => {
  const { url } = await startServer()
  const path = '/apis/apps/v1/namespaces/default/deployments'
  const body = { metadata: { name: 'd' }, spec: { replicas: 1 } }
  const made = await json<WireObject>(url, 'POST', path, { body })
  const status = { ...made, spec: { replicas: 9 }, status: { replicas: 1 } }
  const reported = await json<WireObject>(url, 'PUT', `${path}/d/status`, { body: status })
  expect(reported).toMatchObject({
    spec: { replicas: 1 },
    status: { replicas: 1 },
    metadata: { generation: 1 },
  })
  const scaled = await json<WireObject>(url, 'PATCH', `${path}/d`, {
    body: { spec: { replicas: 2 } },
    ...mergePatch,
  })
  expect(scaled).toMatchObject({
    spec: { replicas: 2 },
    status: { replicas: 1 },
    metadata: { generation: 2 },
  })
})

test('a deleted object is gone; its preconditions are kept', async () => {
  const { url } = await startServer()
  const { metadata } = await json<WireObject>(url, 'POST', configMaps, { body: configMap('a') })
  const wrong = { body: { preconditions: { uid: 'another' } } }
  expect(await refused(url, 'DELETE', one, wrong)).toMatchObject({ code: 409 })
  const old = { body: { preconditions: { resourceVersion: '1' } } }
  expect(await refused(url, 'DELETE', one, old)).toMatchObject({ code: 409 })
  const right = { body: { preconditions: { uid: metadata.uid, resourceVersion: metadata.resourceVersion } } }
  expect(await json(url, 'DELETE', one, right)).toMatchObject({ status: 'Success' })
  for (const method of ['GET', 'DELETE']) {
    expect(await refused(url, method, one)).toMatchObject({ code: 404, reason: 'NotFound' })
  }
  expect(await refused(url, 'PUT', one, { body: configMap('a') })).toMatchObject({ code: 404 })
})

test('finalizers hold a deleted object until the last is removed', async () => {
  const server = await startServer()
  const object = { metadata: { name: 'a', namespace: 'default', finalizers: ['example.com/hold'] } }
  server.create('configmaps', object)
  const watch = await WatchClient.open(server.url, `${configMaps}?watch=1&resourceVersion=${server.version}`)
  await json(server.url, 'DELETE', one)
  expect((await json<WireObject>(server.url, 'GET', one)).metadata.deletionTimestamp).toBeDefined()
  await json(server.url, 'PATCH', one, { body: { metadata: { finalizers: [] } }, ...mergePatch })
  expect((await send(server.url, 'GET', one)).status).toBe(404)
  await watch.until('the delete', ({ types }) => types.includes('DELETED'))
  expect(watch.types[0]).toBe('MODIFIED')
  expect(watch.types.at(-1)).toBe('DELETED')
})

test('a collection is deleted as selected', async () => {
  const server = await startServer()
  for (let i = 0; i < 6; i++) server.create('configmaps', configMap(`cm-${i}`, { odd: String(i % 2) }))
  server.create('configmaps', { metadata: { name: 'other', namespace: 'other', labels: { odd: '1' } } })
  await json(server.url, 'DELETE', `${configMaps}?labelSelector=odd%3D1`)
  const left: WireList = await list(server.url, '/api/v1/configmaps')
  expect(left.items.map((item) => item.metadata.name)).toEqual(['cm-0', 'cm-2', 'cm-4', 'other'])
})

test('cluster-scoped objects have no namespace', async () => {
  const { url } = await startServer()
  const made = await json<WireObject>(url, 'POST', '/api/v1/nodes', { body: { metadata: { name: 'n' } } })
  expect(made.metadata.namespace).toBeUndefined()
  expect(await json(url, 'GET', '/api/v1/nodes/n')).toEqual(made)
})

test('odd keys and text survive', async () => {
  const { url } = await startServer()
  const data = '{"__proto__":"p","constructor":"c","":"e","\\u0000":"\\ud83d\\ude80 \\" \\\\ \\u2028"}'
  const body = `{"metadata":{"name":"a"},"data":${data}}`
  await json(url, 'POST', configMaps, { body })
  const { text } = await send(url, 'GET', one)
  const read = JSON.parse(text) as { data: object }
  expect(Object.entries(read.data)).toEqual(Object.entries(JSON.parse(data) as object))
  await json(url, 'PATCH', one, { body: '{"data":{"__proto__":"q"}}', ...mergePatch })
  const patched = JSON.parse((await send(url, 'GET', one)).text) as { data: object }
  expect(Object.entries(patched.data).find(([key]) => key === '__proto__')).toEqual(['__proto__', 'q'])
})
