import type { Dispatcher } from 'undici'
import type { Runtime } from '../src/base/runtime.ts'
import { KubeInformerError } from '../src/errors.ts'
import { parseRetryAfter, statusError } from '../src/protocol/status-error.ts'
import type { TransportHandler, TransportRequest } from './transport.ts'

/** Bytes kept of an answer that is an error. */
const errorBodyBytesMax = 64 * 1024

export interface HttpRequestOptions {
  readonly handler: TransportHandler
  /** For messages. */
  readonly host: string
  /** Texts that must not stand in any message, whoever sends them back. */
  readonly secrets: readonly string[]
  readonly runtime: Runtime
  /** The last call, of any kind, was made; or it was aborted. */
  readonly onDone: () => void
}

interface Failure {
  readonly status: number
  readonly retryAfterMs: number | undefined
  readonly body: Buffer[]
  bytes: number
}

type Headers = Readonly<Record<string, string | string[] | undefined>>

/** From undici's calls to a {@link TransportHandler}'s: only a 200 is a success, all else becomes one coded error. */
export class HttpRequest implements TransportRequest, Dispatcher.DispatchHandler {
  readonly #options: HttpRequestOptions
  #controller: Dispatcher.DispatchController | undefined
  #isDispatched = false
  #isDone = false
  #isPaused = false
  /** Of an answer that is no success. */
  #failure: Failure | undefined

  constructor(options: HttpRequestOptions) {
    this.#options = options
  }

  /** undici tells of some errors while the request is being made; the handler hears of them afterwards. */
  dispatched(): void {
    this.#isDispatched = true
  }

  abort(): void {
    if (this.#done()) this.#controller?.abort(aborted)
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

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    // Early hints and the like: undici tells of them in the same words, and the answer itself is still to come.
    if (this.#isDone || status < 200) return
    const encoding = one(headers['content-encoding'])?.trim().toLowerCase() ?? 'identity'
    if (status !== 200) {
      const retryAfterMs = parseRetryAfter(one(headers['retry-after']), this.#options.runtime.nowMs())
      this.#failure = { status, retryAfterMs, body: [], bytes: 0 }
    } else if (encoding !== '' && encoding !== 'identity') {
      const message = 'the server compresses its answer, though it was asked not to'
      this.#fail(new KubeInformerError('ERR_UNEXPECTED_BODY', message))
    } else {
      if (this.#isPaused) controller.pause()
      this.#options.handler.onHeaders()
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isDone) return
    const failure = this.#failure
    if (failure === undefined) {
      this.#options.handler.onData(chunk)
      return
    }
    const room = errorBodyBytesMax - failure.bytes
    // Copied: a view would keep the whole chunk it lies in.
    failure.body.push(Buffer.from(chunk.subarray(0, room)))
    failure.bytes += Math.min(room, chunk.length)
    if (failure.bytes >= errorBodyBytesMax) this.#endFailure(failure)
  }

  onResponseEnd(): void {
    if (this.#failure !== undefined) this.#endFailure(this.#failure)
    else if (this.#done()) this.#options.handler.onEnd()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    // An error body that breaks off still has its status.
    if (this.#failure !== undefined) this.#endFailure(this.#failure)
    else if (this.#isDispatched) this.fail(error)
    else this.#options.runtime.defer(() => this.fail(error))
  }

  /** The request could not be made, or its connection broke. */
  fail(error: unknown): void {
    const reason = this.#redact(reasonOf(error))
    this.#fail(
      new KubeInformerError('ERR_CONNECTION', `the connection to ${this.#options.host} failed: ${reason}`, {
        facts: { reason },
      }),
    )
  }

  #endFailure(failure: Failure): void {
    const body = this.#redact(Buffer.concat(failure.body).toString('utf8'))
    this.#fail(statusError(failure.status, failure.retryAfterMs, body))
  }

  #fail(error: KubeInformerError): void {
    if (!this.#done()) return
    this.#controller?.abort(aborted)
    this.#options.handler.onError(error)
  }

  /** False when it was done already. */
  #done(): boolean {
    if (this.#isDone) return false
    this.#isDone = true
    this.#options.onDone()
    return true
  }

  #redact(text: string): string {
    return this.#options.secrets.reduce((shown, secret) => shown.replaceAll(secret, '[redacted]'), text)
  }
}

const aborted = new Error('aborted')

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}

/** `ECONNREFUSED`, or what happened in words. Errors themselves stay behind: some hold sockets, headers, certificates. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  // Several addresses were tried; AggregateError has no message of its own.
  const inner = error instanceof AggregateError ? error.errors.find((each) => each instanceof Error) : error
  const shown = inner instanceof Error ? inner : error
  const code = 'code' in shown && typeof shown.code === 'string' ? shown.code : ''
  return [code, shown.message].filter((part) => part !== '').join(': ')
}
