import { type AddressInfo, createServer as createNetServer } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { until } from '../support/until.ts'
import { Answer, endAll, serve, transportOf } from './connection-support.ts'

afterEach(endAll)

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

test('interim answers are no answer', async () => {
  const { url } = await serve((_request, response) => {
    response.writeProcessing()
    response.writeEarlyHints({ link: '</style.css>; rel=preload' })
    response.end('body')
  })
  const answer = await new Answer(transportOf(url)).done()
  expect(answer.calls[0]).toBe('headers')
  expect(answer.error).toBeUndefined()
})

test.each([
  ['seconds', '7', 7_000],
  ['a date', new Date(Date.now() + 60_000).toUTCString(), undefined],
  ['a date that has passed', 'Wed, 21 Oct 2015 07:28:00 GMT', 0],
  ['far too much, which the reflector bounds', '999999999', 999_999_999_000],
])('understands Retry-After as %s', async (_what, header, expected) => {
  const { url } = await serve((_request, response) =>
    response.writeHead(429, { 'retry-after': header }).end(),
  )
  const { error } = await new Answer(transportOf(url)).done()
  const ms = error?.facts.retryAfterMs
  if (expected !== undefined) expect(ms).toBe(expected)
  else expect(Math.abs((ms ?? 0) - 55_000)).toBeLessThanOrEqual(5_000)
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
  await until(() => sockets.size === 0, 'no socket is left')
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

test('refuses an answer that is compressed in a way nobody asked for', async () => {
  const { url } = await serve((_request, response) => {
    response.writeHead(200, { 'content-encoding': 'br' }).write('x')
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
