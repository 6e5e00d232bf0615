import { expect } from 'vitest'
import type { ScenarioBed } from './scenario-bed.ts'

const collection = '/api/v1/namespaces/default/configmaps'

/**
 * A watch is cut off, and the server forgets the version it has to resume from: one new list, which tells what the
 * watch has missed and nothing else.
 */
export async function versionExpired(bed: ScenarioBed): Promise<void> {
  const { admin } = bed.cluster
  const create = (name: string) => admin.create(collection, { metadata: { name } })
  for (const name of ['expiry-same', 'expiry-changed', 'expiry-gone', 'expiry-replaced']) await create(name)
  const gate = await bed.gate()
  const factory = bed.factory('admin', { server: gate.url })
  const watched = bed.watch(factory, { group: '', version: 'v1', resource: 'configmaps' })
  factory.start()
  await bed.synced(factory)
  await bed.settled(watched)
  const seen = watched.recorder.log.length

  await gate.shut()
  await bed.until(() => watched.informer.state === 'retrying', 'the break is told')
  await admin.mergePatch(`${collection}/expiry-changed`, { data: { state: 'changed' } })
  await admin.delete(`${collection}/expiry-gone`)
  await admin.delete(`${collection}/expiry-replaced`)
  await create('expiry-replaced')
  await create('expiry-new')
  await bed.cluster.forget()
  await gate.open()
  await bed.settled(watched)
  // Order holds per object only.
  expect(watched.recorder.log.slice(seen).sort()).toEqual([
    'add expiry-new list',
    'add expiry-replaced list',
    'delete expiry-gone unknown list',
    'delete expiry-replaced unknown list',
    'update expiry-changed list',
  ])
  watched.relists = 1

  await create('expiry-after')
  await bed.settled(watched)
  expect(watched.recorder.log.at(-1)).toBe('add expiry-after watch')
}
