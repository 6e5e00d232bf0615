import type { Runtime, Timer } from '../base/runtime.ts'

interface Call {
  readonly atMs: number
  readonly fn: () => void
}

/** Turns of the event loop that one step of the clock may lead to; beyond it something defers for ever. */
const turnsMax = 1_000

/**
 * A {@link Runtime} whose time passes only in {@link advance}: give it as `runtime` to a reflector, controller, informer
 * or work queue, and test hours of retries and resyncs in milliseconds. Promises, I/O and deferred calls go on as ever.
 *
 * @example
 * const clock = new FakeClock()
 * const { controller } = newInformer({ listerWatcher: source, handler, resyncPeriodMs: 30_000, runtime: clock })
 * void controller.run({ signal })
 * await clock.advance(30_000) // one resync, handled
 */
export class FakeClock implements Runtime {
  #nowMs: number
  #deferred = 0
  readonly #timers = new Set<Call>()
  readonly #random: () => number

  /** `random`: what {@link random} gives. @default always 0: backoffs have their least length */
  constructor(options: { readonly startMs?: number; readonly random?: () => number } = {}) {
    this.#nowMs = options.startMs ?? Date.UTC(2026, 0, 1)
    this.#random = options.random ?? (() => 0)
  }

  nowMs(): number {
    return this.#nowMs
  }

  random(): number {
    return this.#random()
  }

  setTimer(ms: number, fn: () => void): Timer {
    const call: Call = { atMs: this.#nowMs + Math.max(0, ms), fn }
    this.#timers.add(call)
    return { cancel: () => this.#timers.delete(call) }
  }

  defer(fn: () => void): Timer {
    this.#deferred++
    let isOver = false
    const end = (): boolean => {
      if (isOver) return false
      isOver = true
      this.#deferred--
      return true
    }
    const handle = setImmediate(() => {
      end()
      fn()
    })
    return {
      cancel: () => {
        if (end()) clearImmediate(handle)
      },
    }
  }

  /** Timers that wait. */
  get timerCount(): number {
    return this.#timers.size
  }

  /** Until the next timer is due; undefined if there is none. */
  get nextTimerMs(): number | undefined {
    const next = this.#next()
    return next === undefined ? undefined : Math.max(0, next.atMs - this.#nowMs)
  }

  /**
   * Moves the time on by `ms`: every timer that falls due runs at its own time, those it sets included, and what it
   * leads to (promises, deferred calls) before the next one. Resolves when all that is done.
   */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    await this.settle()
    for (let next = this.#next(); next !== undefined && next.atMs <= untilMs; next = this.#next()) {
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      this.#timers.delete(next)
      next.fn()
      await this.settle()
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs)
  }

  /** Lets promises settle and deferred calls run; no time passes. */
  async settle(): Promise<void> {
    // One more than what was deferred takes: the last deferred call may settle a promise that somebody awaits.
    for (let turns = 0, quiet = 0; turns < turnsMax && quiet < 2; turns++) {
      quiet = this.#deferred === 0 ? quiet + 1 : 0
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** Of those due at the same time the one that was set first. */
  #next(): Call | undefined {
    let next: Call | undefined
    for (const call of this.#timers) if (next === undefined || call.atMs < next.atMs) next = call
    return next
  }
}
