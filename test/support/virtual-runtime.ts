import type { Runtime, Timer } from '../../src/base/runtime.ts'

interface Call {
  readonly atMs: number
  readonly order: number
  readonly fn: () => void
}

/**
 * A clock that only moves when a test says so, seeded randomness, and timers and deferred calls run one by one in the
 * order in which an event loop would run them. Nothing runs inside `setTimer` or `defer`.
 */
export class VirtualRuntime implements Runtime {
  #nowMs: number
  #seed: number
  #order = 0
  readonly #timers = new Set<Call>()
  readonly #deferred = new Set<Call>()

  constructor(options: { readonly seed?: number; readonly startMs?: number } = {}) {
    this.#seed = options.seed ?? 1
    this.#nowMs = options.startMs ?? 1_000_000
  }

  nowMs(): number {
    return this.#nowMs
  }

  /** mulberry32; a test that needs a certain value overrides it. */
  random(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0
    let t = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }

  setTimer(ms: number, fn: () => void): Timer {
    return this.#enqueue(this.#timers, this.#nowMs + Math.max(0, ms), fn)
  }

  defer(fn: () => void): Timer {
    return this.#enqueue(this.#deferred, this.#nowMs, fn)
  }

  get timerCount(): number {
    return this.#timers.size
  }

  get deferredCount(): number {
    return this.#deferred.size
  }

  /** Time until the next timer; undefined when there is none. */
  get nextTimerMs(): number | undefined {
    const next = this.#next()
    return next === undefined ? undefined : next.atMs - this.#nowMs
  }

  /** Runs what is deferred now; what that defers waits for the next turn, as with setImmediate. */
  turn(): number {
    const calls = [...this.#deferred]
    let count = 0
    for (const call of calls) {
      // One that was cancelled by an earlier one of this turn is gone from the set.
      if (!this.#deferred.delete(call)) continue
      call.fn()
      count++
    }
    return count
  }

  /** Moves the clock on by `ms`, running every timer that falls due at its own time, and deferred calls in between. */
  advance(ms: number): void {
    const until = this.#nowMs + ms
    this.#settle()
    for (let next = this.#next(); next !== undefined && next.atMs <= until; next = this.#next()) {
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      this.#timers.delete(next)
      next.fn()
      this.#settle()
    }
    this.#nowMs = until
  }

  /** Moves the clock without running anything: a thread that was blocked. */
  block(ms: number): void {
    this.#nowMs += ms
  }

  #settle(): void {
    for (let turns = 0; this.turn() > 0; turns++) {
      if (turns === 100_000) throw new Error('deferred calls never end')
    }
  }

  #next(): Call | undefined {
    let next: Call | undefined
    for (const call of this.#timers) {
      if (
        next === undefined ||
        call.atMs < next.atMs ||
        (call.atMs === next.atMs && call.order < next.order)
      ) {
        next = call
      }
    }
    return next
  }

  #enqueue(calls: Set<Call>, atMs: number, fn: () => void): Timer {
    const call: Call = { atMs, order: this.#order++, fn }
    calls.add(call)
    return { cancel: () => calls.delete(call) }
  }
}
