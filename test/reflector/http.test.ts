import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { nodeRuntime } from '../../src/base/runtime.ts'
import type { ReflectorTiming } from '../../src/protocol/messages.ts'
import { HttpTransport } from '../../workers/connection.ts'
import { Bench, listText, object } from './driver-support.ts'

type Answer = (response: ServerResponse, request: IncomingMessage) => void

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

interface Scene {
  readonly url: string
  readonly bench: Bench
  /** What was asked for, in order. */
  readonly asked: string[]
  until(line: string | RegExp): Promise<void>
  untilAsked(count: number): Promise<void>
}

/** A driver over real HTTP whose requests are answered by `answers`, one each; more are left waiting. */
async function scene(
  answers: readonly Answer[],
  options: { readonly headers?: Record<string, string>; readonly timing?: Partial<ReflectorTiming> } = {},
): Promise<Scene> {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://test')
    const version = searchParams.get('continue') ?? searchParams.get('resourceVersion')
    const kind = searchParams.has('sendInitialEvents')
      ? 'stream'
      : searchParams.has('watch')
        ? 'watch'
        : searchParams.get('limit') === '1'
          ? 'probe'
          : searchParams.has('limit')
            ? 'page'
            : 'list'
    const answer = answers[asked.length]
    asked.push(`${kind} ${version}`.trimEnd())
    check()
    answer?.(response, request)
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const transport = new HttpTransport({ server: url, headers: options.headers ?? {} }, 'none')
  const bench = new Bench({
    runtime: nodeRuntime,
    transport,
    timing: {
      backoffBaseMs: 10,
      backoffMaxMs: 40,
      absentAfterMs: 100,
      // Only where it is the point: a busy machine is silent now and then, too.
      ...options.timing,
    },
  })
  const waiting = new Set<() => void>()
  const check = (): void => {
    for (const one of waiting) one()
  }
  bench.onLog = check
  ends.push(async () => {
    bench.driver.stop()
    await transport.close()
    // Hangs, and fails, if the transport left a socket open.
    while (sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await new Promise((resolve) => server.close(resolve))
  })
  const untilTrue = (condition: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const one = (): void => {
        if (!condition()) return
        waiting.delete(one)
        resolve()
      }
      waiting.add(one)
      one()
    })
  bench.start()
  return {
    url,
    bench,
    asked,
    until: (line) =>
      untilTrue(() => bench.log.some((each) => (typeof line === 'string' ? each === line : line.test(each)))),
    untilAsked: (count) => untilTrue(() => asked.length >= count),
  }
}

const event = (type: string, name: string, version: number): string =>
  `{"type":"${type}","object":${object(name, version)}}\n`
const endBookmark = (version: number): string =>
  `{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"${version}","annotations":{"k8s.io/initial-events-end":"true"}}}}\n`
const error = (code: number, reason: string): string =>
  `{"type":"ERROR","object":${JSON.stringify({ kind: 'Status', code, reason })}}\n`

const write =
  (...parts: string[]): Answer =>
  (response) => {
    for (const part of parts) response.write(part)
  }
const end =
  (body: string): Answer =>
  (response) =>
    response.end(body)
