import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { afterEach, expect, test } from 'vitest'
import { nodeRuntime, type Runtime } from '../../src/base/runtime.ts'
import { ApiClient } from '../../src/config/api-request.ts'
import { CredentialsBroker } from '../../src/config/credentials-broker.ts'
import { EmbeddedApiServer } from '../../src/testing/index.ts'
import { HttpTransport } from '../../workers/connection.ts'
import { Bench } from '../reflector/driver-support.ts'
import { connectProxy, mutePort, socksProxy, type TestProxy } from '../support/proxies.ts'
import { testCertificate } from '../support/test-certificate.ts'
import { until } from '../support/until.ts'
import { Answer, endAll, ends, listen, type TestServer, transportOf } from './connection-support.ts'

afterEach(endAll)

const tls = { ca: testCertificate.cert }

async function proxied(making: Promise<TestProxy>): Promise<TestProxy> {
  const proxy = await making
  ends.push(() => proxy.stop().catch(() => {}))
  return proxy
}

const secureServer = (): Promise<TestServer> =>
  listen(
    createTlsServer(testCertificate, (request, response) => {
      if (request.url === '/open') response.write('x')
      else response.end('secure')
    }),
    'https',
  )

const port = (url: string): string => new URL(url).port

test.each([
  ['http', () => connectProxy()],
  ['https', () => connectProxy(undefined, true)],
  ['socks5', () => socksProxy()],
  ['socks5h', () => socksProxy()],
])(
  '%s: TLS and plain HTTP go through it, names unresolved, and close leaves no socket',
  async (scheme, make) => {
    const secure = await secureServer()
    const plain = await listen(createServer((_request, response) => response.end('plain')))
    const proxy = await proxied(make())
    const proxyUrl = `${scheme}://127.0.0.1:${proxy.port}`
    const server = `https://localhost:${port(secure.url)}`
    const transport = transportOf(server, { tls, proxyUrl })
    expect((await new Answer(transport).done()).body).toBe('secure')
    expect((await new Answer(transport).done()).body).toBe('secure')
    const open = new Answer(transport, '/open')
    await open.until(() => open.calls.includes('data'))
    // The first two shared a tunnel.
    expect(proxy.targets.length).toBeLessThanOrEqual(2)
    expect(new Set(proxy.targets)).toEqual(new Set([`localhost:${port(secure.url)}`]))
    // proxy-tls trusts the CA of the cluster; plain HTTP has none.
    const plainTls = scheme === 'https' ? { tls } : {}
    const other = transportOf(plain.url, { proxyUrl, ...plainTls })
    expect((await new Answer(other).done()).body).toBe('plain')
    await transport.close()
    await other.close()
    await until(
      () => proxy.sockets.size + secure.sockets.size + plain.sockets.size === 0,
      'no socket is left',
    )
  },
)

test.each([
  ['http', () => connectProxy()],
  ['socks5', () => socksProxy('us er:p@ss')],
])('%s: user and password of its URL are given, to it alone', async (scheme, make) => {
  let seen: unknown
  const server = await listen(
    createServer((request, response) => {
      seen = request.headers['proxy-authorization']
      response.end('x')
    }),
  )
  const proxy = await proxied(make())
  const proxyUrl = `${scheme}://us%20er:p%40ss@127.0.0.1:${proxy.port}`
  expect((await new Answer(transportOf(server.url, { proxyUrl })).done()).body).toBe('x')
  const basic = `Basic ${Buffer.from('us er:p@ss').toString('base64')}`
  expect(proxy.credentials).toEqual([scheme === 'http' ? basic : 'us er:p@ss'])
  expect(seen).toBeUndefined()
})

test('whoever the CA does not vouch for is not spoken to behind a proxy either', async () => {
  const secure = await secureServer()
  const proxy = await proxied(connectProxy())
  const proxyUrl = `http://127.0.0.1:${proxy.port}`
  const { error } = await new Answer(transportOf(secure.url, { proxyUrl })).done()
  expect(error?.message).toMatch(/certificate/)
  const wrongName = transportOf(secure.url, { proxyUrl, tls: { ...tls, servername: 'elsewhere' } })
  expect((await new Answer(wrongName).done()).error?.message).toMatch(/altnames/)
})

