import { expect } from 'vitest'
import { until } from '../support/until.ts'
import { Gadgets } from './custom-objects.ts'
import type { ScenarioBed, Watched } from './scenario-bed.ts'

/**
 * A custom resource comes while informers for two of its versions already run, gets the second version, loses the
 * first one, goes with its objects, and comes again.
 */
export async function customDefinition(bed: ScenarioBed): Promise<void> {
  const gadgets = new Gadgets(bed.cluster.admin, 'lifecycle.example')
  const factory = bed.factory()
  const old = bed.watch(factory, gadgets.type('v1alpha1'))
  const stable = bed.watch(factory, gadgets.type('v1'))
  const inState = (watched: Watched, state: string): Promise<true> =>
    until(
      () => watched.informer.state === state,
      `${watched.informer.resource} is ${state}`,
      bed.cluster.patienceMs,
    )
  factory.start()
  await inState(old, 'absent')
  await inState(stable, 'absent')
  expect(old.informer.hasSynced()).toBe(false)

  await gadgets.define(['v1alpha1'])
  await gadgets.create('v1alpha1', 'one')
  await bed.settled(old)
  await inState(old, 'watching')
  await inState(stable, 'absent')
  expect(stable.informer.health().error?.code).toBe('ERR_NOT_FOUND')

  // The storage moves on to v1; both versions show the same objects.
  await gadgets.redefine(['v1alpha1', 'v1'])
  await gadgets.create('v1', 'two')
  await bed.settled(old)
  await bed.settled(stable)
  await inState(old, 'watching')
  await inState(stable, 'watching')

  const withdrawnAtMs = performance.now()
  await gadgets.redefine(['v1alpha1', 'v1'], ['v1alpha1'])
  await gadgets.create('v1', 'three')
  await inState(old, 'absent')
  expect(old.informer.health()).toMatchObject({ hasSynced: true, error: { code: 'ERR_NOT_FOUND' } })
  await bed.settled(old)
  // No delete was sent for them. A real server's watch lives on for a second, and may have shown the third one.
  const deletes = old.recorder.log.filter((line) => line.startsWith('delete')).toSorted()
  expect(deletes.filter((line) => !line.startsWith('delete three'))).toEqual([
    'delete one unknown list',
    'delete two unknown list',
  ])
  expect(deletes.every((line) => line.endsWith('unknown list'))).toBe(true)
  await bed.settled(stable)
  await inState(stable, 'watching')

  // The definition takes its objects along: their deletes are seen, the watch ends only then.
  await gadgets.undefine('v1')
  await bed.settled(stable)
  await inState(stable, 'absent')
  expect(stable.recorder.log.slice(-3).sort()).toEqual(
    ['one', 'three', 'two'].map((name) => `delete ${name} watch`),
  )

  await gadgets.define(['v1'])
  await gadgets.create('v1', 'one')
  await bed.settled(stable)
  await inState(stable, 'watching')
  const absentMs = performance.now() - withdrawnAtMs
  // At most one for each change of the definition: a stream that lived on long enough is resumed without. And each look
  // whether an absent resource has come back counts as one, the one that finds it at least.
  old.relists = { min: 0, max: 1 + bed.looks(absentMs) }
  stable.relists = { min: 1, max: 1 + bed.looks(absentMs) }
}