const status =
  (code: number, reason: string, more: object = {}, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response
      .writeHead(code, headers)
      .end(JSON.stringify({ kind: 'Status', code, reason, message: reason, ...more }))
const synced = write(event('ADDED', 'a', 5), endBookmark(10))
const noStream = status(422, 'Invalid', { details: { causes: [{ field: 'sendInitialEvents' }] } })

const applied = (bench: Bench): string[] => bench.log.filter((line) => /^(upsert|deleted|list)/.test(line))

describe('over real HTTP', () => {
  test('syncs by a stream that arrives byte by byte, and follows', async () => {
    const text = event('ADDED', 'ü', 5) + endBookmark(10) + event('DELETED', 'ü', 11)
    const { bench, until } = await scene([
      (response) => {
        for (const byte of Buffer.from(text)) response.write(Buffer.of(byte))
      },
    ])
    await until('deleted ü@11')
    expect(applied(bench)).toEqual(['list start', 'upsert ü@5', 'list end 10', 'deleted ü@11'])
  })

  test('syncs by pages that arrive byte by byte', async () => {
    const page =
      (text: string): Answer =>
      (response) => {
        for (const byte of Buffer.from(text)) response.write(Buffer.of(byte))
        response.end()
      }
    const { asked, until } = await scene([
      noStream,
      page(listText(10, ['a', 'b'], 'token')),
      page(listText(10, ['c'])),
    ])
    await until('list end 10')
    expect(asked.slice(0, 3)).toEqual(['stream', 'page', 'page token'])
  })

  test('a connection cut in the middle of a line: resumes from the last whole event', async () => {
    const { bench, asked, until } = await scene([
      (response, request) => {
        synced(response, request)
        response.write(event('MODIFIED', 'a', 11) + event('MODIFIED', 'a', 12).slice(0, 30), () =>
          setImmediate(() => request.socket.destroy()),
        )
      },
      write(event('MODIFIED', 'a', 12)),
    ])
    await until('upsert a@12')
    expect(asked).toEqual(['stream', 'watch 11'])
    expect(applied(bench)).toEqual(['list start', 'upsert a@5', 'list end 10', 'upsert a@11', 'upsert a@12'])
  })

  test('a body that ends in the middle of a line, cleanly', async () => {
    const { asked, until } = await scene([
      (response) => response.end(`${event('ADDED', 'a', 5)}${endBookmark(10)}{"type":"ADDED","obj`),
      write(event('ADDED', 'b', 12)),
    ])
    await until('upsert b@12')
    expect(asked).toEqual(['stream', 'watch 10'])
  })

  test('a half-open connection: notices the silence', async () => {
    const { asked, until, untilAsked } = await scene([synced, (response) => response.flushHeaders()], {
      timing: { silenceMs: 300 },
    })
    await until('list end 10')
    await untilAsked(2)
    expect(asked[1]).toBe('watch 10')
  })

  test('410 in the stream', async () => {
    const { asked, until } = await scene([
      write(event('ADDED', 'a', 5), endBookmark(10), error(410, 'Expired')),
      write(event('ADDED', 'a', 15), endBookmark(20)),
    ])
    await until('list end 20')
    expect(asked).toEqual(['stream', 'stream'])
  })

  test('410 on a page with a fresh token', async () => {
    const { bench, asked, untilAsked } = await scene([
      noStream,
      end(listText(10, ['a'], 'token')),
      status(410, 'Expired', { metadata: { continue: 'fresh' } }),
      end(listText(30, ['b'])),
    ])
    await untilAsked(5)
    expect(asked).toEqual(['stream', 'page', 'page token', 'page fresh', 'watch 10'])
    expect(bench.log).toContain('list end 10, known 30')
  })

  test('410 on a page without one', async () => {
    const { asked, untilAsked } = await scene([
      noStream,
      end(listText(10, ['a'], 'token')),
      status(410, 'Expired'),
      end(listText(30, ['a', 'b'])),
    ])
    await untilAsked(5)
    expect(asked).toEqual(['stream', 'page', 'page token', 'list', 'watch 30'])
  })

  test('429 with Retry-After', async () => {
    let refusedAt = 0
    let waitedMs = 0
    const { until } = await scene([
      (response, request) => {
        refusedAt = nodeRuntime.nowMs()
        status(429, 'TooManyRequests', {}, { 'retry-after': '1' })(response, request)
      },
      (response, request) => {
        waitedMs = nodeRuntime.nowMs() - refusedAt
        synced(response, request)
      },
    ])
    await until('state retrying ERR_THROTTLED #1')
    await until('list end 10')
    expect(waitedMs).toBeGreaterThanOrEqual(990)
  })

  test('401, and fresh credentials', async () => {
    const seen: (string | undefined)[] = []
    const keep =
      (answer: Answer): Answer =>
      (response, request) => {
        seen.push(request.headers.authorization)
        answer(response, request)
      }
    const { bench, url, until } = await scene([keep(status(401, 'Unauthorized')), keep(synced)], {
      headers: { authorization: 'Bearer old' },
    })
    await until('credentials?')
    bench.driver.connectionReady({ server: url, headers: { authorization: 'Bearer new' } })
    await until('list end 10')
    expect(seen).toEqual(['Bearer old', 'Bearer new'])
  })

  test('403, 504 and a login page are seen, and do not end it', async () => {
    const { bench, until } = await scene([
      status(403, 'Forbidden'),
      status(504, 'Timeout', { details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } }),
      end('<html><body>Log in</body></html>\n'),
      synced,
      end(listText(10, ['a'])),
    ])
    await until('list end 10')
    for (const code of ['FORBIDDEN', 'VERSION_TOO_LARGE', 'UNEXPECTED_BODY']) {
      expect(bench.log.join()).toContain(`ERR_${code}`)
    }
  })

  test('404 for long enough: the objects are gone; and come back', async () => {
    let isThere = false
    const gone: Answer = (response, request) => {
      const { search } = new URL(request.url ?? '', 'http://test')
      if (!isThere) status(404, 'NotFound')(response, request)
      else if (search.includes('sendInitialEvents'))
        write(event('ADDED', 'b', 25), endBookmark(30))(response, request)
    }
    const { bench, until } = await scene([
      (response) => response.end(event('ADDED', 'a', 5) + endBookmark(10)),
      ...Array.from({ length: 60 }, () => gone),
    ])
    await until(/^state absent/)
    isThere = true
    await until('list end 30')
    expect(applied(bench)).toEqual([
      'list start',
      'upsert a@5',
      'list end 10',
      'list start',
      'list end 10',
      'list start',
      'upsert b@25',
      'list end 30',
    ])
  })

  test('no end bookmark: pages', async () => {
    const { asked, until } = await scene([write(event('ADDED', 'a', 5)), end(listText(10, ['a']))], {
      timing: { watchListProgressMs: 200 },
    })
    await until('list end 10')
    expect(asked.slice(0, 2)).toEqual(['stream', 'page'])
  })

  test('streams that end before their end bookmark: pages', async () => {
    const { asked, until } = await scene([
      end(event('ADDED', 'a', 5)),
      (response, request) => {
        response.write(event('ADDED', 'a', 5), () => setImmediate(() => request.socket.destroy()))
      },
      end(listText(10, ['a'])),
    ])
    await until('list end 10')
    expect(asked.slice(0, 3)).toEqual(['stream', 'stream', 'page'])
  })

  test('etcd restored while the watch says nothing', async () => {
    const silent: Answer = (response) => response.flushHeaders()
    const { bench, asked, until } = await scene(
      [
        write(event('ADDED', 'a', 5), endBookmark(100)),
        silent,
        silent,
        end(listText(40, ['a'], 'more')),
        end(listText(41, ['a@5'])),
      ],
      { timing: { silenceMs: 300 } },
    )
    await until('list end 41')
    expect(asked.slice(0, 5)).toEqual(['stream', 'watch 100', 'watch 100', 'probe', 'page'])
    expect(bench.log).toContain('list start, reset')
  })
})
