import { afterAll, beforeAll, expect, test } from 'vitest'
import { createInformerFactory, newIndexer } from '../src/index.ts'
import { EmbeddedApiServer } from '../src/testing/index.ts'

let server: EmbeddedApiServer

beforeAll(async () => {
  server = await new EmbeddedApiServer().start()
  server.populate({ resource: 'pods', objects: 50 })
})
afterAll(() => server.close())

test.each([0, 1])(
  'indices by path and by function, added before and after the start, threads: %i',
  async (threads) => {
    const factory = createInformerFactory({ kubeConfig: { server: server.url }, threads })
    const { informer } = factory.core.v1.pods
    const { indexer } = informer
    informer.addIndexers({ byNode: 'spec.nodeName', byApp: (pod) => pod.metadata.labels?.['app'] })
    factory.start()
    await factory.waitForCacheSync()
    informer.addIndexers({ late: (pod) => pod.spec?.nodeName })
    const pods = indexer.list().toArray()
    for (const name of ['byNode', 'late', 'byApp']) {
      const indexed = (pod: (typeof pods)[number]): string | undefined =>
        name === 'byApp' ? pod.metadata.labels?.['app'] : pod.spec?.nodeName
      expect(indexer.indexValues(name).sort()).toEqual([...new Set(pods.map(indexed))].sort())
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
    expect(() => informer.addIndexers({ byNode: 'spec.other' })).toThrow()
    expect(() => informer.addIndexers({ late: () => 'x' })).toThrow(conflict)
    await factory.close()
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
  expect(() => kept.addIndexers({ bad: 5 as unknown as string })).toThrow(refused('bad'))
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
