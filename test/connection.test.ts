import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createNetServer, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { version } from '../src/base/version.ts'
import type { KubeInformerError } from '../src/errors.ts'
import type { ConnectionMaterial } from '../src/protocol/messages.ts'
import { HttpTransport } from '../workers/connection.ts'
import type { TransportHandler, TransportRequest } from '../workers/transport.ts'
import { testCertificate } from './support/test-certificate.ts'

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

interface TestServer {
  readonly url: string
  readonly sockets: Set<Socket>
  /** Sockets ever accepted. */
  readonly accepted: () => number
}

async function listen(server: Server, scheme = 'http'): Promise<TestServer> {
  const sockets = new Set<Socket>()
  let accepted = 0
  server.on('connection', (socket: Socket) => {
    accepted++
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, sockets, accepted: () => accepted }
}

const serve = (listener: RequestListener): Promise<TestServer> => listen(createServer(listener))

function transportOf(server: string, more: Partial<ConnectionMaterial> = {}): HttpTransport {
  const transport = new HttpTransport({ server, headers: {}, ...more })
  ends.push(() => transport.close())
  return transport
}

class Answer implements TransportHandler {
  readonly calls: string[] = []
  readonly request: TransportRequest
  error: KubeInformerError | undefined
  body = ''
  #waiting: (() => void)[] = []

  constructor(transport: HttpTransport, path = '/api/v1/pods', query: Record<string, string> = {}) {
    this.request = transport.open(path, new URLSearchParams(query), this)
    // Never before open() has returned.
    expect(this.calls).toEqual([])
  }

  onHeaders(): void {
    this.#call('headers')
  }

  onData(chunk: Buffer): void {
    this.body += chunk.toString()
    this.#call('data')
  }

  onEnd(): void {
    this.#call('end')
  }

  onError(error: KubeInformerError): void {
    this.error = error
    this.#call('error')
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  async done(): Promise<this> {
    await this.until(() => this.calls.includes('end') || this.calls.includes('error'))
    return this
  }

  #call(name: string): void {
    this.calls.push(name)
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}

test('asks for JSON, uncompressed, by its name, with the credentials given', async () => {
  let seen: IncomingMessage | undefined
  const { url } = await serve((request, response) => {
    seen = request
    response.end('{}')
  })
  const transport = transportOf(`${url}/prefix/`, { headers: { authorization: 'Bearer t0ken' } })
  const answer = await new Answer(transport, '/api/v1/pods', {
    watch: '1',
    labelSelector: 'a in (b, c),d!=e',
  }).done()
  expect(answer.calls).toEqual(['headers', 'data', 'end'])
  expect(answer.body).toBe('{}')
  expect(seen?.method).toBe('GET')
  const target = new URL(seen?.url ?? '', url)
  expect(target.pathname).toBe('/prefix/api/v1/pods')
  expect(Object.fromEntries(target.searchParams)).toEqual({ watch: '1', labelSelector: 'a in (b, c),d!=e' })
  expect(seen?.headers).toMatchObject({
    accept: 'application/json',
    'accept-encoding': 'identity',
    'user-agent': `kube-informer/${version}`,
    authorization: 'Bearer t0ken',
  })
})

test('speaks HTTPS with the CA given, and to nobody that it does not vouch for', async () => {
  const { url } = await listen(
    createTlsServer(testCertificate, (_request, response) => response.end('secure')),
    'https',
  )
  const trusting = await new Answer(transportOf(url, { tls: { ca: testCertificate.cert } })).done()
  expect(trusting.body).toBe('secure')
  const careless = await new Answer(transportOf(url, { tls: { rejectUnauthorized: false } })).done()
  expect(careless.body).toBe('secure')
  const { error } = await new Answer(transportOf(url)).done()
  expect(error).toMatchObject({ code: 'ERR_CONNECTION', canRetry: true })
  expect(error?.message).toMatch(/certificate/)
})

test('shows a client certificate', async () => {
  const subjects: string[] = []
  const server = createTlsServer(
    { ...testCertificate, ca: testCertificate.cert, requestCert: true },
    (request, response) => {
      const { subject } = (request.socket as import('node:tls').TLSSocket).getPeerCertificate()
      subjects.push(String(subject?.CN))
      response.end()
    },
  )
  const { url } = await listen(server, 'https')
  const { key, cert } = testCertificate
  await new Answer(transportOf(url, { tls: { ca: cert, cert, key } })).done()
  expect(subjects).toEqual(['kube-informer test'])
})

const statusBody = (code: number, reason: string, more: object = {}): string =>
  JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    message: 'because',
    code,
    reason,
    ...more,
  })

