import { afterEach, describe, expect, expectTypeOf, test } from 'vitest'
import type {
  BuiltInObjects,
  Informer,
  InformerFactory,
  InformerIndexer,
  Lister,
  NamespaceSet,
  SharedIndexer,
  SharedInformer,
  SharedLister,
} from '../src/index.ts'
import { createInformerFactory } from '../src/index.ts'
import { EmbeddedApiServer } from '../src/testing/index.ts'
import { until } from './support/until.ts'

type Pod = BuiltInObjects['core']['v1']['pods']

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

interface Bed {
  readonly server: EmbeddedApiServer
  readonly factory: InformerFactory
  create(namespace: string, name: string, app?: string): void
}

/** `namespaces`: those that the factory's token may see. */
async function start(threads: number, namespaces?: readonly string[]): Promise<Bed> {
  const tokens = { t: namespaces === undefined ? ('all' as const) : { resources: ['pods'], namespaces } }
  const server = await new EmbeddedApiServer({ tokens }).start()
  ends.push(() => server.close())
  const factory = createInformerFactory({
    kubeConfig: { server: server.url, token: 't' },
    threads,
    timing: { backoffBaseMs: 20, backoffMaxMs: 100 },
  })
  ends.push(() => factory.close())
  const create = (namespace: string, name: string, app = 'web'): void => {
    const metadata = { name, namespace, labels: { app } }
    server.create('pods', { apiVersion: 'v1', kind: 'Pod', metadata, spec: { nodeName: `node-of-${app}` } })
  }
  return { server, factory, create }
}

const keysOf = (list: Iterable<Pod>): string[] =>
  [...list].map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).sort()

