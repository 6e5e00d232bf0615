import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import type { ReflectorTiming } from '../../src/index.ts'
import { threadCounts, until } from './contract-bed.ts'
import {
  bomb,
  type Evil,
  endless,
  HostileBed,
  listHead,
  peakGrowthBytes,
  pour,
  raw,
  rawEnd,
} from './hostile-bed.ts'
import { cached, sameState } from './recorder.ts'

const growthBytesMax = 150 * 1024 * 1024

interface Scene {
  readonly kind: 'list' | 'watch'
  readonly answer: Evil
  /** Shown in health; '' where all must go on without one. */
  readonly code: string
}

const block = 'x'.repeat(64 * 1024)
const page = (token: string): string =>
  `{"kind":"ConfigMapList","metadata":{"resourceVersion":"1500","continue":"${token}"},"items":[]}`
const item = (name: string): string =>
  `{"metadata":{"name":"${name}","namespace":"default","uid":"u-${name}","resourceVersion":"1400"}}`
const event = (name: string): string => `{"type":"ADDED","object":${item(name)}}\n`

const html: Evil = (response) => response.end('<html><body>please log in</body></html>')
const status =
  (code: number): Evil =>
  (response) =>
    response.writeHead(code).end()

/** What may come instead of a list, or of a watch. */
const answers: Readonly<Record<string, Omit<Scene, 'kind'>>> = {
  'HTML with status 200': { answer: html, code: 'ERR_UNEXPECTED_BODY' },
  'a 204': { answer: status(204), code: 'ERR_API_STATUS' },
  'a 101': {
    answer: raw('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
    code: 'ERR_CONNECTION',
  },
  'a header without end': { answer: raw(`HTTP/1.1 200 OK\r\nX: ${block}`), code: 'ERR_CONNECTION' },
  'an error body without end': {
    answer: (response) => endless(block)(response.writeHead(500), response.req),
    code: 'ERR_API_STATUS',
  },
  'chunked garbage': {
    answer: raw('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n'),
    code: 'ERR_CONNECTION',
  },
  'a body that is shorter than its length': {
    answer: rawEnd(`HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n${listHead}`),
    code: 'ERR_CONNECTION',
  },
  'gzip that breaks off': {
    answer: (response) =>
      response
        .writeHead(200, { 'content-encoding': 'gzip' })
        .end(gzipSync(`${listHead}${item('cut')}`).subarray(0, -9)),
    code: 'ERR_STREAM_ENDED',
  },
}

/** The same, and nothing but time ends them. */
const endings: Readonly<Record<string, Omit<Scene, 'kind'>>> = {
  'interim answers and no more': {
    answer: raw('HTTP/1.1 102 Processing\r\n\r\n'.repeat(1_000)),
    code: 'ERR_SILENT_CONNECTION',
  },
}

const lists: Readonly<Record<string, Omit<Scene, 'kind'>>> = {
  'a body that is longer than its length': {
    answer: raw(`HTTP/1.1 200 OK\r\nContent-Length: ${listHead.length}\r\n\r\n${listHead}]}`),
    code: 'ERR_STREAM_ENDED',
  },
  'a continue token for ever the same': {
    answer: (response) => response.end(page('again')),
    code: 'ERR_UNEXPECTED_BODY',
  },
  'continue tokens in a circle': {
    answer: (response, { url }) => {
      const at = Number(new URL(url ?? '', 'http://x').searchParams.get('continue')?.slice(1) ?? 0)
      response.end(page(`t${at < 9 ? at + 1 : 4}`))
    },
    code: 'ERR_UNEXPECTED_BODY',
  },
  'a continue token of 1 MB': {
    answer: (response) => response.end(page('x'.repeat(1_000_000))),
    code: 'ERR_UNEXPECTED_BODY',
  },
}

const pages: Readonly<Record<string, Omit<Scene, 'kind'>>> = {
  'a page whose items never end': {
    answer: (response) => {
      response.write(`${listHead}${item('first')}`)
      const more = Array.from({ length: 200 }, (_, i) => `,${item(`endless-${i}`)}`).join('')
      return endless(more)(response, response.req)
    },
    code: 'ERR_LIST_TIMEOUT',
  },
  'spaces that never end': {
    answer: (response) => {
      response.write(listHead)
      return endless(' '.repeat(64 * 1024))(response, response.req)
    },
    code: 'ERR_LIST_TIMEOUT',
  },
}

const watches: Readonly<Record<string, Omit<Scene, 'kind'>>> = {
  'a line without end': { answer: endless(block), code: 'ERR_SILENT_CONNECTION' },
  'empty lines without end': {
    answer: endless('\n'.repeat(1000)),
    code: 'ERR_SILENT_CONNECTION',
  },
}

const scenes = (kind: Scene['kind'], of: Readonly<Record<string, Omit<Scene, 'kind'>>>): [string, Scene][] =>
  Object.entries(of).map(([name, scene]) => [`${kind}: ${name}`, { ...scene, kind }])

let bed: HostileBed
afterEach(() => bed.end())

/** All at once, on one thread. Each is told by its code; another goes on; memory stays; in the end all is well. */
async function suffer(
  threads: number,
  all: readonly [string, Scene][],
  timing?: Partial<ReflectorTiming>,
): Promise<void> {
  bed = await HostileBed.start({ threads, ...(timing && { timing }) })
  const other = bed.factory.core.v1.secrets.informer
  const sufferers = all.map(([name, { kind, answer, code }], i) => {
    const namespace = `n${i}`
    bed.create(namespace, 'before')
    bed.evils.set(namespace, { kind, answer })
    const informer = bed.configMapsOf(namespace)
    const codes = new Set<string>()
    informer.onStateChange(({ error }) => codes.add(error?.code ?? ''))
    return { name, namespace, informer, codes, code }
  })
  const growth = await peakGrowthBytes(async () => {
    bed.factory.start()
    for (const { name, codes, code } of sufferers)
      await until(() => codes.has(code), `${name}: ${code} is told, not only ${[...codes]}`, 20_000)
    await until(() => other.state === 'watching', 'the other one watches', 20_000)
  })
  bed.evils.clear()
  for (const { namespace } of sufferers) bed.create(namespace, 'after')
  for (const { name, namespace, informer } of sufferers)
    await until(
      () => sameState(cached(informer), bed.truth(namespace)),
      `${name}: the cache is right`,
      20_000,
    )
  expect(growth).toBeLessThan(growthBytesMax)
}

describe.each(threadCounts)('a hostile server, threads: $threads', ({ threads }) => {
  it('what is wrong at once is told at once, and mended', () =>
    suffer(threads, [...scenes('list', answers), ...scenes('list', lists), ...scenes('watch', answers)]))

  it('what never ends is ended', () =>
    suffer(threads, [...scenes('list', endings), ...scenes('list', pages), ...scenes('watch', watches)], {
      silenceMs: 500,
      watchListTotalMs: 1_000,
    }))
})

describe.each(threadCounts)('what is too large, threads: $threads', ({ threads }) => {
  it('a line of 100 MB is skipped, and the watch goes on behind it', async () => {
    bed = await HostileBed.start({ threads })
    const informer = bed.configMapsOf('default')
    let left = 1600
    bed.evils.set('default', {
      kind: 'watch',
      async answer(response) {
        response.write(
          `{"type":"ADDED","object":{"metadata":{"name":"huge","namespace":"default","resourceVersion":"1401","x":"`,
        )
        await pour(response, () => (left-- > 0 ? block : undefined))
        response.write(`"}}}\n${event('behind')}`)
      },
    })
    const growth = await peakGrowthBytes(async () => {
      bed.factory.start()
      await until(() => informer.indexer.has('default/behind'), 'it goes on', 20_000)
    })
    expect(informer.health().refused).toMatchObject([
      { key: 'default/huge', error: { code: 'ERR_FRAME_TOO_LARGE' } },
    ])
    expect(growth).toBeLessThan(growthBytesMax)
  })
})

describe('a gzip bomb', () => {
  it.each([
    [
      'of 1 GiB inside a text',
      `${listHead}{"metadata":{"name":"huge","namespace":"default","resourceVersion":"1401","x":"`,
      'x',
      '"}}]}',
      16,
      1,
    ],
    ['of 256 MiB of spaces between items', listHead, ' ', `${item('behind')}]}`, 4, 0],
  ] as const)('%s: the list is complete, memory stays', async (...[, head, byte, tail, count, refused]) => {
    bed = await HostileBed.start({ threads: 1 })
    const informer = bed.configMapsOf('default')
    bed.evils.set('default', { kind: 'list', answer: (response) => bomb(response, head, byte, tail, count) })
    const growth = await peakGrowthBytes(async () => {
      bed.factory.start()
      await informer.waitForSync({ signal: AbortSignal.timeout(50_000) })
    })
    expect(informer.health().refused).toHaveLength(refused)
    expect(informer.health().refused.every(({ error }) => error.code === 'ERR_FRAME_TOO_LARGE')).toBe(true)
    await until(() => informer.stats().watch.bytesRead > count * 2 ** 26, 'the counters are told')
    expect(informer.stats().watch.wireBytesRead).toBeLessThan(2 * 1024 * 1024)
    expect(growth).toBeLessThan(growthBytesMax)
  })
})