test.each([
  [401, 'Unauthorized', {}, 'ERR_UNAUTHORIZED', {}],
  [403, 'Forbidden', {}, 'ERR_FORBIDDEN', {}],
  [404, 'NotFound', {}, 'ERR_NOT_FOUND', {}],
  [410, 'Expired', { metadata: { continue: 'fresh' } }, 'ERR_VERSION_EXPIRED', { continueToken: 'fresh' }],
  [429, 'TooManyRequests', { details: { retryAfterSeconds: 3 } }, 'ERR_THROTTLED', { retryAfterMs: 3000 }],
  [500, 'InternalError', {}, 'ERR_API_STATUS', {}],
  [
    504,
    'Timeout',
    { details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }] } },
    'ERR_VERSION_TOO_LARGE',
    {},
  ],
  [504, 'Timeout', { message: 'Too large resource version: 9, current: 5' }, 'ERR_VERSION_TOO_LARGE', {}],
  [504, 'Timeout', {}, 'ERR_API_STATUS', {}],
  [
    422,
    'Invalid',
    { details: { causes: [{ field: 'sendInitialEvents', message: 'Forbidden' }] } },
    'ERR_API_STATUS',
    { fields: ['sendInitialEvents'] },
  ],
])('a %i %s is one coded error', async (code, reason, more, expected, facts) => {
  const { url } = await serve((_request, response) =>
    response.writeHead(code, { 'content-type': 'application/json' }).end(statusBody(code, reason, more)),
  )
  const answer = await new Answer(transportOf(url)).done()
  expect(answer.calls).toEqual(['error'])
  expect(answer.error?.code).toBe(expected)
  expect(answer.error?.facts).toEqual({ status: code, reason, ...facts })
})

test.each([
  ['seconds', '7', 7_000],
  ['a date', new Date(Date.now() + 60_000).toUTCString(), undefined],
  ['a date that has passed', 'Wed, 21 Oct 2015 07:28:00 GMT', 0],
  ['far too much', '999999999', 300_000],
])('understands Retry-After as %s', async (_what, header, expected) => {
  const { url } = await serve((_request, response) =>
    response.writeHead(429, { 'retry-after': header }).end(),
  )
  const { error } = await new Answer(transportOf(url)).done()
  const ms = error?.facts.retryAfterMs
  if (expected !== undefined) expect(ms).toBe(expected)
  else expect(ms).toBeGreaterThan(50_000)
  expect(ms).toBeLessThanOrEqual(300_000)
})

test.each([
  ['HTML', '<html>Service Unavailable</html>'],
  ['nothing', ''],
  ['broken JSON', '{"kind":"Status"'],
])('an error whose body is %s still has its status', async (_what, body) => {
  const { url } = await serve((_request, response) => response.writeHead(503).end(body))
  const { error } = await new Answer(transportOf(url)).done()
  expect(error).toMatchObject({ code: 'ERR_API_STATUS', facts: { status: 503 } })
})

test('reads no more than 64 KiB of an error, and does not wait for its end', async () => {
  const { url, sockets } = await serve((_request, response) => {
    response.writeHead(500)
    const write = (): void => {
      if (!response.destroyed) response.write('x'.repeat(64 * 1024), write)
    }
    write()
  })
  const answer = await new Answer(transportOf(url)).done()
  expect(answer.error?.message.length).toBeLessThan(1000)
  expect(answer.error?.facts.status).toBe(500)
  await eventually(() => sockets.size === 0)
})

test.each([301, 302, 307, 308])('follows no redirect: %i', async (code) => {
  let requests = 0
  const { url } = await serve((_request, response) => {
    requests++
    response.writeHead(code, { location: '/elsewhere' }).end()
  })
  const { error } = await new Answer(transportOf(url)).done()
  expect(error).toMatchObject({ code: 'ERR_API_STATUS', facts: { status: code } })
  expect(requests).toBe(1)
})

