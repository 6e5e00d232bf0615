import type { Runtime } from '../base/runtime.ts'
import type { VersionCell } from '../protocol/record-store.ts'
import { type Callbacks, type HandlerName, handlerNames } from './callbacks.ts'
import { ChangeEvent, type EventReader } from './change-event.ts'
import type { ChangeCause } from './change-sink.ts'
import { callWithin, HandlerCall, type HandlerCalls, isThenable } from './handler-calls.ts'

export interface HandlerRunnerOptions<E> {
  readonly runtime: Runtime
  readonly callbacks: Callbacks
  readonly calls: HandlerCalls
  readonly reader: EventReader<E>
  readonly release: (cell: VersionCell<E>) => void
  readonly onHandlerError: (error: unknown, key: string, handler: HandlerName) => void
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
  #mayAwait: boolean
  deliveredCount = 0
  errorCount = 0

  constructor(options: HandlerRunnerOptions<E>) {
    this.#options = options
    this.#mayAwait = options.callbacks.isAsync
  }

  /** Takes over one use of each cell. */
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
    const { callbacks, calls, reader, release, onFinished } = this.#options
    const handler = callbacks[type]
    if (handler === undefined) {
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
    const call = this.#mayAwait ? new HandlerCall() : undefined
    let promise: PromiseLike<unknown> | undefined
    try {
      const result = call === undefined ? handler(event) : callWithin(call, handler, event)
      if (isThenable(result)) promise = result
    } catch (error) {
      this.#fail(error, key, handlerNames[type])
    }
    if (promise === undefined) {
      event.expire(release)
      onFinished(key, isInitial)
      return
    }
    this.#mayAwait = true
    this.activeKeys.add(key)
    calls.begin(
      call ?? new HandlerCall(),
      promise,
      (error) => this.#fail(error, key, handlerNames[type]),
      () => {
        this.activeKeys.delete(key)
        event.expire(release)
        onFinished(key, isInitial)
        this.#options.onAsyncEnd()
      },
    )
  }

  /** Nothing waits for its end but a removal. */
  callSynced(): void {
    const { callbacks, calls } = this.#options
    const { synced } = callbacks
    if (synced === undefined) return
    const call = new HandlerCall()
    const fail = (error: unknown): void => this.#fail(error, '', 'onSynced')
    try {
      const result = callWithin(call, synced, undefined)
      if (isThenable(result)) calls.begin(call, result, fail, () => {})
    } catch (error) {
      fail(error)
    }
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
