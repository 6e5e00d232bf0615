import { expect } from 'vitest'
import { until } from '../support/until.ts'
import { Gadgets } from './custom-objects.ts'
import type { ScenarioBed } from './scenario-bed.ts'

const group = 'absent.example'

/**
 * Resources that are not there, or not allowed, stand beside healthy ones of the same factory: they block nobody, say
 * why, and come by themselves once they can.
 */
export async function absentResource(bed: ScenarioBed): Promise<void> {
  const { admin } = bed.cluster
  const gadgets = new Gadgets(admin, group)
  await admin.create('/api/v1/namespaces/default/configmaps', { metadata: { name: 'healthy' } })

  const all = bed.factory()
  const healthy = bed.watch(all, { group: '', version: 'v1', resource: 'configmaps' })
  const absent = bed.watch(all, gadgets.type('v1'))
  all.start()
  await healthy.informer.waitForSync({ signal: AbortSignal.timeout(bed.cluster.patienceMs) })
  await until(() => absent.informer.state === 'absent', 'it is told to be absent', bed.cluster.patienceMs)
  expect(absent.informer.hasSynced()).toBe(false)
  expect(absent.informer.health()).toMatchObject({ state: 'absent', error: { code: 'ERR_NOT_FOUND' } })
  expect(absent.informer.health().attempt).toBeGreaterThan(0)

  await bed.cluster.grant('', ['configmaps'])
  const limited = bed.factory('limited')
  const allowed = bed.watch(limited, { group: '', version: 'v1', resource: 'configmaps' })
  const forbidden = bed.watch(limited, gadgets.type('v1'))
  limited.start()
  await allowed.informer.waitForSync({ signal: AbortSignal.timeout(bed.cluster.patienceMs) })
  await until(
    () => forbidden.informer.state === 'forbidden',
    'it is told to be forbidden',
    bed.cluster.patienceMs,
  )
  const { error } = forbidden.informer.health()
  expect(error?.code).toBe('ERR_FORBIDDEN')
  expect(error?.message).toMatch(/"limited" cannot .* resource "gadgets" in API group "absent.example"/)

  await gadgets.define(['v1'])
  await gadgets.create('v1', 'first')
  await bed.synced(all)
  await bed.settled(absent)
  expect(absent.informer.health()).toMatchObject({ state: 'watching', attempt: 0 })
  await bed.cluster.grant(group, ['gadgets'])
  await bed.synced(limited)
  await gadgets.create('v1', 'second')
  await bed.settled(absent)
  await bed.settled(forbidden)
  expect([...absent.recorder.fold.keys()]).toEqual(['default/first', 'default/second'])
}
