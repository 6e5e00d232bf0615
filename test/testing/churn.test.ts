import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { EmbeddedApiServer, startEmbeddedServer } from '../../src/testing/index.ts'
import { startChild } from '../support/child-process.ts'
import { until } from '../support/until.ts'
import { afterTest, json, list, refused, startServer, WatchClient } from './server-client.ts'

function populated(resource: string, objects: number, seed: number): readonly unknown[] {
  const server = new EmbeddedApiServer()
  server.populate({ resource, objects, seed })
  return server.list(resource)
}

test('equal seeds make equal clusters, others do not', () => {
  expect(populated('pods', 30, 7)).toEqual(populated('pods', 30, 7))
  expect(populated('pods', 30, 7)).not.toEqual(populated('pods', 30, 8))
})

test('pods are as a real cluster has them', async () => {
  const server = await startServer()
  server.populate({ resource: 'pods', objects: 200 })
  const { items } = await list(server.url, '/api/v1/pods')
  expect(items).toHaveLength(200)
  const bytes = items.reduce((sum, item) => sum + JSON.stringify(item).length, 0) / items.length
  expect(bytes).toBeGreaterThan(6_500)
  expect(bytes).toBeLessThan(8_500)
  expect(new Set(items.map((item) => item.metadata.uid)).size).toBe(200)
  expect(items[0]).toMatchObject({
    metadata: {
      labels: expect.any(Object),
      ownerReferences: [{ kind: 'ReplicaSet' }],
      managedFields: [{ manager: expect.any(String) }, { subresource: 'status' }],
    },
    spec: { nodeName: expect.any(String), containers: [{ image: expect.any(String) }, {}] },
    status: { phase: 'Running', containerStatuses: [{}, {}] },
  })
})

test.each([
  'nodes',
  'namespaces',
  'configmaps',
  'secrets',
  'services',
  'events',
  'leases',
  'deployments',
  'endpointslices',
  'clusterroles',
  'widgets',
])('%s can be populated and churned; a watcher sees every change', async (resource) => {
  const server = await startServer()
  const before = server.list(resource).length
  server.populate({ resource, objects: 25 })
  expect(server.list(resource)).toHaveLength(before + 25)
  server.startChurn({ resource, rate: 2_000 })
  await until(() => server.stats().changes > 150, 'it changes')
  const counts = server.stopChurn()
  expect(counts?.updated).toBeGreaterThan(0)
  expect(server.list(resource)).toHaveLength(before + 25)
  const keys = server.list(resource).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
  expect(new Set(keys).size).toBe(keys.length)
})

test('mixed: updates mostly, creates, deletes, and now and then the same name with another uid', async () => {
  const server = await startServer()
  server.populate({ resource: 'pods', objects: 50 })
  const watch = await WatchClient.open(server.url, `/api/v1/pods?watch=1&resourceVersion=${server.version}`)
  server.startChurn({ rate: 4_000 })
  await until(() => (server.churnCounts?.recreated ?? 0) > 2, 'recreations')
  const counts = server.stopChurn()
  const { updated = 0, created = 0, deleted = 0 } = counts ?? {}
  expect(updated).toBeGreaterThan(created + deleted)
  expect(created).toBe(deleted)
  await watch.count(updated + created + deleted)
  const tally = (type: string) => watch.types.filter((each) => each === type).length
  expect([tally('MODIFIED'), tally('ADDED'), tally('DELETED')]).toEqual([updated, created, deleted])
  const uids = new Map<string, string>()
  let reborn = 0
  for (const { type, object } of watch.events) {
    const key = `${object.metadata.namespace}/${object.metadata.name}`
    if (type === 'DELETED') uids.set(key, object.metadata.uid)
    else if (type === 'ADDED' && uids.has(key)) {
      expect(object.metadata.uid).not.toBe(uids.get(key))
      reborn++
    }
  }
  expect(reborn).toBe(counts?.recreated)
})

test('names: every create has a name never seen', async () => {
  const server = await startServer()
  server.populate({ resource: 'pods', objects: 20 })
  const seen = new Set(server.list('pods').map(({ metadata }) => metadata.name))
  const watch = await WatchClient.open(server.url, `/api/v1/pods?watch=1&resourceVersion=${server.version}`)
  server.startChurn({ rate: 2_000, mode: 'names' })
  await watch.count(200)
  const counts = server.stopChurn()
  expect(counts?.updated).toBe(0)
  for (const { type, object } of watch.events) {
    if (type !== 'ADDED') continue
    expect(seen.has(object.metadata.name)).toBe(false)
    seen.add(object.metadata.name)
  }
})

