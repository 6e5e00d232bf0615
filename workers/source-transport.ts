import type { Runtime, Timer } from '../src/base/runtime.ts'
import { KubeInformerError } from '../src/errors.ts'
import { fromWireError } from '../src/protocol/error-wire.ts'
import type { FromSource, ToSource } from '../src/protocol/messages.ts'
import type { RequestKind, Transport, TransportHandler, TransportRequest } from './transport.ts'

export interface SourceTransportOptions {
  readonly runtime: Runtime
  /** How often a reader must hear of a request that is alive, in ms; and how long a list may take to come. */
  readonly silenceMs: number
  readonly listMsMax: number
  readonly post: (message: ToSource) => void
  /** An object had no JSON; `prefix` tells whose it was. */
  readonly refused: (error: KubeInformerError, bytes: number, prefix: Buffer) => void
}

/** A source that does not end its watch by itself when asked to is given so much longer. */
const watchGraceMs = 10_000

/**
 * Requests that main answers from a user's functions (src/engine/source-server.ts).
 *
 * A function that has not settled is no dead socket: as long as main waits for it, the reader is told that the request
 * lives. What bounds the wait is the watch's own time limit, and `listMsMax` for a list.
 */
export class SourceTransport implements Transport {
  readonly #options: SourceTransportOptions
  readonly #requests = new Map<number, SourceRequest>()
  #lastId = 0

  constructor(options: SourceTransportOptions) {
    this.#options = options
  }

  open(
    _path: string,
    query: URLSearchParams,
    handler: TransportHandler,
    kind: RequestKind,
  ): TransportRequest {
    if (kind === 'stream')
      throw new KubeInformerError('ERR_INTERNAL', 'a source has no stream of initial events')
    const id = ++this.#lastId
    const seconds = Number(query.get('timeoutSeconds') ?? 0)
    const request: SourceRequest = new SourceRequest({
      ...this.#options,
      id,
      handler,
      isWatch: kind === 'watch',
      limitMs: kind === 'watch' ? seconds * 1000 + watchGraceMs : this.#options.listMsMax,
      onDone: () => this.#requests.delete(id),
    })
    this.#requests.set(id, request)
    this.#options.post({ type: 'source-open', id, request: kind, query: query.toString() })
    return request
  }

  /** Answers of requests that were given up meanwhile are dropped. */
  receive(message: FromSource): void {
    this.#requests.get(message.id)?.receive(message)
  }

  setConnection(): void {}

  async close(): Promise<void> {
    for (const request of [...this.#requests.values()]) request.abort()
  }
}

interface SourceRequestOptions extends SourceTransportOptions {
  readonly id: number
  readonly handler: TransportHandler
  readonly isWatch: boolean
  readonly limitMs: number
  readonly onDone: () => void
}

const nothing = Buffer.alloc(0)

class SourceRequest implements TransportRequest {
  readonly #options: SourceRequestOptions
  #aliveTimer: Timer | undefined
  readonly #limitTimer: Timer
  /** Read while paused: the credit for it is kept back, so that no more comes than is on its way. */
  #owedBytes = 0
  #isPaused = false
  #isOpened = false
  #isDone = false

  constructor(options: SourceRequestOptions) {
    this.#options = options
    this.#limitTimer = options.runtime.setTimer(options.limitMs, () => this.#overdue())
    this.#scheduleAlive()
  }

  abort(): void {
    if (!this.#done()) return
    this.#options.post({ type: 'source-abort', id: this.#options.id })
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#credit()
  }

  receive(message: FromSource): void {
    const { handler, refused } = this.#options
    switch (message.type) {
      case 'source-opened':
        this.#open()
        break
      case 'source-data':
        this.#data(message.bytes)
        break
      case 'source-refused':
        this.#open()
        if (this.#isDone) break
        refused(fromWireError(message.error), 0, Buffer.from(message.identity))
        break
      case 'source-end':
        this.#open()
        if (this.#done()) handler.onEnd()
        break
      case 'source-error':
        if (this.#done()) handler.onError(fromWireError(message.error))
        break
      default:
        message satisfies never
    }
  }

  #open(): void {
    if (this.#isOpened || this.#isDone) return
    this.#isOpened = true
    if (!this.#options.isWatch) this.#limitTimer.cancel()
    this.#options.handler.onHeaders()
  }

  #data(bytes: Uint8Array<ArrayBuffer>): void {
    this.#open()
    if (this.#isDone) return
    this.#options.handler.onData(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    this.#owedBytes += bytes.byteLength
    if (!this.#isPaused) this.#credit()
  }

  #credit(): void {
    const bytes = this.#owedBytes
    if (bytes === 0 || this.#isDone) return
    this.#owedBytes = 0
    this.#options.post({ type: 'source-credit', id: this.#options.id, bytes })
  }

  #scheduleAlive(): void {
    const { runtime, silenceMs, handler } = this.#options
    this.#aliveTimer = runtime.setTimer(silenceMs / 2, () => {
      if (!this.#isPaused) handler.onData(nothing)
      if (!this.#isDone) this.#scheduleAlive()
    })
  }

  #overdue(): void {
    const { handler, isWatch, limitMs } = this.#options
    // Opened again, a watch is asked for what it may have missed: a source whose own connection is dead does not know.
    if (isWatch) this.#open()
    if (this.#isDone) return
    this.abort()
    if (isWatch) handler.onEnd()
    else
      handler.onError(new KubeInformerError('ERR_SILENT_CONNECTION', `list() gave nothing in ${limitMs} ms`))
  }

  #done(): boolean {
    if (this.#isDone) return false
    this.#isDone = true
    this.#aliveTimer?.cancel()
    this.#limitTimer.cancel()
    this.#options.onDone()
    return true
  }
}