test('refuses an answer that is compressed all the same', async () => {
  const { url } = await serve((_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).write('x')
  })
  const answer = await new Answer(transportOf(url)).done()
  expect(answer.calls).toEqual(['error'])
  expect(answer.error?.code).toBe('ERR_UNEXPECTED_BODY')
})

test('tells a clean end from a connection that broke', async () => {
  const { url } = await serve((request, response) => {
    response.write('part')
    if (request.url?.includes('clean')) response.end()
    else setImmediate(() => request.socket.destroy())
  })
  const transport = transportOf(url)
  expect((await new Answer(transport, '/clean').done()).calls).toEqual(['headers', 'data', 'end'])
  const broken = await new Answer(transport, '/broken').done()
  expect(broken.calls.at(-1)).toBe('error')
  expect(broken.error?.code).toBe('ERR_CONNECTION')
})

test('names the server that cannot be reached, not what is in its URL', async () => {
  const { url } = await serve(() => {})
  const dead = createNetServer()
  await new Promise<void>((resolve) => dead.listen(0, '127.0.0.1', resolve))
  const { port } = dead.address() as AddressInfo
  await new Promise((resolve) => dead.close(resolve))
  const refused = await new Answer(transportOf(`http://user:pa55word@127.0.0.1:${port}`)).done()
  expect(refused.error?.code).toBe('ERR_CONNECTION')
  expect(refused.error?.message).toContain('ECONNREFUSED')
  expect(refused.error?.message).toContain(`127.0.0.1:${port}`)
  expect(refused.error?.message).not.toContain('pa55word')
  for (const bad of ['not a url', `${url}\n`, 'ftp://127.0.0.1']) {
    const answer = new Answer(transportOf(bad), '/x\ny')
    expect((await answer.done()).error?.code).toBe('ERR_CONNECTION')
  }
})

test('no error shows a credential, even if the server sends it back', async () => {
  const { url } = await serve((request, response) => {
    response
      .writeHead(403)
      .end(JSON.stringify({ kind: 'Status', code: 403, message: `who is ${request.headers.authorization}?` }))
  })
  const token = 'eyJhbGciOiJSUzI1NiJ9.secret'
  const headers = { Authorization: `Bearer ${token}` }
  const { error } = await new Answer(transportOf(url, { headers })).done()
  expect(error?.message).toContain('who is')
  expect(JSON.stringify(error) + error?.message + error?.stack).not.toContain('secret')
  const bad = await new Answer(transportOf(url, { headers: { authorization: `Bearer ${token}\n` } })).done()
  expect(bad.error?.code).toBe('ERR_CONNECTION')
  expect(bad.error?.message + String(bad.error?.cause)).not.toContain('secret')
})

test.each(['connecting', 'waiting for headers', 'reading'])(
  'an aborted request is silent: %s',
  async (when) => {
    const responses: ServerResponse[] = []
    const { url, sockets } = await serve((_request, response) => {
      responses.push(response)
      if (when === 'reading') response.write('x')
    })
    const transport = transportOf(url)
    const answer = new Answer(transport)
    if (when !== 'connecting') await eventually(() => responses.length === 1)
    if (when === 'reading') await answer.until(() => answer.calls.includes('data'))
    const before = [...answer.calls]
    answer.request.abort()
    answer.request.abort()
    await eventually(() => sockets.size === 0)
    expect(answer.calls).toEqual(before)
    // And the next one is none the worse for it.
    responses.length = 0
    const next = new Answer(transport)
    await eventually(() => responses.length === 1)
    responses[0]?.end('y')
    expect((await next.done()).calls).toContain('end')
  },
)

