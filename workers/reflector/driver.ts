import type { Runtime, Timer } from '../../src/base/runtime.ts'
import { KubeInformerError } from '../../src/errors.ts'
import { fromWireError, type WireError } from '../../src/protocol/error-wire.ts'
import type { ConnectionMaterial, WatchSpec } from '../../src/protocol/messages.ts'
import { parseResourceVersion } from '../../src/protocol/resource-version.ts'
import type { DeltaSink } from '../delta.ts'
import { statusObjectError } from '../status-error.ts'
import type { Transport, TransportRequest } from '../transport.ts'
import { ListBody, type Progress, WatchBody } from './bodies.ts'
import type { ReflectorHost } from './host.ts'
import { nothing } from './nothing-sink.ts'
import {
  type Effect,
  initialState,
  type Query,
  type ReflectorEvent,
  type ReflectorState,
  type Step,
} from './state.ts'
import { transition } from './transitions.ts'

export interface ReflectorDriverOptions {
  readonly spec: WatchSpec
  readonly runtime: Runtime
  readonly transport: Transport
  readonly sink: DeltaSink
  readonly host: ReflectorHost
}

export interface ReflectorCounters {
  bytesRead: number
  bookmarks: number
  lists: number
  watches: number
  relists: number
  reconnects: number
  lastByteAtMs: number
}

/** How often a list that waits for its next page, or a socket that is not read, looks whether the queue has room. */
const roomPollMs = 20

type RequestKind = Extract<Effect, { type: 'open' }>['request']

/** One request and what is made of its bytes. */
interface OpenRequest {
  readonly kind: RequestKind
  readonly body: Body
  request: TransportRequest | undefined
}

interface Body {
  write(chunk: Buffer): void
  close(): void
  takeProgress(): Progress
  /** The event that its end is; throws when it is incomplete. */
  end(): ReflectorEvent
}

/**
 * Carries out what the state machine (transitions.ts) decides: requests, timers, list brackets; and tells it what came
 * of them. No decision is made here. After `stop()` nothing is called any more: not the sink, not the host.
 */
export class ReflectorDriver {
  readonly counters: ReflectorCounters = {
    bytesRead: 0,
    bookmarks: 0,
    lists: 0,
    watches: 0,
    relists: 0,
    reconnects: 0,
    lastByteAtMs: 0,
  }
  readonly #options: ReflectorDriverOptions
  #state: ReflectorState = initialState
  #open: OpenRequest | undefined
  #timer: Timer | undefined
  #roomTimer: Timer | undefined
  /** Events that came while effects were carried out: they wait, or state and effects would mix. */
  readonly #waiting: ReflectorEvent[] = []
  #isStepping = false
  #isStopped = false

  constructor(options: ReflectorDriverOptions) {
    this.#options = options
  }

  get state(): ReflectorState {
    return this.#state
  }

  start(): void {
    const { resumeVersion, knownVersion } = this.#options.spec
    this.#dispatch({ type: 'start', resumeVersion, knownVersion })
  }

