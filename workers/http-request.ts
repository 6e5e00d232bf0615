import { gunzipSync } from 'node:zlib'
import type { Dispatcher } from 'undici'
import { redact } from '../src/base/redact.ts'
import type { Runtime } from '../src/base/runtime.ts'
import { shownError } from '../src/base/shown-error.ts'
import { KubeInformerError } from '../src/errors.ts'
import { parseRetryAfter, statusError } from '../src/protocol/status-error.ts'
import { Gunzip } from './gunzip.ts'
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
  readonly isCompressed: boolean
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
  /** Of an answer that is compressed; all others pass by it. */
  #gunzip: Gunzip | undefined
  /** Compressed bytes that the handler has not been told of. */
  #wireBytes = 0

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
    // The socket rests by itself when the unpacking does.
    if (this.#gunzip !== undefined) this.#gunzip.pause()
    else this.#controller?.pause()
  }

  resume(): void {
    this.#isPaused = false
    if (this.#gunzip !== undefined) this.#gunzip.resume()
    else this.#controller?.resume()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // Aborted before it was sent: without this the request would run on, unheard.
    if (this.#isDone) controller.abort(aborted)
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    // Early hints and the like: undici tells of them in the same words, and the answer itself is still to come.
    if (this.#isDone || status < 200) return
    const encoding = one(headers['content-encoding'])?.trim().toLowerCase() ?? ''
    const isCompressed = encoding === 'gzip' || encoding === 'x-gzip'
    if (status !== 200) {
      const retryAfterMs = parseRetryAfter(one(headers['retry-after']), this.#options.runtime.nowMs())
      this.#failure = { status, retryAfterMs, isCompressed, body: [], bytes: 0 }
    } else if (isCompressed) {
      // Also when it was not asked for: some proxies compress whatever passes.
      this.#gunzip = this.#unpack(controller)
      if (this.#isPaused) this.#gunzip.pause()
      this.#options.handler.onHeaders()
    } else if (encoding !== '' && encoding !== 'identity') {
      const message = 'the server compresses its answer in a way that it was not asked for'
      this.#fail(new KubeInformerError('ERR_UNEXPECTED_BODY', message))
    } else {
      if (this.#isPaused) controller.pause()
      this.#options.handler.onHeaders()
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isDone) return
    const failure = this.#failure
    if (failure === undefined) {
      if (this.#gunzip === undefined) this.#options.handler.onData(chunk)
      else {
        this.#wireBytes += chunk.length
        if (!this.#gunzip.write(chunk)) controller.pause()
      }
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
    else if (this.#gunzip !== undefined) this.#gunzip.end()
    else this.#end()
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

  /** Told once undici has taken the socket back, two turns later: a request made before would open another one. */
  #end(): void {
    const { runtime, handler } = this.#options
    const tell = (): void => {
      if (this.#done()) handler.onEnd()
    }
    runtime.defer(() => runtime.defer(tell))
  }

  #unpack(controller: Dispatcher.DispatchController): Gunzip {
    const { handler } = this.#options
    return new Gunzip({
      onData: (chunk) => {
        const wireBytes = this.#wireBytes
        this.#wireBytes = 0
        handler.onData(chunk, wireBytes)
      },
      onDrain: () => controller.resume(),
      onEnd: () => this.#end(),
      onError: (error) => this.#fail(error),
    })
  }

  #endFailure(failure: Failure): void {
    const bytes = Buffer.concat(failure.body)
    const body = (failure.isCompressed ? unpacked(bytes) : bytes).toString('utf8')
    const shown = (text: string): string => this.#redact(text)
    this.#fail(statusError(failure.status, failure.retryAfterMs, body, undefined, shown))
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
    this.#gunzip?.destroy()
    this.#options.onDone()
    return true
  }

  #redact(text: string): string {
    return redact(text, this.#options.secrets)
  }
}

const aborted = new Error('aborted')

/** What an error says is worth a try; its status says enough. */
function unpacked(bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: errorBodyBytesMax })
  } catch {
    return Buffer.alloc(0)
  }
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}

/** `ECONNREFUSED`, or what happened in words. Errors themselves stay behind: some hold sockets, headers, certificates. */
function reasonOf(error: unknown): string {
  const shown = shownError(error)
  if (shown === undefined) return 'unknown'
  const code = 'code' in shown && typeof shown.code === 'string' ? shown.code : ''
  return [code, shown.message].filter((part) => part !== '').join(': ')
}