test('stops reading while paused', async () => {
  const block = Buffer.alloc(64 * 1024, 'x')
  let written = 0
  let finish = (): void => {}
  const { url } = await serve((_request, response) => {
    finish = () => response.end()
    const write = (): void => {
      while (written < 64 * 1024 * 1024) {
        written += block.length
        if (!response.write(block)) {
          response.once('drain', write)
          return
        }
      }
      response.end()
    }
    write()
  })
  const answer = new Answer(transportOf(url))
  answer.request.pause()
  await eventually(() => written > 0)
  // Until the buffers of both ends are full, and nothing moves any more.
  let last = -1
  while (written !== last) {
    last = written
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  expect(answer.body.length).toBeLessThanOrEqual(1024 * 1024)
  expect(written).toBeLessThan(64 * 1024 * 1024)
  answer.request.resume()
  await answer.done()
  expect(answer.body.length).toBe(64 * 1024 * 1024)
  finish()
})

test('may be paused and resumed from inside its own data', async () => {
  const { url } = await serve((_request, response) => response.end('x'.repeat(1_000_000)))
  const transport = transportOf(url)
  let bytes = 0
  await new Promise<void>((resolve, reject) => {
    const request = transport.open('/', new URLSearchParams(), {
      onHeaders() {},
      onData(chunk) {
        bytes += chunk.length
        request.pause()
        request.resume()
        request.pause()
        setImmediate(() => request.resume())
      },
      onEnd: resolve,
      onError: reject,
    })
  })
  expect(bytes).toBe(1_000_000)
})

test('a watch that says nothing and one that talks do not hinder each other, nor a third request', async () => {
  const { url, accepted } = await serve((request, response) => {
    if (request.url === '/silent') response.flushHeaders()
    else response.end('x')
  })
  const transport = transportOf(url)
  const quiet = new Answer(transport, '/silent')
  await quiet.until(() => quiet.calls.includes('headers'))
  for (let i = 0; i < 10; i++) expect((await new Answer(transport, '/list').done()).body).toBe('x')
  // Kept alive between requests; one that follows at once may find the last socket not ready yet.
  expect(accepted()).toBeLessThanOrEqual(3)
  expect(quiet.calls).toEqual(['headers'])
})

test('new credentials hold for later requests; the running one goes on', async () => {
  const tokens: (string | undefined)[] = []
  const open: ServerResponse[] = []
  const { url } = await serve((request, response) => {
    tokens.push(request.headers.authorization)
    response.write('x')
    open.push(response)
  })
  const transport = transportOf(url, { headers: { authorization: 'Bearer one' } })
  const first = new Answer(transport)
  await first.until(() => first.calls.includes('data'))
  transport.setConnection({ server: url, headers: { authorization: 'Bearer two' } })
  // Another TLS identity too: a new pool.
  transport.setConnection({ server: url, headers: { authorization: 'Bearer three' }, tls: { ca: 'x' } })
  const second = new Answer(transport)
  await second.until(() => second.calls.includes('data'))
  expect(tokens).toEqual(['Bearer one', 'Bearer three'])
  for (const response of open) response.end('y')
  expect((await first.done()).body).toBe('xy')
  expect((await second.done()).body).toBe('xy')
})

test('close leaves no socket, whatever is under way, and calls nobody', async () => {
  const { url, sockets, accepted } = await serve((request, response) => {
    if (request.url === '/reading') response.write('x')
  })
  const transport = new HttpTransport({ server: url, headers: {} })
  const reading = new Answer(transport, '/reading')
  await reading.until(() => reading.calls.includes('data'))
  transport.setConnection({ server: url, headers: {}, tls: { ca: 'another' } })
  const waiting = new Answer(transport, '/waiting')
  await eventually(() => accepted() === 2)
  const connecting = new Answer(transport, '/connecting')
  await transport.close()
  await eventually(() => sockets.size === 0)
  expect(reading.calls).toEqual(['headers', 'data'])
  expect(waiting.calls).toEqual([])
  expect(connecting.calls).toEqual([])
})

test('close does not wait for a server that accepts and says nothing of TLS', async () => {
  const accepted = new Set<Socket>()
  const mute = createNetServer((socket) => {
    accepted.add(socket)
    socket.resume().on('error', () => {})
  })
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
  ends.push(() => new Promise((resolve) => mute.close(resolve)))
  const { port } = mute.address() as AddressInfo
  const transport = new HttpTransport({ server: `https://127.0.0.1:${port}`, headers: {} })
  const answer = new Answer(transport)
  await eventually(() => accepted.size === 1)
  await transport.close()
  for (const socket of accepted) await eventually(() => socket.closed)
  expect(answer.calls).toEqual([])
})
