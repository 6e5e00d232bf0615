import { expect, test } from 'vitest'
import { parseResourceVersion } from '../../src/protocol/resource-version.ts'
import type { EmbeddedApiServer } from '../../src/testing/index.ts'
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
  type WireList,
} from './server-client.ts'

function fill(server: EmbeddedApiServer, count: number, namespace = 'default'): void {
  for (let i = 0; i < count; i++) {
    const name = `cm-${String(i).padStart(3, '0')}`
    server.create('configmaps', { ...configMap(name), metadata: { name, namespace } })
  }
}

function names({ items }: WireList): string[] {
  return items.map((item) => item.metadata.name)
}

function next(page: WireList): string {
  return encodeURIComponent(page.metadata.continue ?? '')
}

test('a list has every object of its scope, in key order, at the newest version', async () => {
  const server = await startServer()
  for (const [namespace, name] of [
    ['web', 'b'],
    ['web', 'a'],
    ['web-1', 'c'],
    ['default', 'z'],
  ] as const) {
    server.create('configmaps', { metadata: { name, namespace } })
  }
  const all = await list(server.url, '/api/v1/configmaps')
  // As etcd orders keys: '-' sorts before '/'.
  expect(all.items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).toEqual([
    'default/z',
    'web-1/c',
    'web/a',
    'web/b',
  ])
  expect(all.metadata.resourceVersion).toBe(String(server.version))
  expect(all.metadata.continue ?? '').toBe('')
  expect(names(await list(server.url, '/api/v1/namespaces/web/configmaps'))).toEqual(['a', 'b'])
  expect(names(await list(server.url, '/api/v1/namespaces/none/configmaps'))).toEqual([])
})

test('versions are decimal, rise with every write of any resource, and an empty list has one too', async () => {
  const server = await startServer()
  const empty = await list(server.url, '/api/v1/pods')
  const before = parseResourceVersion(empty.metadata.resourceVersion)
  expect(before).toBeGreaterThan(0)
  server.create('secrets', { metadata: { name: 's', namespace: 'default' } })
  const after = parseResourceVersion((await list(server.url, '/api/v1/pods')).metadata.resourceVersion)
  expect(after).toBeGreaterThan(before as number)
})

test('pages show one version, whatever is written between them', async () => {
  const server = await startServer()
  fill(server, 10)
  const first = await list(server.url, `${configMaps}?limit=4`)
  expect(first.metadata.remainingItemCount).toBe(6)
  server.create('configmaps', configMap('cm-004-new'))
  server.delete('configmaps', 'default', 'cm-005')
  server.update('configmaps', configMap('cm-006', { changed: 'yes' }))
  const second = await list(server.url, `${configMaps}?limit=4&continue=${next(first)}`)
  const third = await list(server.url, `${configMaps}?limit=4&continue=${next(second)}`)
  expect([first, second, third].flatMap(names)).toEqual(
    Array.from({ length: 10 }, (_, i) => `cm-${String(i).padStart(3, '0')}`),
  )
  expect(second.items[2]?.metadata.labels).toBeUndefined()
  for (const page of [second, third]) {
    expect(page.metadata.resourceVersion).toBe(first.metadata.resourceVersion)
  }
  expect(third.metadata.continue ?? '').toBe('')
  expect(third.metadata.remainingItemCount).toBeUndefined()
})

test('pages of a namespace stay in it', async () => {
  const server = await startServer()
  fill(server, 3, 'aaa')
  fill(server, 5, 'web')
  fill(server, 3, 'zzz')
  const found: string[] = []
  let query = 'limit=2'
  for (;;) {
    const page = await list(server.url, `/api/v1/namespaces/web/configmaps?${query}`)
    expect(page.items.every((item) => item.metadata.namespace === 'web')).toBe(true)
    found.push(...names(page))
    if (!page.metadata.continue) break
    query = `limit=2&continue=${next(page)}`
  }
  expect(found).toHaveLength(5)
})