describe.each([{ threads: 0 }, { threads: 1 }])('threads: $threads', ({ threads }) => {
  test('several namespaces are one informer and one lister, and no others', async () => {
    const { server, factory, create } = await start(threads)
    for (const namespace of ['a', 'b', 'c', 'ab']) for (const name of ['x', 'y']) create(namespace, name)
    create('b', 'other', 'db')
    const { pods } = factory.core.v1
    const { informer, lister } = pods.selectNamespaces(['b', 'a'])
    const told: string[] = []
    const tell = ({ type, key }: { readonly type: string; readonly key: string }) =>
      told.push(`${type} ${key}`)
    let synced = 0
    class Handlers {
      onAdd = tell
      onUpdate = tell
      onDelete = tell
      onSynced() {
        expect(this).toBe(handlers)
        synced++
      }
    }
    const handlers = new Handlers()
    await informer.addIndexers({ byNode: 'spec.nodeName', byApp: { label: 'app' } })
    const registration = informer.addEventHandler(handlers)
    expect([informer.hasSynced(), registration.hasSynced()]).toEqual([false, false])
    factory.start()
    await factory.waitForCacheSync({ signal: AbortSignal.timeout(10_000) })
    await registration.waitForSync({ signal: AbortSignal.timeout(10_000) })
    await informer.waitForSync()
    expect([informer.hasSynced(), registration.hasSynced(), synced]).toEqual([true, true, 1])
    const all = ['a/x', 'a/y', 'b/other', 'b/x', 'b/y']
    expect(told.sort()).toEqual(all.map((key) => `add ${key}`))

    const { indexer } = informer
    expect([keysOf(lister.list()), lister.list().size]).toEqual([all, 5])
    expect([keysOf(indexer.list()), [...indexer.keys()].sort(), indexer.size]).toEqual([all, all, 5])
    expect(keysOf(lister.list({ labelSelector: 'app=web', namespace: 'b' }))).toEqual(['b/x', 'b/y'])
    expect(lister.list({ namespace: 'c' }).size).toBe(0)
    expect(() => lister.list({ labelSelector: '!' })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_SELECTOR' }),
    )
    expect(lister.get('b/x')?.metadata.name).toBe('x')
    expect(lister.get({ namespace: 'a', name: 'y' })?.metadata.namespace).toBe('a')
    expect([lister.get('c/x'), lister.get('x'), indexer.get('ab/x')]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect([indexer.has('a/x'), indexer.has('ab/x')]).toEqual([true, false])
    expect(indexer.indexValues('byNode').sort()).toEqual(['node-of-db', 'node-of-web'])
    expect(indexer.indexKeys('byApp', 'web').sort()).toEqual(['a/x', 'a/y', 'b/x', 'b/y'])
    expect(keysOf(indexer.byIndex('byApp', 'db'))).toEqual(['b/other'])
    expect(indexer.byIndex('namespace', 'a').size).toBe(2)
    await informer.addIndexers({ late: (pod) => pod.metadata.name })
    expect(indexer.indexKeys('late', 'x').sort()).toEqual(['a/x', 'b/x'])

    told.length = 0
    create('a', 'new')
    server.patch('pods', 'b', 'x', { metadata: { labels: { app: 'db' } } })
    server.delete('pods', 'b', 'y')
    await until(() => told.length === 3, 'three changes')
    expect(told.sort()).toEqual(['add a/new', 'delete b/y', 'update b/x'])
    expect(registration.stats()).toMatchObject({ delivered: 8, errors: 0, depth: 0, hasSynced: true })
    await registration.remove()
    create('a', 'newer')
    await until(() => indexer.has('a/newer'), 'the cache goes on')
    expect(told).toHaveLength(3)
    await expect(registration.waitForSync()).resolves.toBeUndefined()
  })

  test('they live as one: states, waits, snapshots, verification', async () => {
    const { server, factory, create } = await start(threads)
    for (const namespace of ['a', 'b', 'c']) create(namespace, 'x')
    const { informer } = factory.core.v1.pods.selectNamespaces(['a', 'b'])
    const states = new Set<string>()
    const end = informer.onStateChange(({ namespace, state }) => states.add(`${namespace} ${state}`))
    const failed: string[] = []
    informer.onWatchError(({ namespace, error }) => failed.push(`${namespace} ${error.code}`))
    factory.start()
    const limit = { signal: AbortSignal.timeout(10_000) }
    await informer.waitForSync(limit)
    await until(() => states.has('a watching') && states.has('b watching'), 'both watch')
    end()
    server.faults.cutStreams()
    await until(() => failed.length === 2, 'both failed')
    expect(failed.sort()).toEqual(['a ERR_CONNECTION', 'b ERR_CONNECTION'])
    const snapshot = informer.snapshot()
    create('b', 'late')
    const late = server.list('pods').find(({ metadata }) => metadata.name === 'late') as unknown as Pod
    expect((await informer.waitForObject(late, limit))?.metadata.name).toBe('late')
    await informer.waitFor('b/late', (pod) => pod?.spec?.nodeName === 'node-of-web', limit)
    await informer.waitForResourceVersion(snapshot.resourceVersion as string, limit)
    expect(keysOf(snapshot.list({ labelSelector: 'app=web' }))).toEqual(['a/x', 'b/x'])
    expect([snapshot.size, snapshot.has('b/late'), snapshot.get('a/x')?.metadata.name]).toEqual([
      2,
      false,
      'x',
    ])
    expect([...snapshot.keys()].sort()).toEqual(['a/x', 'b/x'])
    snapshot.dispose()
    expect(informer.stats().map(({ snapshots }) => snapshots)).toEqual([0, 0])
    expect(() => snapshot.get('a/x')).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }))
    expect(await informer.waitForObject(server.list('pods').at(-1) as unknown as Pod)).toBeUndefined()
    await expect(informer.waitFor('c/x', () => true)).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' })
    expect(await informer.verify(limit)).toMatchObject({ compared: 3, missing: 0, stale: 0, surplus: 0 })
  })

  test('a namespace that is forbidden shows, and hides no other', async () => {
    const { server, factory, create } = await start(threads, ['a', 'b'])
    for (const namespace of ['a', 'b', 'c']) create(namespace, 'x')
    const { informer, lister } = factory.core.v1.pods.selectNamespaces(['a', 'b', 'c'])
    const told: string[] = []
    const registration = informer.addEventHandler({ onAdd: ({ key }) => told.push(key) })
    informer.start()
    const state = (namespace: string) => informer.health().find((one) => one.namespace === namespace)
    await until(() => state('c')?.error?.code === 'ERR_FORBIDDEN', 'the refusal')
    await until(() => told.length === 2, 'the others')
    expect([state('a')?.hasSynced, state('b')?.error, state('c')?.hasSynced]).toEqual([
      true,
      undefined,
      false,
    ])
    expect(keysOf(lister.list())).toEqual(['a/x', 'b/x'])
    expect([informer.hasSynced(), registration.hasSynced()]).toEqual([false, false])
    for (const waiting of [informer, registration, factory]) {
      const wait =
        'waitForCacheSync' in waiting
          ? waiting.waitForCacheSync.bind(waiting)
          : waiting.waitForSync.bind(waiting)
      const error = await wait({ signal: AbortSignal.timeout(50) }).catch((reason: unknown) => reason)
      const resource = waiting === factory ? 'pods' : 'pods in c'
      expect(error).toMatchObject({ code: 'ERR_CACHE_SYNC', facts: { pending: [{ resource }] } })
    }
    server.access.set('t', { resources: ['pods'], namespaces: ['a', 'b', 'c'] })
    await registration.waitForSync({ signal: AbortSignal.timeout(10_000) })
    expect(told.sort()).toEqual(['a/x', 'b/x', 'c/x'])
  })
})

