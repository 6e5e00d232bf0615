import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BuiltInObjects, createInformerFactory, newIndexer } from '../src/index.ts'
import { EmbeddedApiServer } from '../src/testing/index.ts'

type Pod = BuiltInObjects['core']['v1']['pods']

let server: EmbeddedApiServer

beforeAll(async () => {
  server = await new EmbeddedApiServer().start()
  server.populate({ resource: 'pods', objects: 50 })
})
afterAll(() => server.close())

test.each([0, 1])(
  'indices by path, by label and by function, added before and after the start, threads: %i',
  async (threads) => {
    const factory = createInformerFactory({ kubeConfig: { server: server.url }, threads })
    const { informer } = factory.core.v1.pods
    const { indexer } = informer
    const byApp = { label: 'app' }
    await informer.addIndexers({
      byNode: 'spec.nodeName',
      byApp,
      byTeam: (pod) => pod.metadata.labels?.['team'],
    })
    factory.start()
    await factory.waitForCacheSync()
    const late = {
      lateNode: (pod: Pod) => pod.spec?.nodeName,
      latePath: "spec['nodeName']",
      lateApp: { label: 'app' },
      lateColumn: 'spec.nodeName',
    }
    expect(() => informer.addIndexers({ latePath: late.latePath })).toThrow(/occurs twice/)
    late.latePath = 'spec.serviceAccountName'
    const done = informer.addIndexers(late)
    const building = expect.objectContaining({ code: 'ERR_INDEX_BUILDING', facts: { option: 'latePath' } })
    expect(() => indexer.byIndex('latePath', '')).toThrow(building)
    expect(() => indexer.indexKeys('latePath', '')).toThrow(building)
    expect(() => indexer.indexValues('latePath')).toThrow(building)
    await informer.addIndexers({ latePath: late.latePath })
    const pods = indexer.list().toArray()
    const truths: Readonly<Record<string, (pod: Pod) => string | undefined>> = {
      byNode: (pod) => pod.spec?.nodeName,
      lateNode: (pod) => pod.spec?.nodeName,
      lateColumn: (pod) => pod.spec?.nodeName,
      latePath: (pod) => pod.spec?.serviceAccountName,
      byApp: (pod) => pod.metadata.labels?.['app'],
      lateApp: (pod) => pod.metadata.labels?.['app'],
      byTeam: (pod) => pod.metadata.labels?.['team'],
    }
    await done
    for (const [name, indexed] of Object.entries(truths)) {
      const values = new Set(pods.map(indexed).filter((value) => value !== undefined))
      expect(indexer.indexValues(name).sort(), name).toEqual([...values].sort())
      for (const value of indexer.indexValues(name)) {
        const keys = pods
          .filter((pod) => indexed(pod) === value)
          .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
        expect(indexer.indexKeys(name, value).sort()).toEqual(keys.sort())
        expect(indexer.byIndex(name, value).size).toBe(keys.length)
      }
    }
    expect(() => indexer.byIndex('none', '')).toThrow(expect.objectContaining({ code: 'ERR_UNKNOWN_INDEX' }))
    const conflict = expect.objectContaining({ code: 'ERR_INDEX_CONFLICT' })
    expect(() => informer.addIndexers({ byNode: 'spec.other' })).toThrow(conflict)
    expect(() => informer.addIndexers({ lateNode: () => 'x' })).toThrow(conflict)
    expect(() => informer.addIndexers({ byApp: { label: 'other' } })).toThrow(conflict)
    expect(() => informer.addIndexers({ namespace: 'spec.x' })).toThrow(conflict)
    await informer.addIndexers({ byApp: { label: 'app' } })
    // Nobody waits for this one, and nothing is left of it.
    const never = informer.addIndexers({ never: () => 'x' })
    await factory.close()
    await expect(never).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    expect(() => indexer.byIndex('never', 'x')).toThrow(
      expect.objectContaining({ code: 'ERR_INDEX_BUILDING' }),
    )
    expect(() => informer.addIndexers({ late: () => 'x' })).toThrow(
      expect.objectContaining({ code: 'ERR_CLOSED' }),
    )
  },
)