test.each([
  ['407 Proxy Authentication Required', /refused: 407 Proxy Authentication Required/],
  ['403 Forbidden', /refused: 403 Forbidden/],
  ['502 pa55word and dXNlcjpwYTU1d29yZA==', /refused: 502 \[redacted\] and \[redacted\]/],
])('a proxy that says %s is a coded error in its words, without the password', async (status, words) => {
  const proxy = await proxied(connectProxy(() => status))
  const proxyUrl = `http://user:pa55word@127.0.0.1:${proxy.port}`
  const { error } = await new Answer(transportOf('https://127.0.0.1:1', { proxyUrl })).done()
  expect(error).toMatchObject({ code: 'ERR_CONNECTION', canRetry: true })
  expect(error?.message).toMatch(words)
  expect(error?.message).toContain(`the proxy 127.0.0.1:${proxy.port}`)
  expect(`${JSON.stringify(error)}${error?.stack}`).not.toContain('pa55word')
  const broker = new CredentialsBroker(
    { reuseMs: 1e9, load: async () => ({ server: 'https://127.0.0.1:1', headers: {}, proxyUrl }) },
    nodeRuntime,
  )
  const api = new ApiClient(broker)
  const failed = await api.getJson('/version').catch((reason: unknown) => reason)
  await api.close()
  expect(failed).toMatchObject({ code: 'ERR_CONNECTION' })
  expect(String((failed as Error).cause)).toMatch(words)
})

test('what is wrong with the proxy itself is said: nobody there, no user, no URL', async () => {
  const gone = await connectProxy()
  await gone.stop()
  const socks = await proxied(socksProxy('other:secret99'))
  for (const [proxyUrl, words] of [
    [`http://127.0.0.1:${gone.port}`, /ECONNREFUSED/],
    [`socks5://me:wrong999@127.0.0.1:${socks.port}`, /[Aa]uthentication/],
    ['ftp://u:pa55word@127.0.0.1', /no URL of http, https, socks5/],
    ['pa55word', /no URL of http, https, socks5/],
  ] as const) {
    const { error } = await new Answer(transportOf('https://127.0.0.1:1', { proxyUrl })).done()
    expect(error?.code).toBe('ERR_CONNECTION')
    expect(error?.message).toMatch(words)
    expect(error?.message).not.toMatch(/pa55word|wrong999/)
  }
})

/** Timers fifty times as fast: the limit is 10 s. */
const hasty: Runtime = { ...nodeRuntime, setTimer: (ms, fn, keep) => nodeRuntime.setTimer(ms / 50, fn, keep) }

test.each(['http', 'https', 'socks5'])(
  '%s: a proxy that takes the connection and is silent is given up',
  async (scheme) => {
    const mute = await proxied(mutePort())
    const proxyUrl = `${scheme}://127.0.0.1:${mute.port}`
    const transport = new HttpTransport(
      { server: 'https://127.0.0.1:1', headers: {}, proxyUrl },
      'none',
      hasty,
    )
    ends.push(() => transport.close())
    const { error } = await new Answer(transport).done()
    expect(error?.message).toContain('did not answer in 10000 ms')
    await until(() => mute.sockets.size === 0, 'its socket is closed')
  },
)

test('close does not wait for a proxy that is silent', async () => {
  const mute = await proxied(mutePort())
  const proxyUrl = `http://127.0.0.1:${mute.port}`
  const transport = transportOf('https://127.0.0.1:1', { proxyUrl })
  const answer = new Answer(transport)
  await until(() => mute.sockets.size === 1, 'the connection is accepted')
  await transport.close()
  await until(() => mute.sockets.size === 0, 'no socket is left')
  expect(answer.calls).toEqual([])
})

test('a watch goes through; the proxy dies and comes back, and it resumes without a list', async () => {
  const server = new EmbeddedApiServer({ tls: testCertificate })
  await server.start()
  ends.push(() => server.close())
  const proxy = await proxied(connectProxy())
  const proxyUrl = `http://127.0.0.1:${proxy.port}`
  const transport = transportOf(server.url, { tls, proxyUrl })
  const bench = new Bench({
    runtime: nodeRuntime,
    transport,
    timing: { backoffBaseMs: 10, backoffMaxMs: 40 },
  })
  ends.push(async () => bench.driver.stop())
  const create = (name: string): unknown =>
    server.create('pods', { metadata: { name, namespace: 'default' } })
  const sees = (name: string): Promise<true> =>
    until(
      () =>
        bench.log.some(
          (line) => line.startsWith(`upsert default/${name}@`) || line.startsWith(`upsert ${name}@`),
        ),
      name,
    )
  create('a')
  bench.start()
  await sees('a')
  await proxy.stop()
  await until(() => bench.log.some((line) => /retrying.*ERR_CONNECTION/.test(line)), 'the fault is told')
  create('b')
  await proxy.start()
  await sees('b')
  expect(bench.log.filter((line) => line.startsWith('list start'))).toHaveLength(1)
})

test('another proxy holds for later requests', async () => {
  const server = await listen(createServer((_request, response) => response.end('x')))
  const [first, second] = [await proxied(connectProxy()), await proxied(connectProxy())]
  const material = (proxy: TestProxy) => ({
    server: server.url,
    headers: {},
    proxyUrl: `http://127.0.0.1:${proxy.port}`,
  })
  const transport = transportOf(server.url, material(first))
  await new Answer(transport).done()
  transport.setConnection(material(second))
  await new Answer(transport).done()
  expect([first.targets.length, second.targets.length]).toEqual([1, 1])
})
