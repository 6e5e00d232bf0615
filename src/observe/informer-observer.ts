import { RateLimit } from '../base/rate-limit.ts'
import type { KubeInformerError } from '../errors.ts'
import type { InformerState, RefusedObject, Staleness } from '../informer-stats.ts'
import type { HandlerTracer } from '../notify/handler-tracer.ts'
import type { ReflectorNote } from '../protocol/messages.ts'
import { type ChannelMessages, type ChannelName, channels, type InformerScope } from './channels.ts'
import { Freshness } from './freshness.ts'
import { HandlerChannel } from './handler-channel.ts'
import { isDeath, lineOf } from './log-lines.ts'
import type { SafeLogger } from './logger.ts'

export interface InformerObserverOptions {
  readonly scope: InformerScope
  readonly nowMs: () => number
  /** After so long without a byte the cache does not count as fresh; Infinity: never. */
  readonly silenceMs: number
  readonly logger?: SafeLogger | undefined
}

type Facts<Name extends ChannelName> = Omit<ChannelMessages[Name], keyof InformerScope>

const faults: readonly InformerState[] = ['retrying', 'forbidden', 'absent', 'stalled']

/** One informer's way to channels and log: what it is told becomes one message for both, made only if one of them is there. */
export class InformerObserver {
  readonly tracer: HandlerTracer
  readonly #options: InformerObserverOptions
  readonly #limit: RateLimit
  readonly #freshness: Freshness
  #state: InformerState = 'idle'
  #startedAtMs: number
  #faultAtMs: number | undefined
  #listAtMs: number | undefined
  #watchAtMs: number | undefined

  constructor(options: InformerObserverOptions) {
    this.#options = options
    this.tracer = new HandlerChannel(options.scope)
    this.#limit = new RateLimit(options.nowMs)
    this.#startedAtMs = options.nowMs()
    this.#freshness = new Freshness(options.silenceMs, this.#startedAtMs)
  }

  state(state: InformerState, error: KubeInformerError | undefined, attempt: number, threadId: number): void {
    const nowMs = this.#options.nowMs()
    const previous = this.#state
    this.#state = state
    this.#freshness.state(state, nowMs)
    const isFault = faults.includes(state)
    if (state === 'connecting' && (previous === 'idle' || previous === 'stopped')) this.#startedAtMs = nowMs
    if (error !== undefined && isDeath(error)) {
      this.#ended(error)
      this.#tell('kube-informer:worker:death', { threadId, error })
    } else if (state === 'stopped') this.#ended(undefined)
    const downMs = state === 'watching' && this.#faultAtMs !== undefined ? nowMs - this.#faultAtMs : undefined
    if (isFault) this.#faultAtMs ??= nowMs
    if (state === 'watching' || state === 'stopped') this.#faultAtMs = undefined
    // A watch that was resumed says again that it watches.
    if (state === previous && error === undefined) return
    this.#tell('kube-informer:informer:state', {
      state,
      previous,
      attempt,
      ...(downMs !== undefined && { downMs }),
      ...(error && { error }),
    })
  }

  synced(objects: number): void {
    const durationMs = this.#options.nowMs() - this.#startedAtMs
    this.#tell('kube-informer:informer:synced', { objects, durationMs })
  }

  note(note: ReflectorNote<KubeInformerError>): void {
    const nowMs = this.#options.nowMs()
    const because = note.error === undefined ? {} : { error: note.error }
    switch (note.type) {
      case 'list-start': {
        this.#listAtMs = nowMs
        const { mode, isRelist, isReset } = note
        this.#tell('kube-informer:list:start', { mode, isRelist, isReset, ...because })
        break
      }
      case 'list-end':
        this.#listEnded(note.isComplete, note.error)
        break
      case 'watch-start':
        this.#watchAtMs = nowMs
        this.#tell('kube-informer:watch:start', { resourceVersion: note.resourceVersion })
        break
      case 'watch-end':
        this.#watchEnded(note.error)
        break
      default:
        note satisfies never
    }
  }

  refused({ key, resourceVersion, bytes, error }: RefusedObject): void {
    this.#tell('kube-informer:object:refused', { key, resourceVersion, bytes, error })
  }

  /** Without a logger a process warning: a file that is silently left unused would be noticed by nobody. */
  warmStartRefused(error: KubeInformerError): void {
    this.#tell('kube-informer:warm-start:refused', { error })
    if (this.#options.logger === undefined) process.emitWarning(error)
  }

  /** `source`: the registration; each has a minute of its own. */
  handlerFailed(error: unknown, key: string, handler: string, source: object): void {
    this.#tell('kube-informer:handler:error', { key, handler, error }, source)
  }

  /** undefined: fresh. */
  staleness(hasSynced: boolean, lastByteAtMs: number): Staleness | undefined {
    return this.#freshness.staleness(hasSynced, lastByteAtMs, this.#options.nowMs())
  }

  /** Its run is over, and says so no more. */
  #ended(error: KubeInformerError | undefined): void {
    this.#listEnded(false, error)
    this.#watchEnded(error)
  }

  #listEnded(isComplete: boolean, error: KubeInformerError | undefined): void {
    if (this.#listAtMs === undefined) return
    const durationMs = this.#options.nowMs() - this.#listAtMs
    this.#listAtMs = undefined
    this.#tell('kube-informer:list:end', { isComplete, durationMs, ...(error && { error }) })
  }

  #watchEnded(error: KubeInformerError | undefined): void {
    if (this.#watchAtMs === undefined) return
    const durationMs = this.#options.nowMs() - this.#watchAtMs
    this.#watchAtMs = undefined
    this.#tell('kube-informer:watch:end', { durationMs, ...(error && { error }) })
  }

  #tell<Name extends ChannelName>(name: Name, facts: Facts<Name>, source: object = this): void {
    const { scope, logger } = this.#options
    const channel = channels[name]
    if (logger === undefined && !channel.hasSubscribers) return
    const message = { ...scope, ...facts } as unknown as ChannelMessages[Name]
    channel.publish(message)
    if (logger === undefined) return
    const { level, text, kind } = lineOf(name, message)
    const untold = kind === undefined ? 0 : this.#limit.pass(source, kind)
    if (untold === undefined) return
    logger.log(level, { ...loggable(message), ...(untold > 0 && { untold }) }, `${scope.resource}: ${text}`)
  }
}

/** As pino wants it: what was thrown stands under `err`, which is serialized; a fault is its code and its words. */
function loggable(message: object): object {
  const { error, ...facts } = message as { readonly error?: unknown }
  if (error === undefined) return facts
  if ('handler' in facts) return { ...facts, err: error }
  const { code, message: reason, cause } = error as Partial<KubeInformerError>
  return { ...facts, code, reason, ...(cause instanceof Error && { cause: cause.message }) }
}
