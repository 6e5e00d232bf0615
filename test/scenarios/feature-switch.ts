import { expect } from 'vitest'
import type { ScenarioBed } from './scenario-bed.ts'

// The API server's own informers do not watch them in all namespaces.
const configMaps = { group: '', version: 'v1', resource: 'configmaps' }
const path = '/api/v1/namespaces/default/configmaps'

/**
 * The server is restarted without WatchList, and later with it: the informer goes over to pages, once, and stays with
 * them; one that is new then streams again.
 */
export async function featureSwitch(bed: ScenarioBed): Promise<void> {
  const { admin } = bed.cluster
  const add = async (name: string): Promise<void> => {
    await admin.create(path, { metadata: { name: `switch-${name}` } })
  }
  await add('first')
  const { finished } = await bed.cluster.streamCounts('configmaps')
  const factory = bed.factory()
  const running = bed.watch(factory, configMaps)
  factory.start()
  await bed.synced(factory)
  await bed.settled(running)
  expect(await bed.cluster.streamCounts('configmaps')).toEqual({ finished: finished + 1, refused: 0 })

  await bed.cluster.restart({ hasWatchList: false })
  await add('without')
  await bed.settled(running)
  expect(await bed.cluster.streamCounts('configmaps')).toEqual({ finished: 0, refused: 1 })

  await bed.cluster.restart({ hasWatchList: true })
  await add('with')
  await bed.settled(running)
  expect(await bed.cluster.streamCounts('configmaps')).toEqual({ finished: 0, refused: 0 })
  const another = bed.factory()
  const fresh = bed.watch(another, configMaps)
  another.start()
  await bed.synced(another)
  await bed.settled(fresh)
  expect(await bed.cluster.streamCounts('configmaps')).toEqual({ finished: 1, refused: 0 })

  // One for each restart, which forgets what was changed, and the stream that was refused.
  running.relists = 3
  // Of what was there before nothing is told again, however often it was listed.
  expect(running.recorder.log.filter((line) => line.includes('switch-first'))).toEqual([
    'add switch-first list',
  ])
}
