import type { Runtime, Timer } from '../../src/base/runtime.ts'
import { KubeInformerError } from '../../src/errors.ts'
import { fromWireError, type WireError } from '../../src/protocol/error-wire.ts'
import type { ConnectionMaterial, WatchSpec } from '../../src/protocol/messages.ts'
import { parseResourceVersion } from '../../src/protocol/resource-version.ts'
import type { DeltaSink } from '../delta.ts'
import { ListDecoder } from '../framing/list-decoder.ts'
import { WatchDecoder } from '../framing/watch-decoder.ts'
import { statusObjectError } from '../status-error.ts'
import type { Transport, TransportHandler, TransportRequest } from '../transport.ts'
import type { ReflectorHost } from './host.ts'
import { type Effect, initialState, type Query, type ReflectorEvent, type ReflectorState } from './state.ts'
import { transition } from './transitions.ts'

export interface ReflectorDriverOptions {
  readonly spec: WatchSpec
  readonly runtime: Runtime
  readonly transport: Transport
  readonly sink: DeltaSink
  readonly host: ReflectorHost
}

/** How often a list that waits for its next page looks whether the queue has room. */
const drainPollMs = 20

/**
 * Carries out what the state machine (transitions.ts) decides: requests, timers, list brackets; and tells it what came
 * of them. No decision is made here. After `stop()` nothing is called any more: not the sink, not the host.
 */
export class ReflectorDriver {
  readonly counters: {
    bytesRead: number
    bookmarks: number
    lists: number
    watches: number
    relists: number
    reconnects: number
    lastByteAtMs: number
  } = { bytesRead: 0, bookmarks: 0, lists: 0, watches: 0, relists: 0, reconnects: 0, lastByteAtMs: 0 }
  readonly #options: ReflectorDriverOptions
  #state: ReflectorState = initialState
  #request: TransportRequest | undefined
  #timer: Timer | undefined
  #drainTimer: Timer | undefined
  /** Events that came while effects were carried out: they wait, or state and effects would mix. */
  readonly #waiting: ReflectorEvent[] = []
  #isStepping = false

  constructor(options: ReflectorDriverOptions) {
    this.#options = options
  }

  get state(): ReflectorState {
    return this.#state
  }

  start(): void {
    this.#dispatch({ type: 'start', resumeVersion: this.#options.spec.resumeVersion })
  }

  stop(): void {
    this.#dispatch({ type: 'stop' })
    this.#drainTimer?.cancel()
  }

  permitGranted(): void {
    this.#dispatch({ type: 'permit' })
  }

  connectionReady(material: ConnectionMaterial): void {
    this.#options.transport.setConnection(material)
    this.#dispatch({ type: 'connection' })
  }

  connectionFailed(error: WireError): void {
    this.#dispatch({ type: 'connectionFailed', error: fromWireError(error) })
  }

  relist(): void {
    this.#dispatch({ type: 'relist' })
  }

  /** The queue has room again. */
  queueDrained(): void {
    if (this.#state.isStalled) this.#dispatch({ type: 'drained' })
  }

  #dispatch(event: ReflectorEvent): void {
    this.#waiting.push(event)
    if (this.#isStepping) return
    this.#isStepping = true
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { runtime, spec } = this.#options
      const { state, effects } = transition(this.#state, next, {
        nowMs: runtime.nowMs(),
        random: runtime.random(),
        timing: spec.timing,
      })
      this.#state = state
      for (const effect of effects) this.#carryOut(effect)
    }
    this.#isStepping = false
    if (this.#state.name === 'drain') this.#pollDrain()
  }

