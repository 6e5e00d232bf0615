import type { Runtime } from '../base/runtime.ts'
import { isThenable } from '../base/thenable.ts'
import type { VersionCell } from '../protocol/record-store.ts'
import { type Callbacks, handlerNames } from './callbacks.ts'
import { ChangeBatch } from './change-batch.ts'
import { ChangeEvent, type EventReader } from './change-event.ts'
import type { ChangeCause } from './change-sink.ts'
import { callWithin, HandlerCall, type HandlerCalls } from './handler-calls.ts'
import type { HandlerName } from './handler-error.ts'
import type { HandlerTracer } from './handler-tracer.ts'
import { HeldChange } from './held-change.ts'
import type { ListenerLimits } from './listener-limits.ts'

export interface HandlerRunnerOptions<E> {
  readonly runtime: Runtime
  readonly callbacks: Callbacks
  readonly limits: ListenerLimits
  readonly calls: HandlerCalls
  readonly tracer?: HandlerTracer | undefined
  readonly reader: EventReader<E>
  readonly release: (cell: VersionCell<E>) => void
  readonly onHandlerError: (error: unknown, key: string, handler: HandlerName) => void
  /** A change is in a batch. What follows it belongs there, too: else a busy object would take a call for each change. */
  readonly onGathered: (key: string) => void
  /** A change is finished, whatever became of its call; before {@link HandlerRunner.call} returns if it was not async. */
  readonly onFinished: (key: string, isInitial: boolean) => void
  /** After that, for an async call: there is room for another one. */
  readonly onAsyncEnd: () => void
}

/** Calls one listener's handlers: makes their events, catches what they throw, and follows what they promise. */
export class HandlerRunner<E> {
  readonly #options: HandlerRunnerOptions<E>
  /** Keys whose async calls run. */
  readonly activeKeys: Set<string> = new Set()
  /** Async calls that run, and changes that a loop holds; one of `onChanges` has many keys. */
  activeCount = 0
  /** What the next call of `onChanges` gets; undefined: changes are told one by one. */
  batch: ChangeBatch<E> | undefined
  #mayAwait: boolean
  deliveredCount = 0
  errorCount = 0

  constructor(options: HandlerRunnerOptions<E>) {
    this.#options = options
    this.#mayAwait = options.callbacks.isAsync
    if (options.callbacks.changes !== undefined) this.batch = new ChangeBatch(options.limits)
  }

  /** Takes over one use of each cell. Of a batch, the call comes by {@link flush}. */
  call(
    type: 'add' | 'update' | 'delete',
    key: string,
    cell: VersionCell<E>,
    old: VersionCell<E> | undefined,
    cause: ChangeCause,
    isInitial: boolean,
    finalStateUnknown: boolean,
    receivedAtMs: number,
  ): void {
    this.deliveredCount++
    const { callbacks, tracer, reader, release, onGathered, onFinished } = this.#options
    let handler = callbacks[type]
    if (handler === undefined && this.batch === undefined) {
      release(cell)
      if (old !== undefined && old !== cell) release(old)
      onFinished(key, isInitial)
      return
    }
    const event = new ChangeEvent(
      reader,
      type,
      key,
      cell,
      old,
      cause,
      isInitial,
      finalStateUnknown,
      receivedAtMs,
    )
    if (handler === undefined) {
      this.batch?.add(event, cell.length + (old === undefined || old === cell ? 0 : old.length))
      onGathered(key)
      return
    }
    if (tracer?.isHeard) handler = tracer.trace(handler, key, handlerNames[type], cause)
    const call = this.#mayAwait ? new HandlerCall() : undefined
    const promise = this.#invoke(handler, event, call, key, handlerNames[type])
    if (promise === undefined) {
      event.expire(release)
      onFinished(key, isInitial)
      return
    }
    this.activeKeys.add(key)
    this.#follow(call, promise, key, handlerNames[type], () => {
      this.activeKeys.delete(key)
      event.expire(release)
      onFinished(key, isInitial)
    })
  }

  /** Calls `onChanges` with what has been gathered, if anything has. */
  flush(): void {
    const { callbacks, limits, tracer, release, onFinished } = this.#options
    const { batch } = this
    let { changes } = callbacks
    if (batch === undefined || batch.isEmpty || changes === undefined) return
    if (tracer?.isHeard) changes = tracer.trace(changes, '', 'onChanges', undefined)
    this.batch = new ChangeBatch(limits)
    const call = this.#mayAwait ? new HandlerCall() : undefined
    const promise = this.#invoke(changes, batch.toArray(), call, '', 'onChanges')
    if (promise === undefined) {
      batch.end(release, onFinished)
      return
    }
    // Where calls come one by one none can meet this one's objects; but a desync awaits the calls that ran when it came.
    if (limits.concurrency > 1 || limits.overflow === 'replay') batch.markActive(this.activeKeys)
    this.#follow(call, promise, '', 'onChanges', () => batch.end(release, onFinished))
  }

  /** Nothing waits for its end but a removal. */
  callSynced(): void {
    this.#callNotice(this.#options.callbacks.synced, 'onSynced')
  }

  /** The same. */
  callDesynced(): void {
    this.#callNotice(this.#options.callbacks.desynced, 'onDesynced')
  }

  #callNotice(notice: (() => unknown) | undefined, name: HandlerName): void {
    if (notice === undefined) return
    const { calls } = this.#options
    const call = new HandlerCall()
    const promise = this.#invoke(notice, undefined, call, '', name)
    if (promise === undefined || promise instanceof HeldChange) return
    calls.begin(
      call,
      promise,
      (error) => this.#fail(error, '', name),
      () => {},
    )
  }

  /** What the handler gave to wait for. What it throws is reported. */
  #invoke<A>(
    handler: (argument: A) => unknown,
    argument: A,
    call: HandlerCall | undefined,
    key: string,
    name: HandlerName,
  ): PromiseLike<unknown> | HeldChange | undefined {
    try {
      const result = call === undefined ? handler(argument) : callWithin(call, handler, argument)
      if (result !== undefined && (isThenable(result) || result instanceof HeldChange)) return result
    } catch (error) {
      this.#fail(error, key, name)
    }
    return undefined
  }

  /** Of a call that goes on: `finish` when it has ended. */
  #follow(
    call: HandlerCall | undefined,
    promise: PromiseLike<unknown> | HeldChange,
    key: string,
    name: HandlerName,
    finish: () => void,
  ): void {
    this.activeCount++
    const onEnd = (): void => {
      this.activeCount--
      finish()
      this.#options.onAsyncEnd()
    }
    if (promise instanceof HeldChange) {
      // Not among the calls: a removal would wait for a loop that may be waiting for the removal.
      promise.whenEnded(onEnd)
      return
    }
    this.#mayAwait = true
    this.#options.calls.begin(
      call ?? new HandlerCall(),
      promise,
      (error) => this.#fail(error, key, name),
      onEnd,
    )
  }

  /** Of a callback beside the handlers. */
  report(error: unknown, handler: HandlerName): void {
    this.#fail(error, '', handler)
  }

  #fail(error: unknown, key: string, handler: HandlerName): void {
    this.errorCount++
    try {
      this.#options.onHandlerError(error, key, handler)
    } catch (reported) {
      // A reporter that throws must be heard, but not by the change that happened to be next.
      this.#options.runtime.defer(() => {
        throw reported
      })
    }
  }
}