test('one set for the same namespaces; its parts are those of select, and counted once', async () => {
  const { factory } = await start(0)
  const { pods } = factory.core.v1
  const set = pods.selectNamespaces(['b', 'a'], { labelSelector: 'x, y' })
  expect(pods.selectNamespaces(['a', 'b'], { labelSelector: ' y,x' })).toBe(set)
  expect(pods.selectNamespaces(['a', 'b'])).not.toBe(set)
  expect(pods.selectNamespaces(['a'], { labelSelector: 'y,x' })).not.toBe(set)
  expect(pods.select({ labelSelector: 'x,y', namespace: 'z' }).selectNamespaces(['a', 'b'])).toBe(set)
  expect(set.namespaces).toEqual(['a', 'b'])
  expect(factory.health()).toHaveLength(0)
  const part = pods.select({ namespace: 'a', labelSelector: 'x,y' })
  expect(set.lister).toBe(set.lister)
  expect(set.informer).toBe(set.informer)
  part.informer.start()
  await part.informer.waitForSync({ signal: AbortSignal.timeout(10_000) })
  expect(factory.health()).toHaveLength(2)
  expect(factory.stats().informers).toHaveLength(2)
  expect(set.informer.stats().map(({ namespace, state }) => [namespace, state])).toEqual([
    ['a', part.informer.state],
    ['b', 'idle'],
  ])
  await expect(factory.waitForCacheSync()).rejects.toMatchObject({ facts: { pending: [{ state: 'idle' }] } })
  set.informer.start()
  await factory.waitForCacheSync({ signal: AbortSignal.timeout(10_000) })
  await set.informer.stop()
  expect(set.informer.health().map(({ state }) => state)).toEqual(['stopped', 'stopped'])
})

test('a start skips what is closed, and starts the others', async () => {
  const { factory, create } = await start(0)
  create('b', 'x')
  const { pods, nodes } = factory.core.v1
  const { informer } = pods.selectNamespaces(['a', 'b'])
  const closed = pods.select({ namespace: 'a' }).informer
  await closed.close()
  informer.start()
  expect(closed.state).toBe('stopped')
  await factory.waitForCacheSync({ signal: AbortSignal.timeout(10_000) })
  expect(keysOf(informer.indexer.list())).toEqual(['b/x'])
  expect(nodes.lister.list().size).toBe(0)
  factory.start()
  await nodes.informer.waitForSync({ signal: AbortSignal.timeout(10_000) })
  expect(informer.health().map(({ namespace, state }) => [namespace, state])).toEqual([
    ['a', 'stopped'],
    ['b', 'watching'],
  ])
  const closedLister = pods.select({ namespace: 'c' })
  expect(closedLister.lister.list().size).toBe(0)
  await closedLister.informer.close()
  await expect(factory.waitForCacheSync()).rejects.toThrow('not synced: pods (stopped)')
  expect(() => closed.start()).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }))
})

test('what cannot be is refused, and leaves nothing behind', async () => {
  const { factory } = await start(0)
  const { pods, nodes } = factory.core.v1
  const refused = (option: string) =>
    expect.objectContaining({ code: 'ERR_INVALID_OPTION', facts: { option } })
  for (const bad of [[], [''], ['a', 'a'], ['a', 5], 'ab', undefined]) {
    expect(() => pods.selectNamespaces(bad as string[]), String(bad)).toThrow(refused('namespaces'))
  }
  expect(() => pods.selectNamespaces(['../x'])).toThrow(refused('namespace'))
  expect(() => pods.selectNamespaces(['a'], { namespace: 'b' } as object)).toThrow(refused('namespace'))
  expect(() => pods.selectNamespaces(['a'], { labels: 'b' } as object)).toThrow(refused('labels'))
  expect(() => nodes.selectNamespaces(['a'])).toThrow(refused('namespaces'))
  expect(() => nodes.selectNamespaces(['a'])).toThrow(/a is refused: nodes have no namespaces/)
  const { informer } = pods.selectNamespaces(['a', 'b'])
  const b = pods.select({ namespace: 'b' }).informer
  await b.addIndexers({ taken: 'spec.nodeName' })
  const conflict = expect.objectContaining({ code: 'ERR_INDEX_CONFLICT' })
  expect(() => informer.addIndexers({ fresh: 'spec.x', taken: 'spec.y' })).toThrow(conflict)
  const a = pods.select({ namespace: 'a' }).informer
  expect(() => a.indexer.byIndex('fresh', '')).toThrow(expect.objectContaining({ code: 'ERR_UNKNOWN_INDEX' }))
  expect(() => informer.addEventHandler({ onAd: () => {} } as object)).toThrow(refused('onAd'))
  await b.close()
  expect(() => informer.addEventHandler({ onAdd() {} })).toThrow(
    expect.objectContaining({ code: 'ERR_CLOSED' }),
  )
  expect(a.hasHandlers).toBe(false)
  await expect(informer.waitForSync()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
})

test('a controller takes either', () => {
  expectTypeOf<Informer<Pod>>().toExtend<SharedInformer<Pod>>()
  expectTypeOf<InformerIndexer<Pod>>().toExtend<SharedIndexer<Pod>>()
  expectTypeOf<Lister<Pod>>().toExtend<SharedLister<Pod>>()
  expectTypeOf<NamespaceSet<Pod>['informer']>().toExtend<SharedInformer<Pod>>()
})