  #carryOut(effect: Effect): void {
    const { sink, host } = this.#options
    switch (effect.type) {
      case 'open':
        this.#open(effect.request, effect.query)
        break
      case 'abort':
        this.#request?.abort()
        this.#request = undefined
        break
      case 'pause':
        this.#request?.pause()
        break
      case 'resume':
        this.#request?.resume()
        break
      case 'listStart':
        sink.listStart(effect.reset)
        break
      case 'listEnd':
        sink.listEnd(parseResourceVersion(effect.version), effect.version)
        host.chunkEnds(0)
        break
      case 'listAbort':
        sink.listAbort()
        host.chunkEnds(0)
        break
      case 'watchStart':
        sink.watchStart(parseResourceVersion(effect.version), effect.version)
        break
      case 'bookmark':
        sink.bookmark(parseResourceVersion(effect.version), effect.version)
        break
      case 'timer':
        this.#timer?.cancel()
        this.#timer = this.#options.runtime.setTimer(effect.ms, () => this.#dispatch({ type: 'timer' }))
        break
      case 'clearTimer':
        this.#timer?.cancel()
        break
      case 'requestPermit':
        host.requestPermit()
        break
      case 'syncEnded':
        host.syncEnded()
        break
      case 'requestConnection':
        host.requestConnection(effect.reason)
        break
      case 'state':
        host.setState(effect.state, effect.error, effect.attempt)
        break
      case 'count':
        this.counters[effect.counter]++
        break
      default:
        effect satisfies never
    }
  }

  #open(kind: 'stream' | 'list' | 'watch' | 'probe', query: Query): void {
    this.#request?.abort()
    const { spec, transport } = this.#options
    const search = new URLSearchParams(query)
    if (spec.labelSelector !== undefined) search.set('labelSelector', spec.labelSelector)
    if (spec.fieldSelector !== undefined) search.set('fieldSelector', spec.fieldSelector)
    const isWatch = kind === 'stream' || kind === 'watch'
    let request: TransportRequest | undefined
    // A request that was given up may still have something to say; only the open one is heard.
    const isOpen = (): boolean => request !== undefined && this.#request === request
    const body = isWatch ? this.#watchBody(isOpen) : this.#listBody(kind === 'list')
    request = transport.open(spec.path, search, {
      onHeaders: () => {
        if (isOpen()) this.#dispatch({ type: 'opened' })
      },
      onData: (chunk) => {
        if (isOpen()) this.#read(body, chunk, isOpen)
      },
      onEnd: () => {
        if (isOpen()) this.#end(body)
      },
      onError: (error) => {
        if (isOpen()) this.#fail(error)
      },
    } satisfies TransportHandler)
    this.#request = request
  }

  #read(body: Body, chunk: Buffer, isOpen: () => boolean): void {
    const { host, runtime } = this.#options
    this.counters.bytesRead += chunk.length
    this.counters.lastByteAtMs = runtime.nowMs()
    host.chunkStarts()
    try {
      body.push(chunk)
    } catch (error) {
      this.#fail(coded(error))
      return
    }
    host.chunkEnds(chunk.length)
    // The chunk itself may have ended the request (an ERROR event, an end bookmark that is too old).
    if (!isOpen()) return
    this.#dispatch({ type: 'chunk', ...body.takeProgress() })
    if (host.queuePressure() === 'full') this.#dispatch({ type: 'full' })
  }

  #end(body: Body): void {
    this.#request = undefined
    try {
      body.end()
    } catch (error) {
      this.#dispatch({ type: 'failed', error: coded(error) })
    }
  }

  #fail(error: KubeInformerError): void {
    this.#request?.abort()
    this.#request = undefined
    this.#dispatch({ type: 'failed', error })
  }

  #watchBody(isOpen: () => boolean): Body {
    const { sink, host, spec } = this.#options
    let added = 0
    let events = 0
    const decoder = new WatchDecoder(
      {
        object: (type, bytes, start, end) => {
          // The chunk may go on after an event that ended this request: none of it is ours any more.
          if (!isOpen()) return
          if (type === 'ADDED') added++
          events++
          sink.object(type === 'DELETED' ? 'deleted' : 'upsert', bytes, start, end)
        },
        bookmark: (version, isEnd) => {
          if (!isOpen()) return
          this.counters.bookmarks++
          // What came before the bookmark must be known before it, or the version would fall back.
          this.#dispatch({ type: 'chunk', ...takeProgress() })
          this.#dispatch({ type: 'bookmark', version, isEnd })
        },
        error: (status) => {
          if (!isOpen()) return
          this.#dispatch({ type: 'chunk', ...takeProgress() })
          this.#dispatch({ type: 'error', error: statusObjectError(status) })
        },
        refused: (error, bytes, prefix) => {
          events++
          host.refused(error, bytes, prefix)
        },
      },
      { frameBytesMax: spec.bounds.frameBytesMax },
    )
    const takeProgress = (): Progress => {
      const progress = { added, events, version: events > 0 ? sink.lastVersionText() : undefined }
      added = 0
      events = 0
      return progress
    }
    return {
      push: (chunk) => decoder.write(chunk),
      end: () => {
        decoder.end()
        this.#dispatch({ type: 'ended' })
      },
      takeProgress,
    }
  }

  #listBody(isList: boolean): Body {
    const { sink, host, spec } = this.#options
    let items = 0
    const decoder = new ListDecoder(
      {
        items: (apiVersion, kind) => {
          if (isList && apiVersion !== '' && kind.endsWith('List') && kind !== 'List')
            sink.typeMeta(apiVersion, kind.slice(0, -'List'.length))
        },
        item: (bytes, start, end) => {
          items++
          if (isList) sink.object('upsert', bytes, start, end)
        },
        refused: (error, bytes, prefix) => {
          if (isList) host.refused(error, bytes, prefix)
        },
      },
      { frameBytesMax: spec.bounds.frameBytesMax },
    )
    return {
      push: (chunk) => decoder.write(chunk),
      end: () => {
        const { resourceVersion, continueToken } = decoder.end()
        this.#dispatch({ type: 'page', version: resourceVersion, continueToken })
      },
      takeProgress: () => {
        const progress = { added: items, events: items, version: undefined }
        items = 0
        return progress
      },
    }
  }

  /** The next page of a list is asked for only while the queue is under half. */
  #pollDrain(): void {
    this.#drainTimer?.cancel()
    if (this.#options.host.queuePressure() === 'open') {
      this.#dispatch({ type: 'drained' })
      return
    }
    this.#drainTimer = this.#options.runtime.setTimer(drainPollMs, () => {
      if (this.#state.name === 'drain') this.#pollDrain()
    })
  }
}

interface Progress {
  readonly added: number
  readonly events: number
  readonly version: string | undefined
}

interface Body {
  push(chunk: Buffer): void
  end(): void
  takeProgress(): Progress
}

function coded(error: unknown): KubeInformerError {
  return error instanceof KubeInformerError
    ? error
    : new KubeInformerError('ERR_INTERNAL', 'reading a response failed', { cause: error })
}
