import type { Runtime } from '../../src/base/runtime.ts'
import { KubeInformerError } from '../../src/errors.ts'
import type { ConnectionMaterial, ReflectorTiming, WatchSpec } from '../../src/protocol/messages.ts'
import { parseResourceVersion, type ResourceVersion } from '../../src/protocol/resource-version.ts'
import { defaultTiming } from '../../src/reflector/timing.ts'
import type { DeltaSink } from '../../workers/delta.ts'
import { findIdentity } from '../../workers/framing/find-identity.ts'
import { ReflectorDriver } from '../../workers/reflector/driver.ts'
import type { Transport, TransportHandler, TransportRequest } from '../../workers/transport.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'

/** A request that the driver made, and this server's side of it. */
export class FakeRequest implements TransportRequest {
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly #handler: TransportHandler
  isAborted = false
  isPaused = false
  /** It ended by itself. */
  isOver = false

  constructor(path: string, query: URLSearchParams, handler: TransportHandler) {
    this.path = path
    this.query = Object.fromEntries(query)
    this.#handler = handler
  }

  get kind(): 'stream' | 'watch' | 'list' | 'probe' {
    if (this.query['watch'] === '1') return 'sendInitialEvents' in this.query ? 'stream' : 'watch'
    return this.query['limit'] === '1' ? 'probe' : 'list'
  }

  abort(): void {
    this.isAborted = true
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }

  headers(): this {
    this.#handler.onHeaders()
    return this
  }

  data(text: string | Buffer): this {
    this.#handler.onData(Buffer.from(text))
    return this
  }

  end(): this {
    this.isOver = true
    this.#handler.onEnd()
    return this
  }

  fail(error: KubeInformerError): this {
    this.isOver = true
    this.#handler.onError(error)
    return this
  }

  event(type: string, name: string, version: number | string): this {
    return this.data(`{"type":"${type}","object":${object(name, version)}}\n`)
  }

  bookmark(version: number | string, isEnd = false): this {
    const annotations = isEnd ? ',"annotations":{"k8s.io/initial-events-end":"true"}' : ''
    return this.data(
      `{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"${version}"${annotations}}}}\n`,
    )
  }

  error(code: number, reason: string, more: object = {}): this {
    const status = { kind: 'Status', code, reason, message: reason, ...more }
    return this.data(`{"type":"ERROR","object":${JSON.stringify(status)}}\n`)
  }

  /** A whole page; `continueToken` '' is the last one. */
  page(version: number | string, names: readonly string[], continueToken = ''): this {
    return this.headers()
      .data(listText(version, names, continueToken))
      .end()
  }
}

export const object = (name: string, version: number | string): string =>
  `{"metadata":{"name":"${name}","namespace":"n","uid":"u-${name}","resourceVersion":"${version}"}}`

/** Items `name` or `name@version`; without a version they have the list's. */
export function listText(version: number | string, names: readonly string[], continueToken = ''): string {
  const items = names.map((name) => {
    const [plain = '', own] = name.split('@')
    return object(plain, own ?? version)
  })
  const metadata = { resourceVersion: String(version), ...(continueToken && { continue: continueToken }) }
  return `{"kind":"PodList","apiVersion":"v1","metadata":${JSON.stringify(metadata)},"items":[${items.join(',')}]}`
}

export class FakeTransport implements Transport {
  readonly requests: FakeRequest[] = []
  readonly materials: ConnectionMaterial[] = []

  open(path: string, query: URLSearchParams, handler: TransportHandler): TransportRequest {
    const request = new FakeRequest(path, query, handler)
    this.requests.push(request)
    return request
  }

  setConnection(material: ConnectionMaterial): void {
    this.materials.push(material)
  }

  async close(): Promise<void> {}
}

interface Meta {
  readonly metadata?: { readonly name?: string; readonly resourceVersion?: string }
}

export interface BenchOptions {
  readonly timing?: Partial<ReflectorTiming>
  readonly spec?: Partial<WatchSpec>
  /** Permits are given at once. @default true */
  readonly permits?: boolean
  readonly runtime?: Runtime
  readonly transport?: Transport
}

/** A driver between a fake server and a log of all it tells the queue and the watch. */
export class Bench {
  readonly runtime: VirtualRuntime = new VirtualRuntime()
  readonly transport: FakeTransport = new FakeTransport()
  readonly driver: ReflectorDriver
  /** All calls of sink and host, but chunkStarts and chunkEnds, in their order. */
  readonly log: string[] = []
  pressure: 'open' | 'half' | 'full' = 'open'
  chunks = 0
  /** Called with every line of the log. */
  onLog: (line: string) => void = () => {}
  #seenLines = 0
  #seenRequests = 0

