import { AsyncLocalStorage } from 'node:async_hooks'
import type { Runtime, Timer } from '../base/runtime.ts'

/** One call of a handler that is not over when the handler returns. */
export class HandlerCall {
  onEnd: (() => void) | undefined
}

/**
 * Which call the running code belongs to, across its awaits: a handler that removes its own registration must not
 * wait for itself. Entered only for handlers known to be asynchronous; it costs nothing where nobody enters.
 */
const current = new AsyncLocalStorage<HandlerCall | undefined>()

/** From where {@link HandlerCalls.drained} is asked; undefined outside of handlers. */
export function currentCall(): HandlerCall | undefined {
  return current.getStore()
}

/** Calls `handler` such that it, and everything it awaits, finds `call` as {@link currentCall}. */
export function callWithin<A, R>(call: HandlerCall, handler: (argument: A) => R, argument: A): R {
  return current.run(call, handler, argument)
}

/** Calls `work` as belonging to no call: a handler that made work for a later turn is not what runs there. */
export function outsideCalls<R>(work: () => R): R {
  return current.getStore() === undefined ? work() : current.run(undefined, work)
}

/** The calls of one listener that are in progress, and the wait for their end. */
export class HandlerCalls {
  readonly #runtime: Runtime
  readonly #calls = new Set<HandlerCall>()
  readonly #waiters = new Set<() => void>()
  /** Calls that wait here themselves: were one to wait for another, both would until the drain's time is over. */
  readonly #waiting = new WeakSet<HandlerCall>()
  /** Of {@link #calls}. */
  #waitingCount = 0
  #timer: Timer | undefined
  /** Calls given up: they had not ended when a drain's time was over. */
  abandonedCount = 0

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  get count(): number {
    return this.#calls.size
  }

  /** `onEnd` runs once: when the promise has settled, or when nobody waits for it any longer. */
  begin(
    call: HandlerCall,
    promise: PromiseLike<unknown>,
    onError: (error: unknown) => void,
    onEnd: () => void,
  ): void {
    this.#calls.add(call)
    if (this.#waiting.has(call)) this.#waitingCount++
    call.onEnd = onEnd
    const end = (): void => {
      // Without this, a call given up earlier would end twice and release its cells twice.
      if (this.#calls.has(call)) this.#end(call)
    }
    try {
      promise.then(end, (error: unknown) => {
        onError(error)
        end()
      })
    } catch (error) {
      onError(error)
      end()
    }
  }

  /**
   * Resolves when all calls have ended; for one `from` a call, here or elsewhere, when those have that do not wait so
   * themselves. Those that have not in `drainMs` are given up.
   */
  drained(drainMs: number, from: HandlerCall | undefined): Promise<void> {
    if (from !== undefined) this.#wait(from)
    const isDrained = (): boolean => this.#calls.size === (from === undefined ? 0 : this.#waitingCount)
    if (isDrained()) return Promise.resolve()
    // Kept alive: else a process whose last promise is this one exits before it resolves.
    this.#timer ??= this.#runtime.setTimer(drainMs, () => this.#giveUp(), true)
    return new Promise((resolve) => {
      const waiter = (): void => {
        if (!isDrained()) return
        this.#waiters.delete(waiter)
        if (this.#waiters.size === 0) this.#stopTimer()
        resolve()
      }
      this.#waiters.add(waiter)
    })
  }

  #wait(call: HandlerCall): void {
    if (this.#waiting.has(call)) return
    this.#waiting.add(call)
    if (!this.#calls.has(call)) return
    this.#waitingCount++
    for (const waiter of this.#waiters) waiter()
  }

  #giveUp(): void {
    this.abandonedCount += this.#calls.size
    for (const call of this.#calls) this.#end(call)
    this.#stopTimer()
  }

  #end(call: HandlerCall): void {
    if (this.#calls.delete(call) && this.#waiting.has(call)) this.#waitingCount--
    const { onEnd } = call
    // Timers a handler left behind remember its call for as long as they live; not what the call held.
    call.onEnd = undefined
    onEnd?.()
    for (const waiter of this.#waiters) waiter()
  }

  #stopTimer(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }
}
