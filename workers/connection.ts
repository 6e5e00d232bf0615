import { Agent, type Dispatcher } from 'undici'
import { KubeInformerError } from '../src/errors.ts'
import type { ConnectionMaterial } from '../src/protocol/messages.ts'
import { statusError } from './status-error.ts'
import type { Transport, TransportHandler, TransportRequest } from './transport.ts'

export interface HttpTransportOptions {
  /** Longest wait for an answer's headers; the reflector's silence timer rules afterwards. @default 60,000 */
  readonly headersTimeoutMs?: number
  /** @default 10,000 */
  readonly connectTimeoutMs?: number
}

/** Bytes kept of an answer that is an error. */
const errorBodyBytesMax = 64 * 1024

/**
 * HTTP/1.1 over undici's raw dispatch: one socket per watch (they never block one another), kept alive between
 * requests. Never follows redirects. Errors name the server and the reason, never a header.
 */
export class HttpTransport implements Transport {
  readonly #options: HttpTransportOptions
  #material: ConnectionMaterial
  #agent: Agent
  readonly #retired = new Set<Promise<void>>()

  constructor(material: ConnectionMaterial, options: HttpTransportOptions = {}) {
    this.#options = options
    this.#material = material
    this.#agent = this.#connect(material)
  }

  setConnection(material: ConnectionMaterial): void {
    const old = this.#material
    this.#material = material
    if (old.server === material.server && JSON.stringify(old.tls) === JSON.stringify(material.tls)) return
    const closing = this.#agent.close().catch(() => {})
    this.#retired.add(closing)
    void closing.then(() => this.#retired.delete(closing))
    this.#agent = this.#connect(material)
  }

  open(path: string, query: URLSearchParams, handler: TransportHandler): TransportRequest {
    const { server, headers } = this.#material
    const base = new URL(server)
    const prefix = base.pathname === '/' ? '' : base.pathname.replace(/\/$/, '')
    const request = new HttpRequest(handler, base.host)
    const search = query.toString()
    try {
      this.#agent.dispatch(
        {
          origin: base.origin,
          path: `${prefix}${path}${search === '' ? '' : `?${search}`}`,
          method: 'GET',
          headers: {
            ...headers,
            accept: 'application/json',
            // Watches may be compressed member by member since 1.37; the bytes are for our own framer.
            'accept-encoding': 'identity',
            'user-agent': 'kube-informer',
          },
          headersTimeout: this.#options.headersTimeoutMs ?? 60_000,
          // undici's own limit of 300 s between bytes would end every quiet watch.
          bodyTimeout: 0,
        },
        request,
      )
    } catch (error) {
      queueMicrotask(() => request.fail(error))
    }
    return request
  }

  async close(): Promise<void> {
    await Promise.all([this.#agent.destroy(), ...this.#retired])
  }

  #connect(material: ConnectionMaterial): Agent {
    const { tls } = material
    return new Agent({
      connections: null,
      pipelining: 1,
      connect: {
        timeout: this.#options.connectTimeoutMs ?? 10_000,
        ...(tls?.ca !== undefined && { ca: tls.ca }),
        ...(tls?.cert !== undefined && { cert: tls.cert }),
        ...(tls?.key !== undefined && { key: tls.key }),
        ...(tls?.servername !== undefined && { servername: tls.servername }),
        ...(tls?.rejectUnauthorized !== undefined && { rejectUnauthorized: tls.rejectUnauthorized }),
      },
    })
  }
}

class HttpRequest implements TransportRequest, Dispatcher.DispatchHandler {
  readonly #handler: TransportHandler
  readonly #host: string
  #controller: Dispatcher.DispatchController | undefined
  #isDone = false
  #isPaused = false
  /** Of an answer that is no success. */
  #failure:
    | { readonly status: number; readonly retryAfter: string; body: Buffer[]; bytes: number }
    | undefined

  constructor(handler: TransportHandler, host: string) {
    this.#handler = handler
    this.#host = host
  }

  abort(): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#controller?.abort(aborted)
  }

  pause(): void {
    this.#isPaused = true
    this.#controller?.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#controller?.resume()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // Aborted before it was sent: without this the request would run on, unheard.
    if (this.#isDone) controller.abort(aborted)
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (this.#isDone) return
    if (this.#isPaused) controller.pause()
    if (status === 200) this.#handler.onHeaders()
    else {
      const retryAfter = headers['retry-after']
      this.#failure = {
        status,
        retryAfter: typeof retryAfter === 'string' ? retryAfter : '',
        body: [],
        bytes: 0,
      }
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isDone) return
    const failure = this.#failure
    if (failure === undefined) this.#handler.onData(chunk)
    else if (failure.bytes < errorBodyBytesMax) {
      failure.body.push(Buffer.from(chunk.subarray(0, errorBodyBytesMax - failure.bytes)))
      failure.bytes += chunk.length
    } else this.#endFailure()
  }

  onResponseEnd(): void {
    if (this.#isDone) return
    if (this.#failure !== undefined) {
      this.#endFailure()
      return
    }
    this.#isDone = true
    this.#handler.onEnd()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(error)
  }

  fail(error: unknown): void {
    if (this.#isDone) return
    this.#isDone = true
    const reason = error instanceof Error ? reasonOf(error) : 'unknown'
    this.#handler.onError(
      new KubeInformerError('ERR_CONNECTION', `the connection to ${this.#host} failed: ${reason}`, {
        cause: error,
        facts: { reason },
      }),
    )
  }

  #endFailure(): void {
    const failure = this.#failure
    if (failure === undefined || this.#isDone) return
    this.#isDone = true
    this.#controller?.abort(aborted)
    this.#handler.onError(
      statusError(failure.status, failure.retryAfter, Buffer.concat(failure.body).toString('utf8')),
    )
  }
}

const aborted = new Error('aborted')

/** `ECONNREFUSED`, or the message: undici's messages hold no request data. */
function reasonOf(error: Error): string {
  const inner = error instanceof AggregateError ? (error.errors[0] as Error | undefined) : undefined
  const shown = inner ?? error
  const code = 'code' in shown && typeof shown.code === 'string' ? shown.code : ''
  return code === '' ? shown.message : code === 'UND_ERR_SOCKET' ? `${code}: ${shown.message}` : code
}
