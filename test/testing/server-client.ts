import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { afterEach } from 'vitest'
import { EmbeddedApiServer, type EmbeddedApiServerOptions } from '../../src/testing/index.ts'

export interface WireObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly uid: string
    readonly resourceVersion: string
    readonly generation?: number
    readonly deletionTimestamp?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly [field: string]: unknown
}

export interface WireList {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly resourceVersion: string
    readonly continue?: string
    readonly remainingItemCount?: number
  }
  readonly items: readonly WireObject[]
}

export interface WireEvent {
  readonly type: string
  readonly object: WireObject
}

export interface WireStatus {
  readonly kind: string
  readonly status: string
  readonly reason: string
  readonly message: string
  readonly code: number
  readonly metadata: { readonly continue?: string }
  readonly details?: {
    readonly causes?: readonly { readonly reason?: string; readonly field?: string }[]
    readonly retryAfterSeconds?: number
  }
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

export interface RequestOptions {
  readonly body?: unknown
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
}

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** Runs after the test, the last one first. */
export function afterTest(cleanup: () => unknown): void {
  cleanups.push(cleanup)
}

/** A server on a free port for one test. */
export async function startServer(options: EmbeddedApiServerOptions = {}): Promise<EmbeddedApiServer> {
  const server = new EmbeddedApiServer(options)
  afterTest(() => server.close())
  await server.start()
  return server
}

/** One request over node:http, a connection of its own, nothing decoded: what the server really sent. */
export function send(
  url: string,
  method: string,
  path: string,
  { body, contentType = 'application/json', headers = {} }: RequestOptions = {},
): Promise<Answer> {
  const sent = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${url}${path}`, {
      method,
      agent: false,
      headers: {
        ...headers,
        // The length too: node sends the body of a DELETE without any framing otherwise.
        ...(sent !== undefined && { 'content-type': contentType, 'content-length': Buffer.byteLength(sent) }),
      },
    })
    request.on('error', reject)
    request.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
    })
    request.end(sent)
  })
}

export async function json<T>(
  url: string,
  method: string,
  path: string,
  options?: RequestOptions,
): Promise<T> {
  const { status, text } = await send(url, method, path, options)
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`)
  return JSON.parse(text) as T
}

export function list(url: string, path: string): Promise<WireList> {
  return json<WireList>(url, 'GET', path)
}

/** For requests that must be refused. */
export async function refused(
  url: string,
  method: string,
  path: string,
  options?: RequestOptions,
): Promise<WireStatus> {
  const { status, text } = await send(url, method, path, options)
  if (status < 400) throw new Error(`${method} ${path} was not refused: ${status} ${text.slice(0, 200)}`)
  const body = JSON.parse(text) as WireStatus
  if (body.code !== status) throw new Error(`HTTP ${status} with a Status of ${body.code}`)
  return body
}

/** An open watch, read line by line; can stop reading as a client that hangs does. */
export class WatchClient {
  readonly events: WireEvent[] = []
  readonly #request: ClientRequest
  #response: IncomingMessage | undefined
  #rest = ''
  #isOver = false
  /** Bytes after the last complete line when the stream was over. */
  leftover = ''
  /** Whether the body ended as HTTP has it, not by a broken connection. */
  endedCleanly = false
  status = 0
  #onChange: (() => void)[] = []

  private constructor(url: string, path: string, headers: Readonly<Record<string, string>>) {
    this.#request = httpRequest(`${url}${path}`, { agent: false, headers })
  }

  static async open(
    url: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<WatchClient> {
    const watch = new WatchClient(url, path, headers)
    afterTest(() => watch.close())
    await watch.#start()
    return watch
  }

  get isOver(): boolean {
    return this.#isOver
  }

  get types(): string[] {
    return this.events.map((event) => event.type)
  }

  /** `TYPE name` of every event so far, bookmarks without a name. */
  get told(): string[] {
    return this.events.map(({ type, object }) =>
      type === 'BOOKMARK' ? type : `${type} ${object.metadata.name}`,
    )
  }

  /** The kernel's buffers fill, then the server's. */
  pause(): void {
    this.#response?.pause()
  }

  resume(): void {
    this.#response?.resume()
  }

  close(): void {
    this.#request.destroy()
  }

  async until(what: string, condition: (watch: WatchClient) => boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const check = (): void => {
        if (!condition(this)) {
          if (this.#isOver) done(new Error(`${what}: the stream is over after ${this.told.slice(-10)}`))
          return
        }
        done()
      }
      const done = (error?: Error): void => {
        clearTimeout(limit)
        this.#onChange = this.#onChange.filter((each) => each !== check)
        if (error === undefined) resolve()
        else reject(error)
      }
      const limit = setTimeout(
        () => done(new Error(`waited in vain for ${what}; last: ${this.told.slice(-10)}`)),
        20_000,
      )
      this.#onChange.push(check)
      check()
    })
  }

  count(count: number): Promise<void> {
    return this.until(`${count} events`, () => this.events.length >= count)
  }

  over(): Promise<void> {
    return this.until('the end of the stream', () => this.#isOver)
  }

  async #start(): Promise<void> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      this.#request.on('response', resolve)
      this.#request.on('error', reject)
      this.#request.end()
    })
    this.#response = response
    this.status = response.statusCode ?? 0
    response.setEncoding('utf8')
    response.on('data', (text: string) => {
      const lines = (this.#rest + text).split('\n')
      this.#rest = lines.pop() as string
      for (const line of lines) this.events.push(JSON.parse(line) as WireEvent)
      this.#changed()
    })
    response.on('end', () => {
      this.endedCleanly = true
    })
    // A broken connection: told by 'close' and endedCleanly.
    response.on('error', () => {})
    response.on('close', () => {
      this.#isOver = true
      this.leftover = this.#rest
      this.#changed()
    })
  }

  #changed(): void {
    for (const check of [...this.#onChange]) check()
  }
}

/** Versions of events that came behind a bookmark which said that they had been sent. */
export function brokenBookmarks(events: readonly WireEvent[]): number[] {
  let promised = 0
  const broken: number[] = []
  for (const { type, object } of events) {
    const version = Number(object.metadata.resourceVersion)
    if (type === 'BOOKMARK') promised = version
    else if (version <= promised) broken.push(version)
  }
  return broken
}

export const configMaps = '/api/v1/namespaces/default/configmaps'

export function configMap(
  name: string,
  labels?: Readonly<Record<string, string>>,
  data?: Readonly<Record<string, string>>,
): Record<string, unknown> {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'default', ...(labels && { labels }) },
    ...(data && { data }),
  }
}
