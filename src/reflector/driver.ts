import type { Runtime, Timer } from '../base/runtime.ts'
import { fromWireError, type WireError } from '../protocol/error-wire.ts'
import type { ReflectorTiming } from '../protocol/messages.ts'
import { parseResourceVersion } from '../protocol/resource-version.ts'
import { newCounters, type ReflectorCounters } from './counters.ts'
import type { AnswerReader, BracketSink, DriverHost, OpenEffect, ReaderCalls } from './host.ts'
import { notesOf } from './notes.ts'
import { type Effect, initialState, type ReflectorEvent, type ReflectorState, type Step } from './state.ts'
import { transition } from './transitions.ts'

export interface DriverOptions {
  readonly timing: ReflectorTiming
  readonly runtime: Runtime
  readonly sink: BracketSink
  readonly host: DriverHost
  /** Makes a request; the only place that knows what is behind it. */
  readonly open: (effect: OpenEffect, calls: ReaderCalls) => AnswerReader
  /** What to begin with instead of the initial state's. */
  readonly initial?: Partial<ReflectorState>
  /** Timers keep the process alive: there is no port or socket that does while it waits. @default false */
  readonly keepAlive?: boolean
}

/** How often a list that waits for its next page, or a socket that is not read, looks whether the queue has room. */
const roomPollMs = 20

/**
 * Carries out what the state machine (transitions.ts) decides: requests, timers, list brackets; and tells it what came
 * of them. No decision is made here. After `stop()` nothing is called any more: not the sink, not the host.
 */
export class Driver {
  readonly counters: ReflectorCounters = newCounters()
  readonly #options: DriverOptions
  #state: ReflectorState
  #reader: AnswerReader | undefined
  #timer: Timer | undefined
  #roomTimer: Timer | undefined
  /** Events that came while effects were carried out: they wait, or state and effects would mix. */
  readonly #waiting: ReflectorEvent[] = []
  #isStepping = false
  #isStopped = false

  constructor(options: DriverOptions) {
    this.#options = options
    this.#state = { ...initialState, ...options.initial }
  }

  get state(): ReflectorState {
    return this.#state
  }

  /** Without `resumeVersion`: with a list. `knownVersion`: a consistent list below it means that etcd was restored. */
  start(resumeVersion?: string, knownVersion?: string, probeFirst = false): void {
    this.#dispatch({ type: 'start', resumeVersion, knownVersion, probeFirst })
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

  /** Fresh credentials are in use. */
  connectionChanged(): void {
    this.#dispatch({ type: 'connection' })
  }

  connectionFailed(error: WireError): void {
    this.#dispatch({ type: 'connectionFailed', error: fromWireError(error) })
  }

  /** Main cannot trust its cache. In vain while a list is under way. */
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
      const before = this.#state
      const step = this.#transition(next)
      const { state } = step
      const { lastError } = before
      this.#state = state
      if (this.#options.host.noted !== undefined) {
        for (const note of notesOf(before, step)) this.#options.host.noted(note)
      }
      for (const effect of step.effects) {
        // Any of them may lead to stop().
        if (this.#isStopped) break
        this.#carryOut(effect)
      }
      // The state keeps the error of a failure until the next one, or health: another object is another failure.
      if (state.lastError !== undefined && state.lastError !== lastError && !this.#isStopped)
        this.#options.host.failed?.(state.lastError, Math.max(1, state.attempt))
    }
    this.#isStepping = false
    if (this.#awaitsRoom) this.#awaitRoom()
  }

  #transition(event: ReflectorEvent): Step {
    const { runtime, timing } = this.#options
    return transition(this.#state, event, {
      nowMs: runtime.nowMs(),
      random: runtime.random(),
      timing,
    })
  }

  #carryOut(effect: Effect): void {
    const { sink, host } = this.#options
    switch (effect.type) {
      case 'open':
        this.#open(effect)
        break
      case 'abort':
        this.#reader?.close()
        this.#reader = undefined
        break
      case 'pause':
        this.#reader?.pause()
        break
      case 'resume':
        this.#reader?.resume()
        break
      case 'listStart':
        sink.listStart(effect.reset)
        break
      case 'listEnd':
        sink.listEnd(
          parseResourceVersion(effect.version),
          effect.version,
          parseResourceVersion(effect.knownVersion),
        )
        if (!this.#isStopped) host.chunkEnds(0)
        break
      case 'listAbort':
        sink.listAbort()
        if (!this.#isStopped) host.chunkEnds(0)
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
        host.requestConnection()
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

  #open(effect: OpenEffect): void {
    this.#reader?.close()
    this.#reader = this.#options.open(effect, {
      emit: (event) => this.#dispatch(event),
      isStopped: () => this.#isStopped,
      counters: this.counters,
    })
  }

  #setTimer(ms: number): void {
    const { runtime, keepAlive } = this.#options
    this.#timer?.cancel()
    const due = (): void => {
      // A thread that was blocked finds its timers due before it has read what waits in its sockets: those first, or
      // they would be called silent.
      this.#timer = runtime.defer(() => this.#dispatch({ type: 'timer' }))
    }
    this.#timer = runtime.setTimer(ms, due, keepAlive)
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
    const { runtime, keepAlive } = this.#options
    const look = (): void => {
      this.#roomTimer = undefined
      if (this.#awaitsRoom) this.#lookForRoom()
    }
    this.#roomTimer ??= runtime.setTimer(roomPollMs, look, keepAlive)
  }
}