test('with a selector pages fill up with matches, and nothing tells how many remain', async () => {
  const server = await startServer()
  for (let i = 0; i < 9; i++) server.create('configmaps', configMap(`cm-${i}`, { third: String(i % 3) }))
  const first = await list(server.url, `${configMaps}?limit=2&labelSelector=third%3D1`)
  expect(names(first)).toEqual(['cm-1', 'cm-4'])
  expect(first.metadata.remainingItemCount).toBeUndefined()
  const second = await list(
    server.url,
    `${configMaps}?limit=2&labelSelector=third%3D1&continue=${next(first)}`,
  )
  expect(names(second)).toEqual(['cm-7'])
  expect(second.metadata.continue ?? '').toBe('')
})

test('a page whose version is forgotten: 410, and a token that goes on at the newest version', async () => {
  const server = await startServer()
  fill(server, 6)
  const first = await list(server.url, `${configMaps}?limit=2`)
  server.create('configmaps', configMap('cm-003-new'))
  server.compact()
  const failure = await refused(server.url, 'GET', `${configMaps}?limit=2&continue=${next(first)}`)
  expect(failure).toMatchObject({ code: 410, reason: 'Expired' })
  const token = encodeURIComponent(failure.metadata.continue ?? '')
  expect(token).not.toBe('')
  const rest = await list(server.url, `${configMaps}?continue=${token}`)
  expect(names(rest)).toEqual(['cm-002', 'cm-003', 'cm-003-new', 'cm-004', 'cm-005'])
  expect(rest.metadata.resourceVersion).toBe(String(server.version))
  expect(rest.metadata.resourceVersion).not.toBe(first.metadata.resourceVersion)
})

test('a compaction of storage alone: pages are forgotten, watches resume', async () => {
  const server = await startServer()
  fill(server, 6)
  const first = await list(server.url, `${configMaps}?limit=2`)
  server.create('configmaps', configMap('new'))
  server.compactStorage()
  const failure = await refused(server.url, 'GET', `${configMaps}?limit=2&continue=${next(first)}`)
  expect(failure).toMatchObject({ code: 410, reason: 'Expired' })
  const from = first.metadata.resourceVersion
  const watch = await WatchClient.open(server.url, `${configMaps}?watch=1&resourceVersion=${from}`)
  await watch.count(1)
  expect(watch.told).toEqual(['ADDED new'])
})

