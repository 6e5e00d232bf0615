import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { until } from '../support/until.ts'
import { Answer, endAll, serve, transportOf } from './connection-support.ts'

afterEach(endAll)

const zipped = (answer: (response: ServerResponse) => unknown) =>
  serve((_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' })
    answer(response)
  })

/** As a server of 1.37 does with every flush. */
const member = (text: string): Buffer => gzipSync(text, { level: 1 })

/** Another checksum. */
function corrupt(bytes: Buffer): Buffer {
  return bytes.fill(1, bytes.length - 8, bytes.length - 4)
}

test('a body of one member, asked for or not, is given as it was', async () => {
  const text = JSON.stringify(Array.from({ length: 50_000 }, (_, i) => ({ name: `pod-${i}` })))
  const { url } = await zipped((response) => response.end(gzipSync(text)))
  const answer = await new Answer(transportOf(url)).done()
  expect(answer.calls.at(0)).toBe('headers')
  expect(answer.calls.at(-1)).toBe('end')
  expect(answer.body).toBe(text)
  expect(answer.wireBytes).toBe(gzipSync(text).length)
})

test('of many members each comes at once, whatever the cuts', async () => {
  let response: ServerResponse | undefined
  const { url } = await zipped((one) => {
    response = one
    one.flushHeaders()
  })
  const answer = new Answer(transportOf(url))
  await answer.until(() => answer.calls.includes('headers'))
  for (let i = 0; i < 50; i++) {
    response?.write(member(`event ${i}\n`))
    // The next is written only once this one is here: nothing may wait for it.
    await answer.until(() => answer.body.endsWith(`event ${i}\n`))
  }
  const two = Buffer.concat([member('first\n'), member('second\n')])
  for (const byte of two) {
    response?.write(Buffer.of(byte))
    await new Promise((resolve) => setImmediate(resolve))
  }
  response?.end()
  await answer.done()
  expect(answer.body.endsWith('event 49\nfirst\nsecond\n')).toBe(true)
  expect(answer.error).toBeUndefined()
})

test('a body that is empty is whole', async () => {
  const { url } = await zipped((response) => response.end())
  expect((await new Answer(transportOf(url)).done()).calls).toEqual(['headers', 'end'])
})

test.each([
  ['cut inside a member', member('x'.repeat(1000)).subarray(0, 20), 'ERR_STREAM_ENDED'],
  ['no gzip at all', Buffer.from('{"kind":"PodList"}'), 'ERR_UNEXPECTED_BODY'],
  ['a member whose checksum is wrong', corrupt(member('hello')), 'ERR_UNEXPECTED_BODY'],
])('%s is a coded error', async (_what, bytes, code) => {
  const { url } = await zipped((response) => response.end(bytes))
  const { error, calls } = await new Answer(transportOf(url)).done()
  expect(error?.code).toBe(code)
  expect(calls.filter((call) => call === 'error' || call === 'end')).toEqual(['error'])
})

test.each([
  ['zeros', Buffer.alloc(10)],
  ['text', Buffer.from('garbage')],
])('a stream that goes on with %s behind a member is not listened to for ever', async (_what, rest) => {
  let response: ServerResponse | undefined
  const { url, sockets } = await zipped((one) => {
    response = one
    one.write(member('x\n'))
  })
  const answer = new Answer(transportOf(url))
  await answer.until(() => answer.body === 'x\n')
  response?.write(rest)
  expect((await answer.done()).error?.code).toBe('ERR_UNEXPECTED_BODY')
  await until(() => sockets.size === 0, 'the socket is closed')
})

test('paused, it unpacks no more, and the socket is not read', async () => {
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024))
  let written = 0
  const { url } = await zipped((response) => {
    const write = (): void => {
      while (!response.destroyed && written < 64 * 1024 * 1024) {
        written += bomb.length
        if (!response.write(bomb)) return void response.once('drain', write)
      }
    }
    write()
  })
  const transport = transportOf(url)
  let bytes = 0
  const request = transport.open('/', new URLSearchParams(), {
    onHeaders() {},
    onData(chunk) {
      bytes += chunk.length
      request.pause()
    },
    onEnd() {},
    onError() {},
  })
  await until(() => bytes > 0, 'the first bytes are here')
  let before = -1
  while (before !== written) {
    before = written
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  expect(bytes).toBeLessThan(1024 * 1024)
  expect(written).toBeLessThan(32 * 1024 * 1024)
  const sofar = bytes
  request.resume()
  await until(() => bytes > sofar, 'it goes on')
  request.abort()
})

test('a refusal that is compressed still says why', async () => {
  const status = JSON.stringify({ kind: 'Status', code: 410, metadata: { continue: 'fresh' } })
  const { url } = await serve((_request, response) =>
    response.writeHead(410, { 'content-encoding': 'gzip' }).end(member(status)),
  )
  const { error } = await new Answer(transportOf(url)).done()
  expect(error).toMatchObject({ code: 'ERR_VERSION_EXPIRED', facts: { continueToken: 'fresh' } })
})

test('close leaves nothing of a compressed stream', async () => {
  const { url, sockets } = await zipped((response) => response.write(member('x')))
  const transport = transportOf(url)
  const answer = new Answer(transport)
  await answer.until(() => answer.body === 'x')
  await transport.close()
  await until(() => sockets.size === 0, 'no socket is left')
  expect(answer.calls).toEqual(['headers', 'data'])
})
