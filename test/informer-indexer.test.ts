import { afterAll, beforeAll, expect, test } from 'vitest'
import { createInformerFactory } from '../src/index.ts'
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

test('paths that do not parse are refused where they are given, not by a worker for ever', async () => {
  const factory = createInformerFactory({ kubeConfig: { server: server.url }, threads: 0 })
  const { pods } = factory.core.v1
  const invalid = expect.objectContaining({
    code: 'ERR_INVALID_OPTION',
    facts: { option: 'a..b', position: 1 },
  })
  expect(() => pods.informer.addIndexers({ bad: 'a..b' })).toThrow(invalid)
  expect(() => pods.select({ keepFields: ['a..b'] })).toThrow(invalid)
  expect(() => pods.select({ dropFields: ['a..b'] })).toThrow(invalid)
  await factory.close()
})