test('paths that cannot be are refused where they are given, not by a worker for ever', async () => {
  const factory = createInformerFactory({ kubeConfig: { server: server.url }, threads: 0 })
  const { pods } = factory.core.v1
  const invalid = expect.objectContaining({
    code: 'ERR_INVALID_OPTION',
    facts: { option: 'a..b', position: 1 },
  })
  expect(() => pods.informer.addIndexers({ bad: 'a..b' })).toThrow(invalid)
  expect(() => pods.select({ keepFields: ['a..b'] })).toThrow(invalid)
  expect(() => pods.select({ dropFields: ['a..b'] })).toThrow(invalid)
  expect(() => createInformerFactory({ dropFields: ['a..b'] })).toThrow(invalid)
  const refused = (option: string) =>
    expect.objectContaining({ code: 'ERR_INVALID_OPTION', facts: { option } })
  expect(() => pods.select({ dropFields: ['a[*]'] })).toThrow(refused('a[*]'))
  expect(() => pods.select({ dropFields: ['a'], keepFields: ['b'] })).toThrow(refused('keepFields'))
  expect(() => pods.select({ dropFields: 'spec' as unknown as string[] })).toThrow(refused('dropFields'))
  // An index below what is dropped, the default included, or outside what is kept, would stay empty.
  const managers = 'metadata.managedFields[*].manager'
  expect(() => pods.informer.addIndexers({ byManager: managers })).toThrow(refused(managers))
  const kept = pods.select({ keepFields: ['spec.nodeName'] }).informer
  expect(() => kept.addIndexers({ byPhase: 'status.phase' })).toThrow(refused('status.phase'))
  kept.addIndexers({ byNode: 'spec.nodeName', byNodeToo: 'spec.nodeName' })
  const otherwise = "spec['nodeName']"
  expect(() => kept.addIndexers({ byNodeAgain: otherwise })).toThrow(refused(otherwise))
  for (const bad of [5, null, {}, { label: '' }, { label: 'a b' }, { label: 'a', path: 'b' }]) {
    expect(() => kept.addIndexers({ bad: bad as unknown as string })).toThrow(refused('bad'))
    expect(() => newIndexer({ indexers: { bad: bad as unknown as string } })).toThrow(refused('bad'))
  }
  // None of the refused ones has left anything behind.
  kept.start()
  await kept.waitForSync({ signal: AbortSignal.timeout(10_000) })
  expect(kept.indexer.indexValues('byNode')).toEqual(kept.indexer.indexValues('byNodeToo'))
  await factory.close()
})

test('an asynchronous index function is refused and told, and what it rejects with ends nothing', async () => {
  const unhandled: unknown[] = []
  const onUnhandled = (error: unknown): void => void unhandled.push(error)
  process.on('unhandledRejection', onUnhandled)
  const told: unknown[] = []
  const factory = createInformerFactory({
    kubeConfig: { server: server.url },
    threads: 0,
    onHandlerError: (error, { handler }) => told.push([handler, (error as Error).cause]),
  })
  const { informer } = factory.core.v1.pods
  const later = (async () => {
    throw new Error('later')
  }) as unknown as () => string[]
  informer.addIndexers({ later })
  factory.start()
  await factory.waitForCacheSync({ signal: AbortSignal.timeout(10_000) })
  expect(informer.indexer.list().size).toBe(50)
  expect(informer.indexer.indexValues('later')).toEqual([])
  expect(told).toHaveLength(50)
  const refused = { code: 'ERR_INVALID_OPTION', facts: { option: 'indexers.later' } }
  expect(told[0]).toEqual(['index', expect.objectContaining(refused)])
  const indexer = newIndexer<{ metadata: { name: string } }>({ indexers: { later } })
  expect(() => indexer.add({ metadata: { name: 'a' } })).toThrow(expect.objectContaining(refused))
  expect(indexer.size).toBe(1)
  await factory.close()
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', onUnhandled)
  expect(unhandled).toEqual([])
})

test('null is no value; what is no string is told, and is in no index', () => {
  const told: unknown[] = []
  const results: readonly unknown[] = [
    null,
    undefined,
    [],
    'a',
    ['a', 'b'],
    5,
    true,
    {},
    [5],
    ['a', null],
    10n,
  ]
  const resultOf = (object: { metadata: { name: string } }) => results[Number(object.metadata.name)]
  const indexer = newIndexer<{ metadata: { name: string } }>({
    indexers: { x: resultOf as () => null },
    onIndexError: (error, { key }) => told.push([key, (error as { code?: unknown }).code, String(error)]),
  })
  for (const i of results.keys()) indexer.add({ metadata: { name: String(i) } })
  const message = (option: string, type: string) =>
    `KubeInformerError: option ${option}: a value of type ${type} is refused: must give a string, an array of strings, or undefined`
  expect(told).toEqual([
    ['5', 'ERR_INVALID_OPTION', message('indexers.x', 'number')],
    ['6', 'ERR_INVALID_OPTION', message('indexers.x', 'boolean')],
    ['7', 'ERR_INVALID_OPTION', message('indexers.x', 'object')],
    ['8', 'ERR_INVALID_OPTION', message('indexers.x[]', 'number')],
    ['9', 'ERR_INVALID_OPTION', message('indexers.x[]', 'null')],
    ['10', 'ERR_INVALID_OPTION', message('indexers.x', 'bigint')],
  ])
  expect([...indexer.listIndexFuncValues('x')].sort()).toEqual(['a', 'b'])
  expect([...indexer.indexKeys('x', 'a')].sort()).toEqual(['3', '4'])
})
