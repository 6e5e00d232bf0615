import type { Runtime } from '../../src/base/runtime.ts'
import { KubeInformerError } from '../../src/errors.ts'
import type { WatchSpec } from '../../src/protocol/messages.ts'
import { statusObjectError } from '../../src/protocol/status-error.ts'
import type { AnswerReader, ReaderCalls } from '../../src/reflector/host.ts'
import type { Query, ReflectorEvent } from '../../src/reflector/state.ts'
import type { DeltaSink } from '../delta.ts'
import type { RequestKind, Transport, TransportHandler, TransportRequest } from '../transport.ts'
import { ListBody, type Progress, WatchBody } from './bodies.ts'
import type { ReflectorHost } from './host.ts'
import { nothing } from './nothing-sink.ts'

export interface ResponseReaderOptions extends ReaderCalls {
  readonly kind: RequestKind
  readonly query: Query
  readonly spec: WatchSpec
  readonly runtime: Runtime
  readonly transport: Transport
  readonly sink: DeltaSink
  readonly host: ReflectorHost
}

interface Body {
  write(chunk: Buffer): void
  close(): void
  takeProgress(): Progress
  /** The event that its end is; throws when it is incomplete. */
  end(): ReflectorEvent
}

/** One request: its bytes go to the sink, and what they mean for the reflector becomes events. Once closed it is silent. */
export class ResponseReader implements AnswerReader, TransportHandler {
  readonly #options: ResponseReaderOptions
  readonly #body: Body
  readonly #request: TransportRequest
  #isClosed = false

  constructor(options: ResponseReaderOptions) {
    this.#options = options
    const { kind, query, spec, transport } = options
    this.#body = kind === 'list' || kind === 'probe' ? this.#listBody(kind) : this.#watchBody()
    const search = new URLSearchParams(query)
    if (spec.labelSelector !== undefined) search.set('labelSelector', spec.labelSelector)
    if (spec.fieldSelector !== undefined) search.set('fieldSelector', spec.fieldSelector)
    this.#request = transport.open(spec.path, search, this, kind)
  }

  pause(): void {
    this.#request.pause()
  }

  resume(): void {
    this.#request.resume()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#body.close()
    this.#request.abort()
  }

  onHeaders(): void {
    if (!this.#isClosed) this.#options.emit({ type: 'opened' })
  }

  onData(chunk: Buffer, wireBytes: number = chunk.length): void {
    if (this.#isClosed) return
    const { host, runtime, counters } = this.#options
    counters.bytesRead += chunk.length
    counters.wireBytesRead += wireBytes
    const atMs = runtime.nowMs()
    if (chunk.length > 0) counters.lastByteAtMs = atMs
    host.chunkStarts()
    try {
      this.#body.write(chunk)
    } catch (error) {
      this.#fail(error)
    }
    // Once a chunk: a look at the clock for each object would cost more than its shortest ones.
    counters.transcodeMs += runtime.nowMs() - atMs
    if (this.#options.isStopped()) return
    this.#chunkEnds(chunk.length)
    if (!this.#isClosed && host.queuePressure() === 'full') this.#options.emit({ type: 'full' })
  }

  onEnd(): void {
    if (this.#isClosed) return
    const { host, emit } = this.#options
    let event: ReflectorEvent
    host.chunkStarts()
    try {
      // May give one last event, whose line lacked its end.
      event = this.#body.end()
    } catch (error) {
      event = { type: 'failed', error: coded(error) }
    }
    if (this.#options.isStopped()) return
    this.#chunkEnds(0)
    if (this.#isClosed) return
    this.#isClosed = true
    emit(event)
  }

  onError(error: KubeInformerError): void {
    this.#fail(error)
  }

  #chunkEnds(bytes: number): void {
    const { host, emit } = this.#options
    // Also when the chunk itself ended the request (an ERROR event, a bookmark): what it gave must not wait.
    host.chunkEnds(bytes)
    if (!this.#isClosed) emit({ type: 'chunk', ...this.#body.takeProgress() })
  }

  #fail(error: unknown): void {
    if (this.#isClosed) return
    this.close()
    this.#options.emit({ type: 'failed', error: coded(error) })
  }

  #listBody(kind: 'list' | 'probe'): Body {
    const { sink, spec, host } = this.#options
    const body = new ListBody({
      sink: kind === 'probe' ? nothing : sink,
      frameBytesMax: spec.bounds.frameBytesMax,
      refused: (error, bytes, prefix) => {
        if (kind === 'list') host.refused(error, bytes, prefix)
      },
    })
    return {
      write: (chunk) => body.write(chunk),
      close: () => body.close(),
      takeProgress: () => body.takeProgress(),
      end: () => {
        const { resourceVersion, continueToken } = body.end()
        return { type: 'page', version: resourceVersion, continueToken }
      },
    }
  }

  #watchBody(): Body {
    const { sink, spec, host, counters, emit } = this.#options
    const body: WatchBody = new WatchBody({
      sink,
      frameBytesMax: spec.bounds.frameBytesMax,
      refused: (error, bytes, prefix) => host.refused(error, bytes, prefix),
      bookmark: (version, isEnd) => {
        counters.bookmarks++
        // What came before it must be known before it, or the version would fall back.
        emit({ type: 'chunk', ...body.takeProgress() })
        emit({ type: 'bookmark', version, isEnd })
      },
      error: (status) => {
        emit({ type: 'chunk', ...body.takeProgress() })
        emit({ type: 'error', error: statusObjectError(status) })
      },
      unexpected: (error) => this.#fail(error),
    })
    return {
      write: (chunk) => body.write(chunk),
      close: () => body.close(),
      takeProgress: () => body.takeProgress(),
      end: () => {
        body.end()
        return { type: 'ended' }
      },
    }
  }
}

function coded(error: unknown): KubeInformerError {
  return error instanceof KubeInformerError
    ? error
    : new KubeInformerError('ERR_INTERNAL', 'reading a response failed', { cause: error })
}
