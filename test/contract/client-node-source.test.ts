import { PassThrough } from 'node:stream'
import { CoreV1Api, KubeConfig, type V1ConfigMap, Watch } from '@kubernetes/client-node'
import { afterEach, beforeEach, expect, expectTypeOf, test } from 'vitest'
import {
  createInformerFactory,
  type Listed,
  type ListerWatcher,
  newInformer,
  type SourceList,
  type Wire,
} from '../../src/index.ts'
import { EmbeddedApiServer } from '../../src/testing/index.ts'
import { until } from './contract-bed.ts'

/** A ListerWatcher of client-node's own calls and types, without a cast (docs/coming-from-client-node.md). */

let server: EmbeddedApiServer
let configMaps: ListerWatcher<V1ConfigMap>
let pagesAsked: (string | undefined)[]

beforeEach(async () => {
  server = await new EmbeddedApiServer().start()
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromOptions({
    clusters: [{ name: 'c', server: server.url, skipTLSVerify: true }],
    users: [{ name: 'u' }],
    contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
    currentContext: 'x',
  })
  const api = kubeConfig.makeApiClient(CoreV1Api)
  pagesAsked = []
  configMaps = {
    list: (options) => {
      pagesAsked.push(options._continue)
      return api.listConfigMapForAllNamespaces(options)
    },
    async *watch({ signal, ...query }) {
      const events = new PassThrough({ objectMode: true })
      const request = await new Watch(kubeConfig).watch(
        '/api/v1/configmaps',
        query,
        (_type, _object, event) => events.write(event),
        (error) => (error ? events.destroy(error) : events.end()),
      )
      signal.addEventListener('abort', () => request.abort())
      yield* events
    },
  }
  for (const name of ['a', 'b', 'c', 'd', 'e']) create(name)
})
afterEach(() => server.close())

function create(name: string): void {
  server.create('configmaps', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'default' },
  })
}

test('feeds a shared informer, page after page, and comes out as on the wire', async () => {
  const factory = createInformerFactory({
    kubeConfig: { server: 'http://127.0.0.1:9' },
    threads: 0,
    timing: { pageSize: 2 },
  })
  const { informer, lister } = factory.forListerWatcher({ name: 'config maps', listerWatcher: configMaps })
  factory.start()
  await informer.waitForSync({ signal: AbortSignal.timeout(10_000) })
  expect(pagesAsked).toEqual([undefined, expect.any(String), expect.any(String)])
  create('f')
  await until(() => lister.list().size === 6, 'the watch tells of what comes later')
  for (const name of ['a', 'f']) {
    const object = lister.get({ namespace: 'default', name })
    expectTypeOf(object?.metadata.creationTimestamp).toEqualTypeOf<string | undefined>()
    expect(object).toEqual(server.get('configmaps', 'default', name))
  }
  await factory.close()
})

test('feeds newInformer, which keeps what it is given', async () => {
  const added: (string | undefined)[] = []
  const { store, controller } = newInformer({
    listerWatcher: configMaps,
    handler: { onAdd: (object) => added.push(object.metadata?.name) },
    timing: { pageSize: 2 },
  })
  const stop = new AbortController()
  const running = controller.run({ signal: stop.signal })
  await controller.synced
  create('f')
  await until(() => added.includes('f'), 'the watch tells of what comes later')
  expect([store.size, added]).toEqual([6, ['a', 'b', 'c', 'd', 'e', 'f']])
  expectTypeOf(store.getByKey('default/a')).toEqualTypeOf<V1ConfigMap | undefined>()
  expect(store.getByKey('default/a')?.metadata?.creationTimestamp).toBeInstanceOf(Date)
  stop.abort()
  await running
})

test('a list that says nothing of itself is typed, and refused', async () => {
  expectTypeOf<{ items: V1ConfigMap[] }>().toExtend<SourceList<V1ConfigMap>>()
  expectTypeOf<{ metadata: undefined; kind: undefined; items: [] }>().toExtend<SourceList<V1ConfigMap>>()
  expectTypeOf<Listed<V1ConfigMap>>().toEqualTypeOf<Wire<V1ConfigMap>>()
  expectTypeOf<Listed<Wire<V1ConfigMap>>>().toEqualTypeOf<Wire<V1ConfigMap>>()
  const stop = new AbortController()
  const errors: unknown[] = []
  const { controller } = newInformer<V1ConfigMap>({
    listerWatcher: { ...configMaps, list: async () => ({ items: [] }) },
    handler: {},
    onError: (error) => {
      errors.push(error)
      stop.abort()
    },
  })
  await controller.run({ signal: stop.signal })
  expect(errors).toEqual([expect.objectContaining({ code: 'ERR_UNEXPECTED_BODY' })])
})