test('metadata alone, for who asks for it first', async () => {
  const server = await startServer()
  fill(server, 3)
  const accept = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json'
  const answer = await fetch(`${server.url}${configMaps}?limit=2`, { headers: { accept } })
  const page = (await answer.json()) as WireList
  expect(page).toMatchObject({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' })
  expect(names(page)).toEqual(['cm-000', 'cm-001'])
  expect(next(page)).not.toBe('')
  for (const item of page.items) {
    expect(Object.keys(item)).toEqual(['kind', 'apiVersion', 'metadata'])
    expect(item).toMatchObject({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' })
  }
})

test('version 0 is answered whole, whatever the limit', async () => {
  const server = await startServer()
  fill(server, 5)
  for (const query of [
    'resourceVersion=0&limit=2',
    'resourceVersion=0&resourceVersionMatch=NotOlderThan&limit=2',
  ]) {
    const whole = await list(server.url, `${configMaps}?${query}`)
    expect(whole.items).toHaveLength(5)
    expect(whole.metadata.continue ?? '').toBe('')
  }
})

test('Exact, and a limit with a version, show the past; NotOlderThan shows the present', async () => {
  const server = await startServer()
  fill(server, 3)
  const then = server.version
  server.delete('configmaps', 'default', 'cm-001')
  server.update('configmaps', configMap('cm-002', { changed: 'yes' }))
  server.create('configmaps', configMap('cm-009'))
  for (const query of [
    `resourceVersion=${then}&resourceVersionMatch=Exact`,
    `resourceVersion=${then}&limit=500`,
  ]) {
    const past = await list(server.url, `${configMaps}?${query}`)
    expect(names(past)).toEqual(['cm-000', 'cm-001', 'cm-002'])
    expect(past.items[2]?.metadata.labels).toBeUndefined()
    expect(past.metadata.resourceVersion).toBe(String(then))
  }
  for (const query of [
    `resourceVersion=${then}`,
    `resourceVersion=${then}&resourceVersionMatch=NotOlderThan`,
  ]) {
    const present = await list(server.url, `${configMaps}?${query}`)
    expect(names(present)).toEqual(['cm-000', 'cm-002', 'cm-009'])
  }
  server.compact()
  const path = `${configMaps}?resourceVersion=${then}&resourceVersionMatch=Exact`
  expect(await refused(server.url, 'GET', path)).toMatchObject({ code: 410, reason: 'Expired' })
})

test('a version ahead of the server: waited for, then 504 with its cause', async () => {
  const server = await startServer({ versionWaitMs: 60 })
  const failure = await refused(server.url, 'GET', `${configMaps}?resourceVersion=${server.version + 5}`)
  expect(failure).toMatchObject({
    code: 504,
    reason: 'Timeout',
    details: { causes: [{ reason: 'ResourceVersionTooLarge' }], retryAfterSeconds: 1 },
  })
})

test('a version that comes while it is waited for is answered', async () => {
  const server = await startServer()
  const requests = server.stats().requests
  const answer = list(server.url, `${configMaps}?resourceVersion=${server.version + 1}`)
  // Not before the request is there and waits.
  await until(() => server.stats().requests > requests, 'the request arrived')
  server.create('configmaps', configMap('late'))
  expect(names(await answer)).toEqual(['late'])
})

test.each([
  ['match without a version', 'resourceVersionMatch=NotOlderThan', 422],
  ['an unknown match', 'resourceVersion=1&resourceVersionMatch=Newest', 422],
  ['Exact 0', 'resourceVersion=0&resourceVersionMatch=Exact', 422],
  ['initial events', 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=0', 422],
  ['a version that is none', 'resourceVersion=abc', 400],
  ['a token that is none', 'continue=nonsense', 400],
  [
    'a version with a token',
    'continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0&resourceVersion=7',
    400,
  ],
  ['a limit that is none', 'limit=many', 400],
  ['a bad label selector', 'labelSelector=a%3D%3Db%3D%3Dc', 400],
  ['an unknown field', 'fieldSelector=spec.color%3Dred', 400],
])('a list with %s is refused', async (_name, query, code) => {
  const { url } = await startServer()
  expect(await refused(url, 'GET', `${configMaps}?${query}`)).toMatchObject({ code, status: 'Failure' })
})

test('large lists are compressed for those who take gzip, and for nobody else', async () => {
  const server = await startServer()
  server.populate({ resource: 'pods', objects: 40 })
  const plain = await send(server.url, 'GET', '/api/v1/pods')
  expect(plain.headers['content-encoding']).toBeUndefined()
  expect(plain.text.length).toBeGreaterThan(40 * 5_000)
  const zipped = await send(server.url, 'GET', '/api/v1/pods', { headers: { 'accept-encoding': 'gzip' } })
  expect(zipped.headers['content-encoding']).toBe('gzip')
  const decoded = (await (await fetch(`${server.url}/api/v1/pods`)).json()) as WireList
  expect(decoded).toEqual(JSON.parse(plain.text))
  const small = await send(server.url, 'GET', '/api/v1/pods?limit=1', {
    headers: { 'accept-encoding': 'gzip' },
  })
  expect(small.headers['content-encoding']).toBeUndefined()
})

test('an object as a list, a get and a write show it is one', async () => {
  const server = await startServer()
  const made = await json<object>(server.url, 'POST', configMaps, {
    body: configMap('a', { x: 'ä"\\\n' }, { k: '\u2028' }),
  })
  expect(await json(server.url, 'GET', `${configMaps}/a`)).toEqual(made)
  const [item] = (await list(server.url, configMaps)).items
  expect({ kind: 'ConfigMap', apiVersion: 'v1', ...item }).toEqual(made)
})