test('updates: nothing comes or goes, and every change shows in the object', async () => {
  const server = await startServer()
  server.populate({ resource: 'pods', objects: 20 })
  const last = new Map(server.list('pods').map((pod) => [pod.metadata.name, withoutVersion(pod)]))
  const watch = await WatchClient.open(server.url, `/api/v1/pods?watch=1&resourceVersion=${server.version}`)
  server.startChurn({ rate: 2_000, mode: 'updates' })
  await watch.count(200)
  server.stopChurn()
  expect(new Set(watch.types)).toEqual(new Set(['MODIFIED']))
  for (const { object } of watch.events) {
    const now = withoutVersion(object)
    expect(now).not.toBe(last.get(object.metadata.name))
    last.set(object.metadata.name, now)
  }
})

function withoutVersion(object: { readonly metadata: object }): string {
  return JSON.stringify({ ...object, metadata: { ...object.metadata, resourceVersion: '' } })
}

test('a churn ends after its seconds', async () => {
  const server = await startServer()
  server.populate({ resource: 'pods', objects: 5 })
  server.startChurn({ rate: 500, seconds: 0.1 })
  await until(() => server.churnCounts === undefined, 'it has ended')
  expect(server.stats().changes).toBeGreaterThan(0)
})

test('rewrite changes every object as often as asked, and closes no watcher', async () => {
  const server = await startServer()
  server.populate({ resource: 'pods', objects: 700 })
  const watch = await WatchClient.open(server.url, `/api/v1/pods?watch=1&resourceVersion=${server.version}`)
  const { changed } = await json<{ changed: number }>(server.url, 'POST', '/embedded/rewrite', {
    body: { times: 3 },
  })
  expect(changed).toBe(2_100)
  await watch.count(2_100)
  const times = new Map<string, number>()
  for (const { object } of watch.events) {
    times.set(object.metadata.uid, (times.get(object.metadata.uid) ?? 0) + 1)
  }
  expect(new Set(times.values())).toEqual(new Set([3]))
  expect(server.stats().closures).toBe(0)
})

test('control over HTTP: churn, stop, stats, compact; unknown commands and bodies are refused', async () => {
  const server = await startServer()
  server.populate({ resource: 'pods', objects: 10 })
  await json(server.url, 'POST', '/embedded/churn', { body: { rate: 1_000, mode: 'updates' } })
  const changes = async () => (await json<{ changes: number }>(server.url, 'GET', '/embedded/stats')).changes
  await until(async () => (await changes()) > 20, 'it changes')
  await json(server.url, 'POST', '/embedded/stop-churn')
  const { version } = server
  await new Promise((resolve) => setTimeout(resolve, 10))
  expect(server.version).toBe(version)
  await json(server.url, 'POST', '/embedded/compact')
  const stats = await json<Record<string, number>>(server.url, 'GET', '/embedded/stats')
  for (const field of ['closures', 'bytesSent', 'connections', 'watchers', 'objects']) {
    expect(stats[field]).toEqual(expect.any(Number))
  }
  expect(await refused(server.url, 'POST', '/embedded/nonsense')).toMatchObject({ code: 404 })
  expect(await refused(server.url, 'POST', '/embedded/churn', { body: { rate: 'fast' } })).toMatchObject({
    code: 400,
  })
})

test('in a thread of its own it serves, counts, obeys and ends', async () => {
  const server = await startEmbeddedServer({
    thread: true,
    resource: 'pods',
    objects: 40,
    rate: 500,
    seed: 3,
  })
  afterTest(() => server.close())
  expect((await list(server.url, '/api/v1/pods?limit=500')).items.length).toBeGreaterThan(30)
  const watch = await WatchClient.open(server.url, '/api/v1/pods?watch=1')
  await watch.count(60)
  await server.control('stop-churn')
  const { version } = await server.stats()
  await new Promise((resolve) => setTimeout(resolve, 10))
  expect(await server.stats()).toMatchObject({ version, objects: expect.any(Number), closures: 0 })
  await expect(server.control('nonsense')).rejects.toThrow(/could not find/)
  await server.close()
  await watch.over()
  await expect(list(server.url, '/api/v1/pods')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('a thread that cannot start says why', async () => {
  const taken = await startServer()
  const port = Number(new URL(taken.url).port)
  await expect(startEmbeddedServer({ thread: true, port })).rejects.toThrow(/EADDRINUSE/)
})

test('as a program it prints its URL and ends on SIGTERM', async () => {
  const main = fileURLToPath(new URL('../../src/testing/embedded/main.ts', import.meta.url))
  let output = ''
  const child = startChild(process.execPath, [main, '--objects', '12', '--resource', 'leases'], {
    onStdout: (text) => {
      output += text
    },
  })
  afterTest(() => child.stop('SIGKILL'))
  await until(() => output.includes('\n'), 'the URL', 20_000)
  expect(output.trim().split('\n')).toHaveLength(1)
  const { url } = JSON.parse(output) as { url: string }
  expect((await list(url, '/apis/coordination.k8s.io/v1/leases')).items).toHaveLength(12)
  const watch = await WatchClient.open(url, '/apis/coordination.k8s.io/v1/leases?watch=1')
  const exited = once(child.process, 'exit')
  child.process.kill('SIGTERM')
  await watch.over()
  expect((await exited)[0]).toBe(0)
})
