import { describe, expect, it } from 'vitest'
import type { KubeInformerError } from '../../src/errors.ts'
import type { FromSource, ToSource } from '../../src/protocol/messages.ts'
import { SourceTransport } from '../../workers/source-transport.ts'
import { SplitTransport } from '../../workers/split-transport.ts'
import type { RequestKind, Transport, TransportRequest } from '../../workers/transport.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'

const silenceMs = 70_000
const listMsMax = 600_000

/** The worker's side alone: what it posts, and what its reader is told. */
class Bed {
  readonly runtime: VirtualRuntime = new VirtualRuntime()
  readonly posts: ToSource[] = []
  readonly calls: string[] = []
  readonly transport: SourceTransport = new SourceTransport({
    runtime: this.runtime,
    silenceMs,
    listMsMax,
    post: (message) => this.posts.push(message),
    refused: (error, _bytes, prefix) => this.calls.push(`refused ${error.code} ${prefix}`),
  })
  error: KubeInformerError | undefined
  request: TransportRequest | undefined

  open(kind: RequestKind, query: Record<string, string> = {}): this {
    this.request = this.transport.open(
      '/ignored',
      new URLSearchParams(query),
      {
        onHeaders: () => this.calls.push('headers'),
        onData: (chunk) => this.calls.push(`data ${chunk}`),
        onEnd: () => this.calls.push('end'),
        onError: (error) => {
          this.error = error
          this.calls.push(`error ${error.code}`)
        },
      },
      kind,
    )
    expect(this.calls).toEqual([])
    return this
  }

  data(text: string): void {
    this.receive({ type: 'source-data', id: 1, bytes: new TextEncoder().encode(text) })
  }

  receive(message: FromSource): void {
    this.transport.receive(message)
  }

  news(): string[] {
    return this.calls.splice(0)
  }
}

describe('a request that main answers', () => {
  it('is asked for by message, and its answer looks like one over HTTP', () => {
    const bed = new Bed().open('list', { limit: '5', resourceVersion: '' })
    expect(bed.posts).toEqual([
      { type: 'source-open', id: 1, request: 'list', query: 'limit=5&resourceVersion=' },
    ])
    bed.data('{"items":')
    bed.receive({
      type: 'source-refused',
      id: 1,
      error: { code: 'ERR_INVALID_JSON', message: 'what', facts: {}, causes: [] },
      identity: '{"metadata":{}}',
    })
    bed.data('[]}')
    bed.receive({ type: 'source-end', id: 1 })
    expect(bed.news()).toEqual([
      'headers',
      'data {"items":',
      'refused ERR_INVALID_JSON {"metadata":{}}',
      'data []}',
      'end',
    ])
    expect(bed.posts.slice(1)).toEqual([
      { type: 'source-credit', id: 1, bytes: 9 },
      { type: 'source-credit', id: 1, bytes: 3 },
    ])
    expect(bed.runtime.timerCount).toBe(0)
    // It is over: what comes late is nobody's.
    bed.data('more')
    expect(bed.news()).toEqual([])
  })

  it('gives no credit while its reader pauses, and all of it when it goes on', () => {
    const bed = new Bed().open('watch', { timeoutSeconds: '300' })
    bed.request?.pause()
    bed.data('abc')
    bed.data('defg')
    expect(bed.news()).toEqual(['headers', 'data abc', 'data defg'])
    expect(bed.posts).toHaveLength(1)
    bed.request?.resume()
    expect(bed.posts.slice(1)).toEqual([{ type: 'source-credit', id: 1, bytes: 7 }])
  })

  it('lives as long as the function has not settled', () => {
    const bed = new Bed().open('list')
    for (let passed = silenceMs; passed < listMsMax; passed += silenceMs) {
      bed.runtime.advance(silenceMs)
      expect(bed.news()).toContain('data ')
    }
    bed.runtime.advance(silenceMs)
    expect(bed.news()).toContain('error ERR_SILENT_CONNECTION')
    expect(bed.posts.at(-1)).toEqual({ type: 'source-abort', id: 1 })
    expect(bed.runtime.timerCount).toBe(0)
  })

  it('may take its time once a list has begun', () => {
    const bed = new Bed().open('list')
    bed.data('{')
    bed.runtime.advance(3 * listMsMax)
    expect(bed.news()).not.toContain('error ERR_SILENT_CONNECTION')
  })

  it('ends a watch that does not end by itself', () => {
    const bed = new Bed().open('watch', { timeoutSeconds: '300' })
    bed.runtime.advance(305_000)
    expect(bed.news()).not.toContain('end')
    bed.runtime.advance(10_000)
    expect(bed.news().slice(-2)).toEqual(['headers', 'end'])
    expect(bed.posts.at(-1)).toEqual({ type: 'source-abort', id: 1 })
    expect(bed.runtime.timerCount).toBe(0)
  })

  it('tells nothing after it was aborted', async () => {
    const bed = new Bed().open('watch', { timeoutSeconds: '300' })
    await bed.transport.close()
    bed.request?.abort()
    bed.data('late')
    bed.runtime.advance(10 * listMsMax)
    expect(bed.news()).toEqual([])
    expect(bed.posts.slice(1)).toEqual([{ type: 'source-abort', id: 1 }])
  })

  it('fails with the error that main made of it', () => {
    const bed = new Bed().open('list')
    const error = { code: 'ERR_THROTTLED', message: 'why', facts: { status: 429 }, causes: [] } as const
    bed.receive({ type: 'source-error', id: 1, error })
    expect(bed.news()).toEqual(['error ERR_THROTTLED'])
    expect(bed.error).toMatchObject({ message: 'why', facts: { status: 429 }, canRetry: true })
    expect(bed.runtime.timerCount).toBe(0)
  })
})

describe('lists by main, the rest by the API server', () => {
  it('goes where each belongs', async () => {
    const opened: string[] = []
    const named = (name: string): Transport => ({
      open: (_path, _query, _handler, kind) => {
        opened.push(`${name} ${kind}`)
        return { abort: () => {}, pause: () => {}, resume: () => {} }
      },
      setConnection: () => opened.push(`${name} connection`),
      close: async () => void opened.push(`${name} close`),
    })
    const split = new SplitTransport(named('main'), named('server'))
    const handler = { onHeaders: () => {}, onData: () => {}, onEnd: () => {}, onError: () => {} }
    const open = (kind: RequestKind, query: Record<string, string>): unknown =>
      split.open('/x', new URLSearchParams(query), handler, kind)
    open('list', { limit: '500' })
    open('list', { limit: '500', continue: 'token' })
    open('probe', { limit: '1' })
    open('watch', { resourceVersion: '5' })
    split.setConnection({ server: 'http://x', headers: {} })
    await split.close()
    expect(opened).toEqual([
      'main list',
      'server list',
      'server probe',
      'server watch',
      'server connection',
      'main close',
      'server close',
    ])
  })
})
