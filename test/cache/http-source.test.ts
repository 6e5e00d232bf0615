import { expect, test } from 'vitest'
import {
  type KubernetesObject,
  type ListerWatcher,
  newInformer,
  type ReflectorTiming,
  type SourceEvent,
  type SourceList,
} from '../../src/index.ts'
import type { EmbeddedApiServer } from '../../src/testing/index.ts'
import { until } from '../support/until.ts'
import { afterTest, configMap, configMaps, startServer } from '../testing/server-client.ts'

/** A source over HTTP, as plainly as a user would write one. */
function overHttp(url: string): ListerWatcher {
  const get = async (query: object, signal: AbortSignal): Promise<Response> => {
    const response = await fetch(`${url}?${new URLSearchParams(Object.entries(query))}`, { signal })
    if (response.ok) return response
    throw Object.assign(new Error(response.statusText), {
      code: response.status,
      body: await response.text(),
    })
  }
  return {
    list: async ({ signal, ...query }) =>
      (await (await get(query, signal)).json()) as SourceList<KubernetesObject>,
    async *watch({ signal, ...query }) {
      const { body } = await get({ ...query, watch: 1 }, signal)
      let line = ''
      for await (const text of (body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())) {
        const lines = (line + text).split('\n')
        line = lines.pop() as string
        for (const each of lines) yield JSON.parse(each) as SourceEvent<KubernetesObject>
      }
    },
  }
}

interface Informed {
  readonly server: EmbeddedApiServer
  readonly errors: string[]
  readonly relists: () => number
  /** Once the store has what the server has: object by object. */
  readonly audit: () => Promise<void>
}

async function informed(timing: Partial<ReflectorTiming> = {}): Promise<Informed> {
  const server = await startServer({ versionWaitMs: 10 })
  for (let i = 0; i < 1_200; i++) server.create('configmaps', configMap(`map-${i}`))
  const errors: string[] = []
  const stop = new AbortController()
  const { store, controller } = newInformer({
    listerWatcher: overHttp(`${server.url}${configMaps}`),
    handler: {},
    timing: { backoffBaseMs: 5, backoffMaxMs: 20, ...timing },
    onError: (error) => errors.push((error as { code: string }).code),
  })
  const running = controller.run({ signal: stop.signal })
  afterTest(async () => {
    stop.abort()
    await running
  })
  await controller.synced
  expect([store.size, controller.stats().lists]).toEqual([1_200, 1])
  const audit = async (): Promise<void> => {
    const versionOf = ({ metadata }: { metadata: { resourceVersion?: unknown } }) => metadata.resourceVersion
    await until(() => {
      const objects = server.list('configmaps')
      const isSame = objects.every((object) => {
        const { namespace, name } = object.metadata
        const stored = store.getByKey(`${namespace}/${name}`)
        return stored !== undefined && versionOf(stored) === versionOf(object)
      })
      return isSame && objects.length === store.size
    }, 'the store has what the server has')
  }
  return { server, errors, relists: () => controller.stats().relists, audit }
}

test('an informer over HTTP follows its server through broken streams, without a list', async () => {
  const { server, relists, audit } = await informed()
  server.patch('configmaps', 'default', 'map-1', { data: { changed: 'yes' } })
  server.delete('configmaps', 'default', 'map-2')
  server.create('configmaps', configMap('new'))
  await audit()
  server.faults.cutStreams()
  server.delete('configmaps', 'default', 'map-3')
  await audit()
  await server.stopListening()
  server.create('configmaps', configMap('unheard'))
  await new Promise((resolve) => setTimeout(resolve, 50))
  await server.startListening()
  await audit()
  expect(relists()).toBe(0)
})

test('lists anew what it cannot have heard of', async () => {
  const { server, errors, relists, audit } = await informed()
  await server.stopListening()
  server.delete('configmaps', 'default', 'map-4')
  server.create('configmaps', configMap('unheard'))
  server.compact()
  await server.startListening()
  await audit()
  expect(relists()).toBeGreaterThan(0)
  expect(errors).toContain('ERR_VERSION_EXPIRED')
})

test('lists anew when its server has gone back in time', async () => {
  const { server, relists, audit } = await informed({ silenceMs: 200 })
  const before = server.version
  for (let i = 0; i < 10; i++) server.create('configmaps', configMap(`later-${i}`))
  await audit()
  server.restore(before)
  server.create('configmaps', configMap('other'))
  await audit()
  expect(relists()).toBeGreaterThan(0)
})