  constructor(options: BenchOptions = {}) {
    const spec = {
      incarnation: 1,
      path: '/api/v1/pods',
      firstGeneration: 1,
      fields: {},
      columns: [],
      bounds: { frameBytesMax: 4096, queueBytesMax: 1 << 20, inFlightBytesMax: 1 << 20 },
      timing: { ...defaultTiming, ...options.timing },
      compression: 'none',
      connection: { server: 'http://test', headers: {} },
      memory: { shared: new SharedArrayBuffer(8), slot: 0, bytesMax: 1 << 30 },
      ...options.spec,
    } satisfies WatchSpec
    const permits = options.permits ?? true
    this.driver = new ReflectorDriver({
      spec,
      runtime: options.runtime ?? this.runtime,
      transport: options.transport ?? this.transport,
      sink: this.#sink(),
      host: {
        setState: (state, error, attempt) =>
          this.#write(
            `state ${state}${error === undefined ? '' : ` ${error.code}`}${attempt > 0 ? ` #${attempt}` : ''}`,
          ),
        requestConnection: () => this.#write('credentials?'),
        requestPermit: () => {
          this.#write('permit?')
          if (permits) this.driver.permitGranted()
        },
        syncEnded: () => this.#write('sync ended'),
        chunkStarts: () => {},
        chunkEnds: () => {
          this.chunks++
        },
        queuePressure: () => this.pressure,
        refused: (error, bytes, prefix) =>
          this.#write(`refused ${error.code} ${findIdentity(prefix).key} ${bytes}`),
      },
    })
  }

  start(): this {
    this.driver.start()
    return this
  }

  /** The newest request, which must be open and not have been looked at before. */
  next(kind?: FakeRequest['kind']): FakeRequest {
    const request = this.transport.requests.at(-1)
    if (request === undefined || this.transport.requests.length === this.#seenRequests) {
      throw new Error('no new request')
    }
    if (this.transport.requests.length > this.#seenRequests + 1) throw new Error('more than one request')
    this.#seenRequests++
    if (kind !== undefined && request.kind !== kind) throw new Error(`a ${request.kind}, not a ${kind}`)
    return request
  }

  get hasNext(): boolean {
    return this.transport.requests.length > this.#seenRequests
  }

  /** Lines of the log since the last call. */
  news(): string[] {
    const lines = this.log.slice(this.#seenLines)
    this.#seenLines = this.log.length
    return lines
  }

  advance(ms: number): this {
    this.runtime.advance(ms)
    return this
  }

  /** Lets time pass until there is a new request: how long it took. Nothing more happens, though more timers may be due. */
  wait(): number {
    const start = this.runtime.nowMs()
    while (!this.hasNext) {
      const ms = this.runtime.nextTimerMs
      if (ms === undefined) throw new Error('nothing will ever happen')
      this.runtime.advance(ms)
    }
    return this.runtime.nowMs() - start
  }

  #write(line: string): void {
    this.log.push(line)
    this.onLog(line)
  }

  #sink(): DeltaSink {
    let generation = 0
    let version: ResourceVersion = Number.NaN
    let text: string | undefined
    return {
      object: (kind, bytes, start, end) => {
        const { metadata } = JSON.parse(bytes.toString('utf8', start, end)) as Meta
        text = metadata?.resourceVersion
        version = parseResourceVersion(text ?? '')
        this.#write(`${kind} ${metadata?.name}@${text}`)
      },
      typeMeta: (apiVersion, kind) => this.#write(`type ${apiVersion} ${kind}`),
      lastVersion: () => version,
      lastVersionText: () => text,
      listStart: (reset) => {
        this.#write(reset ? 'list start, reset' : 'list start')
        return ++generation
      },
      listEnd: (version, versionText, known) =>
        this.#write(known > version ? `list end ${versionText}, known ${known}` : `list end ${versionText}`),
      listAbort: () => this.#write('list abort'),
      bookmark: (_version, versionText) => this.#write(`bookmark ${versionText}`),
      watchStart: (_version, versionText) => this.#write(`watch from ${versionText}`),
    }
  }
}

/** A driver that begins with a watch from version 100, as after a crash. */
export function watching(options: BenchOptions = {}): Bench {
  return new Bench({ ...options, spec: { resumeVersion: '100', ...options.spec } }).start()
}

/** The same, and its first watch with headers. */
export function opened(options: BenchOptions = {}): [Bench, FakeRequest] {
  const bench = watching(options)
  const watch = bench.next('watch').headers()
  bench.news()
  return [bench, watch]
}

/** A driver whose server knows no streams of initial events. */
export function paging(options: BenchOptions = {}): Bench {
  const bench = new Bench(options).start()
  bench.next('stream').fail(refusedStream)
  bench.news()
  return bench
}

export const version = (request: FakeRequest): string | undefined => request.query['resourceVersion']

const refusedStream = new KubeInformerError('ERR_API_STATUS', 'what', {
  facts: { status: 422, fields: ['sendInitialEvents'] },
})
