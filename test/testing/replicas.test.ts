import { expect, test } from 'vitest'
import { configMap, configMaps, json, list, startServer, WatchClient } from './server-client.ts'

const watchFrom = (version: number): string => `${configMaps}?watch=1&resourceVersion=${version}`

test('replicas serve one state, whoever wrote it', async () => {
  const server = await startServer()
  const [first, second] = [await server.addReplica().start(), await server.addReplica().start()]
  const watch = await WatchClient.open(second.url, watchFrom(server.version))
  await json(first.url, 'POST', configMaps, { body: configMap('by-first') })
  server.create('configmaps', configMap('by-server'))
  await watch.count(2)
  expect(watch.told).toEqual(['ADDED by-first', 'ADDED by-server'])
  expect((await list(first.url, configMaps)).items).toHaveLength(2)
})

test('a replica that starts again keeps its address, and watches from before are too old for it alone', async () => {
  const server = await startServer()
  const replica = await server.addReplica().start()
  const { url } = replica
  const before = server.version
  const open = await WatchClient.open(url, watchFrom(before))
  await replica.stop()
  await open.over()
  await expect(list(url, configMaps)).rejects.toThrow()
  server.create('configmaps', configMap('meanwhile'))
  await replica.start()
  expect(replica.url).toBe(url)

  const old = await WatchClient.open(url, watchFrom(before))
  await old.over()
  expect(old.events).toMatchObject([{ type: 'ERROR', object: { code: 410, reason: 'Expired' } }])
  const elsewhere = await WatchClient.open(server.url, watchFrom(before))
  const fresh = await WatchClient.open(url, watchFrom(server.version))
  server.create('configmaps', configMap('after'))
  await Promise.all([elsewhere.count(2), fresh.count(1)])
  expect(elsewhere.told).toEqual(['ADDED meanwhile', 'ADDED after'])
  expect(fresh.told).toEqual(['ADDED after'])
})

test('the end of the server is the end of its replicas', async () => {
  const server = await startServer()
  const replica = await server.addReplica().start()
  const watch = await WatchClient.open(replica.url, watchFrom(server.version))
  expect(server.stats().connections).toBe(1)
  await server.close()
  await watch.over()
  await expect(list(replica.url, configMaps)).rejects.toThrow()
})
