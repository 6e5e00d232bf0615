import { expect, test } from 'vitest'
import {
  type Config,
  Controller,
  DeltaFIFO,
  deletionHandlingMetaNamespaceKeyFunc,
  type KubernetesObject,
  newStore,
  waitForCacheSync,
} from '../../src/index.ts'
import { FakeControllerSource } from '../../src/testing/index.ts'

/** A controller that deletes whatever it finds, as somebody would write it who knows client-go. */
test.each([
  ['before the controller runs', true],
  ['while it runs', false],
])('a controller deletes everything at its source, added %s', async (_when, isEarly) => {
  const source = new FakeControllerSource()
  const downstream = newStore<KubernetesObject>()
  const queue = new DeltaFIFO<KubernetesObject>({ knownObjects: downstream })
  const deleted = Promise.withResolvers<string[]>()
  const keys: string[] = []
  const config: Config<KubernetesObject> = {
    queue,
    listerWatcher: source,
    fullResyncPeriodMs: 60_000,
    retryOnError: false,
    process: (deltas) => {
      const newest = deltas.newest()
      if (newest.type !== 'Deleted') {
        downstream.add(newest.object)
        source.delete(newest.object)
        return
      }
      downstream.delete(newest.object)
      keys.push(deletionHandlingMetaNamespaceKeyFunc(newest.object))
      if (keys.length === 3) deleted.resolve(keys)
    },
    onError: (error) => deleted.reject(error),
  }
  const addAll = (): void => {
    for (const name of ['a-hello', 'b-controller', 'c-framework']) source.add({ metadata: { name } })
  }
  const stop = new AbortController()
  if (isEarly) addAll()
  const controller = new Controller(config)
  const running = controller.run({ signal: stop.signal })
  if (!isEarly) {
    expect(await waitForCacheSync(stop.signal, controller)).toBe(true)
    addAll()
  }
  expect((await deleted.promise).sort()).toEqual(['a-hello', 'b-controller', 'c-framework'])
  expect([downstream.listKeys(), source.objects]).toEqual([[], []])
  stop.abort()
  await running
  expect(source.watcherCount).toBe(0)
})
