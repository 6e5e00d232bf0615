import { expect } from 'vitest'
import { KubeClient } from '../support/kube-client.ts'
import type { ScenarioBed } from './scenario-bed.ts'

const secrets = '/api/v1/namespaces/default/secrets'

/**
 * A permission is taken while it is in use: the running watch goes on, its successor is refused and says so, the cache
 * stays, nobody else notices. Given back, the watch resumes where it was.
 */
export async function accessRevoked(bed: ScenarioBed): Promise<void> {
  const { admin } = bed.cluster
  const create = (name: string) => admin.create(secrets, { metadata: { name } })
  await bed.cluster.grant('', ['secrets'])
  await bed.cluster.grant('', ['configmaps'])
  await create('before')
  const gate = await bed.gate()
  const factory = bed.factory('limited', { server: gate.url })
  const lost = bed.watch(factory, { group: '', version: 'v1', resource: 'secrets' })
  const kept = bed.watch(factory, { group: '', version: 'v1', resource: 'configmaps' })
  factory.start()
  await bed.synced(factory)

  await bed.cluster.revoke('', ['secrets'])
  const { server, token, ca } = bed.cluster.connection('limited')
  const limited = new KubeClient(server, token, ca)
  try {
    const isRefused = async () => (await limited.request('GET', secrets)).status === 403
    await bed.until(isRefused, 'new requests are refused')
  } finally {
    await limited.close()
  }
  await create('while-the-watch-runs')
  await bed.settled(lost)
  expect(lost.informer.state).toBe('watching')

  expect(gate.cut(/secrets.*watch=1/)).toBe(1)
  await bed.until(() => lost.informer.state === 'forbidden', 'the next watch is refused')
  const { error, attempt, hasSynced } = lost.informer.health()
  expect(error?.code).toBe('ERR_FORBIDDEN')
  expect(error?.message).toMatch(/"limited" cannot watch resource "secrets"/)
  expect({ attempt: attempt > 0, hasSynced }).toEqual({ attempt: true, hasSynced: true })

  const seen = lost.recorder.log.length
  await create('while-forbidden')
  await admin.delete(`${secrets}/before`)
  await admin.create('/api/v1/namespaces/default/configmaps', { metadata: { name: 'beside' } })
  await bed.settled(kept)
  expect(kept.informer.state).toBe('watching')
  expect(lost.informer.indexer.get('default/before')?.metadata.name).toBe('before')
  expect(lost.recorder.log).toHaveLength(seen)

  await bed.cluster.grant('', ['secrets'])
  await bed.settled(lost)
  expect(lost.recorder.log.slice(seen).sort()).toEqual(['add while-forbidden watch', 'delete before watch'])
  await bed.until(() => lost.informer.health().attempt === 0, 'it is healthy again')
  expect(lost.informer.health()).toMatchObject({ state: 'watching' })
}
