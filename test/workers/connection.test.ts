import type { IncomingMessage, ServerResponse } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createNetServer, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterEach, expect, test } from 'vitest'
import { HttpTransport } from '../../workers/connection.ts'
import { testCertificate } from '../support/test-certificate.ts'
import { until } from '../support/until.ts'
import { Answer, endAll, ends, listen, serve, transportOf } from './connection-support.ts'

afterEach(endAll)

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

test('speaks HTTP/1.1 even to servers that would rather not', async () => {
  const versions: string[] = []
  const server = createSecureServer({ ...testCertificate, allowHTTP1: true }, (request, response) => {
    versions.push(request.httpVersion)
    response.end('x')
  })
  const { url } = await listen(server, 'https')
  await new Answer(transportOf(url, { tls: { ca: testCertificate.cert } })).done()
  expect(versions).toEqual(['1.1'])
})

test('shows a client certificate', async () => {
  const subjects: string[] = []
  const server = createTlsServer(
    { ...testCertificate, ca: testCertificate.cert, requestCert: true },
    (request, response) => {
      const { subject } = (request.socket as TLSSocket).getPeerCertificate()
      subjects.push(String(subject?.CN))
      response.end()
    },
  )
  const { url } = await listen(server, 'https')
  const { key, cert } = testCertificate
  await new Answer(transportOf(url, { tls: { ca: cert, cert, key } })).done()
  expect(subjects).toEqual(['kube-informer test'])
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
    if (when !== 'connecting') await until(() => responses.length === 1, 'the request has arrived')
    if (when === 'reading') await answer.until(() => answer.calls.includes('data'))
    const before = [...answer.calls]
    answer.request.abort()
    answer.request.abort()
    await until(() => sockets.size === 0, 'no socket is left')
    expect(answer.calls).toEqual(before)
    // And the next one is none the worse for it.
    responses.length = 0
    const next = new Answer(transport)
    await until(() => responses.length === 1, 'the request has arrived')
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
  await until(() => written > 0, 'the server writes')
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
  const transport = new HttpTransport({ server: url, headers: {} }, 'none')
  const reading = new Answer(transport, '/reading')
  await reading.until(() => reading.calls.includes('data'))
  transport.setConnection({ server: url, headers: {}, tls: { ca: 'another' } })
  const waiting = new Answer(transport, '/waiting')
  await until(() => accepted() === 2, 'both connections are accepted')
  const connecting = new Answer(transport, '/connecting')
  await transport.close()
  await until(() => sockets.size === 0, 'no socket is left')
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
  const transport = new HttpTransport({ server: `https://127.0.0.1:${port}`, headers: {} }, 'none')
  const answer = new Answer(transport)
  await until(() => accepted.size === 1, 'the connection is accepted')
  await transport.close()
  for (const socket of accepted) await until(() => socket.closed, 'the server sees it closed')
  expect(answer.calls).toEqual([])
})
