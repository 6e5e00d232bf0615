import { expect } from 'vitest'
import { pod } from '../conformance/support/objects.ts'
import { until } from '../support/until.ts'
import type { ScenarioBed } from './scenario-bed.ts'

const name = 'to-be-deleted'
const path = `/api/v1/namespaces/${name}`

/** A namespace is deleted with its content; an object with a finalizer holds it up. Then it is made again. */
export async function namespaceEnd(bed: ScenarioBed): Promise<void> {
  const { admin } = bed.cluster
  const held = `${path}/configmaps/held`
  const fill = async (): Promise<void> => {
    await admin.create('/api/v1/namespaces', { metadata: { name } })
    for (const one of ['a', 'b']) await admin.create(`${path}/pods`, pod(one))
    await admin.create(`${path}/configmaps`, { metadata: { name: 'free' } })
    await admin.create(`${path}/configmaps`, { metadata: { name: 'held', finalizers: ['example.com/hold'] } })
  }
  const end = async (): Promise<void> => {
    await admin.mergePatch(held, { metadata: { finalizers: null } })
    await swept(async () => (await admin.request('GET', path)).status === 404, 'the namespace is gone')
  }
  const swept = async (isSo: () => Promise<boolean> | boolean, what: string): Promise<void> => {
    const look = async (): Promise<boolean> => {
      await bed.cluster.sweepNamespace(name)
      return await isSo()
    }
    await until(look, what, bed.cluster.patienceMs)
  }
  await fill()

  const factory = bed.factory()
  const namespaces = bed.watch(factory, { group: '', version: 'v1', resource: 'namespaces' })
  const pods = bed.watch(factory, { group: '', version: 'v1', resource: 'pods' })
  const configMaps = bed.watch(factory, { group: '', version: 'v1', resource: 'configmaps' })
  const within = bed.watch(factory, { group: '', version: 'v1', resource: 'configmaps' }, name)
  factory.start()
  await bed.synced(factory)
  await bed.settled(within)
  expect(within.recorder.fold.size).toBe(2)

  await admin.delete(path)
  await swept(() => within.recorder.fold.size === 1, 'all is deleted that can be')
  for (const one of [namespaces, pods, configMaps, within]) await bed.settled(one)
  expect(pods.recorder.fold.has(`${name}/a`)).toBe(false)
  expect(within.recorder.log).toContain('delete free watch')
  const ending = namespaces.informer.indexer.get(name) as unknown as { status: unknown; metadata: unknown }
  expect(ending.status).toMatchObject({ phase: 'Terminating' })
  expect(ending.metadata).toHaveProperty('deletionTimestamp')
  expect(configMaps.informer.indexer.get(`${name}/held`)?.metadata).toHaveProperty('deletionTimestamp')
  const late = await admin.request('POST', `${path}/configmaps`, { metadata: { name: 'late' } })
  expect(late.status).toBe(403)
  expect(JSON.parse(late.body).details.causes[0].reason).toBe('NamespaceTerminating')

  await end()
  for (const one of [namespaces, configMaps, within]) await bed.settled(one)
  expect(namespaces.recorder.log.at(-1)).toBe(`delete ${name} watch`)
  expect(within.recorder.fold.size).toBe(0)

  await fill()
  for (const one of [namespaces, pods, configMaps, within]) await bed.settled(one)
  expect(within.recorder.fold.size).toBe(2)
  await admin.delete(path)
  await end()
}
