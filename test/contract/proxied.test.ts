import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { createInformerFactory, type InformerFactoryOptions } from '../../src/index.ts'
import { EmbeddedApiServer } from '../../src/testing/index.ts'
import { connectProxy, socksProxy, type TestProxy } from '../support/proxies.ts'
import { until } from '../support/until.ts'

const ends: (() => unknown)[] = []

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function start(making: Promise<TestProxy>): Promise<{ server: EmbeddedApiServer; proxy: TestProxy }> {
  const server = new EmbeddedApiServer()
  await server.start()
  ends.push(() => server.close())
  server.create('pods', { metadata: { namespace: 'web', name: 'a' } })
  const proxy = await making
  ends.push(() => proxy.stop().catch(() => {}))
  return { server, proxy }
}

function watching(options: InformerFactoryOptions) {
  const factory = createInformerFactory(options)
  ends.push(() => factory.close())
  const { informer } = factory.core.v1.pods
  factory.start()
  return informer
}

test.each([
  ['option, socks5, threads 1', 1, () => socksProxy()],
  ['kubeconfig, http, threads 0', 0, () => connectProxy()],
] as const)('a shared informer lists and watches through a proxy: %s', async (how, threads, make) => {
  const { server, proxy } = await start(make())
  const proxyUrl = `${how.includes('socks5') ? 'socks5' : 'http'}://127.0.0.1:${proxy.port}`
  const dir = await mkdtemp(join(tmpdir(), 'proxied-'))
  ends.push(() => rm(dir, { recursive: true }))
  const file = join(dir, 'config')
  const cluster = { name: 'c', cluster: { server: server.url, 'proxy-url': proxyUrl } }
  const context = { name: 'x', context: { cluster: 'c', user: 'u' } }
  const config = { clusters: [cluster], users: [{ name: 'u', user: {} }], contexts: [context] }
  // JSON is YAML.
  await writeFile(
    file,
    JSON.stringify({ apiVersion: 'v1', kind: 'Config', 'current-context': 'x', ...config }),
  )
  const kubeConfig = how.startsWith('option') ? { server: server.url, proxyUrl } : { file }
  const informer = watching({ kubeConfig, threads })
  await informer.waitForSync({ signal: AbortSignal.timeout(20_000) })
  server.create('pods', { metadata: { namespace: 'web', name: 'b' } })
  await until(() => informer.indexer.size === 2, 'the watch brings a change')
  expect(new Set(proxy.targets)).toEqual(new Set([new URL(server.url).host]))
})

test('a proxy that refuses is named in health, without its password', async () => {
  const { server, proxy } = await start(connectProxy(() => '407 Proxy Authentication Required'))
  const proxyUrl = `http://me:hunter2hunter2@127.0.0.1:${proxy.port}`
  const informer = watching({ kubeConfig: { server: server.url, proxyUrl }, threads: 0 })
  const error = await until(() => informer.health().error, 'the refusal shows')
  expect(error).toMatchObject({ code: 'ERR_CONNECTION', message: expect.stringContaining('407') })
  expect(JSON.stringify([informer.health(), informer.stats()])).not.toContain('hunter2')
})

test('a proxy that is not there is said not to be reached, not to refuse', async () => {
  const { server, proxy } = await start(connectProxy(() => '407 Proxy Authentication Required'))
  const proxyUrl = `http://127.0.0.1:${proxy.port}`
  await proxy.stop()
  const informer = watching({ kubeConfig: { server: server.url, proxyUrl }, threads: 0 })
  const error = await until(() => informer.health().error, 'the failure shows')
  expect(error?.message).toContain(
    `the proxy 127.0.0.1:${proxy.port} cannot be reached: connect ECONNREFUSED`,
  )
})