  /** At any moment, also from inside the sink or the host. */
  stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#waiting.length = 0
    this.#roomTimer?.cancel()
    const { state, effects } = this.#transition({ type: 'stop' })
    this.#state = state
    for (const effect of effects) this.#carryOut(effect)
  }

  permitGranted(): void {
    this.#dispatch({ type: 'permit' })
  }

  connectionReady(material: ConnectionMaterial): void {
    if (this.#isStopped) return
    this.#options.transport.setConnection(material)
    this.#dispatch({ type: 'connection' })
  }

  connectionFailed(error: WireError): void {
    this.#dispatch({ type: 'connectionFailed', error: fromWireError(error) })
  }

  relist(): void {
    this.#dispatch({ type: 'relist' })
  }

  /** The queue has room again. Only a hint that saves waiting for the next look. */
  queueDrained(): void {
    if (this.#awaitsRoom) this.#lookForRoom()
  }

  #dispatch(event: ReflectorEvent): void {
    this.#waiting.push(event)
    if (this.#isStepping) return
    this.#isStepping = true
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (this.#isStopped) break
      const { state, effects } = this.#transition(next)
      this.#state = state
      for (const effect of effects) {
        // Any of them may lead to stop().
        if (this.#isStopped) break
        this.#carryOut(effect)
      }
    }
    this.#isStepping = false
    if (this.#awaitsRoom) this.#awaitRoom()
  }

  #transition(event: ReflectorEvent): Step {
    const { runtime, spec } = this.#options
    return transition(this.#state, event, {
      nowMs: runtime.nowMs(),
      random: runtime.random(),
      timing: spec.timing,
    })
  }

  #carryOut(effect: Effect): void {
    const { sink, host } = this.#options
    switch (effect.type) {
      case 'open':
        this.#start(effect.request, effect.query)
        break
      case 'abort':
        this.#abandon()
        break
      case 'pause':
        this.#open?.request?.pause()
        break
      case 'resume':
        this.#open?.request?.resume()
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
        this.#setTimer(effect.ms)
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

  #setTimer(ms: number): void {
    const { runtime } = this.#options
    this.#timer?.cancel()
    this.#timer = runtime.setTimer(ms, () => {
      // A thread that was blocked finds its timers due before it has read what waits in its sockets: those first, or
      // they would be called silent.
      this.#timer = runtime.defer(() => this.#dispatch({ type: 'timer' }))
    })
  }

  #start(kind: RequestKind, query: Query): void {
    this.#abandon()
    const { spec, transport } = this.#options
    const search = new URLSearchParams(query)
    if (spec.labelSelector !== undefined) search.set('labelSelector', spec.labelSelector)
    if (spec.fieldSelector !== undefined) search.set('fieldSelector', spec.fieldSelector)
    const open: OpenRequest = { kind, body: this.#bodyOf(kind), request: undefined }
    this.#open = open
    // A request that was given up may still have something to say; only the open one is heard.
    const isOpen = (): boolean => this.#open === open
    open.request = transport.open(spec.path, search, {
      onHeaders: () => {
        if (isOpen()) this.#dispatch({ type: 'opened' })
      },
      onData: (chunk) => {
        if (isOpen()) this.#read(open, chunk)
      },
      onEnd: () => {
        if (isOpen()) this.#end(open)
      },
      onError: (error) => {
        if (isOpen()) this.#fail(error)
      },
    })
  }

  /** Gives up the open request; the rest of its present chunk too. */
  #abandon(): void {
    const open = this.#open
    this.#open = undefined
    open?.body.close()
    open?.request?.abort()
  }

  #read(open: OpenRequest, chunk: Buffer): void {
    const { host, runtime } = this.#options
    this.counters.bytesRead += chunk.length
    this.counters.lastByteAtMs = runtime.nowMs()
    host.chunkStarts()
    try {
      open.body.write(chunk)
    } catch (error) {
      if (this.#open === open) this.#fail(coded(error))
    }
    if (this.#isStopped) return
    host.chunkEnds(chunk.length)
    // The chunk itself may have ended the request (an ERROR event, an end bookmark that is too old).
    if (this.#open !== open) return
    this.#dispatch({ type: 'chunk', ...open.body.takeProgress() })
    if (this.#open === open && host.queuePressure() === 'full') this.#dispatch({ type: 'full' })
  }

  #end(open: OpenRequest): void {
    const { host } = this.#options
    let event: ReflectorEvent
    host.chunkStarts()
    try {
      // May give one last event, whose line lacked its end.
      event = open.body.end()
    } catch (error) {
      event = { type: 'failed', error: coded(error) }
    }
    if (this.#open !== open) return
    host.chunkEnds(0)
    this.#dispatch({ type: 'chunk', ...open.body.takeProgress() })
    this.#open = undefined
    this.#dispatch(event)
  }

  #fail(error: KubeInformerError): void {
    this.#abandon()
    this.#dispatch({ type: 'failed', error })
  }

  #bodyOf(kind: RequestKind): Body {
    const { sink, spec, host } = this.#options
    const options = {
      sink: kind === 'probe' ? nothing : sink,
      frameBytesMax: spec.bounds.frameBytesMax,
      refused: (error: KubeInformerError, bytes: number, prefix: Buffer) => {
        if (kind !== 'probe') host.refused(error, bytes, prefix)
      },
    }
    if (kind === 'list' || kind === 'probe') {
      const body = new ListBody(options)
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
    const body = new WatchBody({
      ...options,
      bookmark: (version, isEnd) => {
        this.counters.bookmarks++
        // What came before it must be known before it, or the version would fall back.
        this.#dispatch({ type: 'chunk', ...body.takeProgress() })
        this.#dispatch({ type: 'bookmark', version, isEnd })
      },
      error: (status) => {
        this.#dispatch({ type: 'chunk', ...body.takeProgress() })
        this.#abandon()
        this.#dispatch({ type: 'error', error: statusObjectError(status) })
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

  get #awaitsRoom(): boolean {
    return !this.#isStopped && (this.#state.name === 'drain' || this.#state.isStalled)
  }

  #awaitRoom(): void {
    // The next page may be asked for at once; a socket that was stopped a moment ago rests first.
    if (this.#state.name === 'drain') this.#lookForRoom()
    else this.#lookLater()
  }

  #lookForRoom(): void {
    this.#roomTimer?.cancel()
    this.#roomTimer = undefined
    // Under half: a socket that is let on for each batch that leaves would stop and go all the time.
    if (this.#options.host.queuePressure() === 'open') this.#dispatch({ type: 'drained' })
    else this.#lookLater()
  }

  #lookLater(): void {
    this.#roomTimer ??= this.#options.runtime.setTimer(roomPollMs, () => {
      this.#roomTimer = undefined
      if (this.#awaitsRoom) this.#lookForRoom()
    })
  }
}

function coded(error: unknown): KubeInformerError {
  return error instanceof KubeInformerError
    ? error
    : new KubeInformerError('ERR_INTERNAL', 'reading a response failed', { cause: error })
}
