import type { Runtime, Timer } from '../../src/base/runtime.ts'
import type { Random } from './random.ts'

interface Call {
  readonly fn: () => void
  readonly atMs: number
  canceled: boolean
}

/** One clock for all threads of a schedule. Every look at it costs time, so that slices end at seeded points. */
export class VirtualClock {
  nowMs = 1_000
  readonly #random: Random
  /** Mean cost of a look; 0: slices never end early. */
  readonly #lookMs: number

  constructor(random: Random, lookMs: number) {
    this.#random = random
    this.#lookMs = lookMs
  }

  look(): number {
    if (this.#lookMs > 0) this.nowMs += this.#random.unit() * this.#lookMs
    return this.nowMs
  }
}

/** A thread's event loop, run one call at a time by the scheduler. */
export class VirtualThread implements Runtime {
  readonly #clock: VirtualClock
  readonly #random: Random
  readonly #deferred: Call[] = []
  readonly #timers: Call[] = []

  constructor(clock: VirtualClock, random: Random) {
    this.#clock = clock
    this.#random = random
  }

  nowMs(): number {
    return this.#clock.look()
  }

  random(): number {
    return this.#random.unit()
  }

  setTimer(ms: number, fn: () => void): Timer {
    return enqueue(this.#timers, { fn, atMs: this.#clock.nowMs + ms, canceled: false })
  }

  defer(fn: () => void): Timer {
    return enqueue(this.#deferred, { fn, atMs: 0, canceled: false })
  }

  /** Runs the oldest deferred call. */
  turn(): boolean {
    for (let call = this.#deferred.shift(); call !== undefined; call = this.#deferred.shift()) {
      if (call.canceled) continue
      call.fn()
      return true
    }
    return false
  }

  get hasTurn(): boolean {
    return this.#deferred.some((call) => !call.canceled)
  }

  /** Runs the next timer, moving the clock to its time if that is still to come and `jump` allows it. */
  fireTimer(jump: boolean): boolean {
    let next = -1
    for (let i = this.#timers.length - 1; i >= 0; i--) {
      const call = this.#timers[i] as Call
      if (call.canceled) {
        this.#timers.splice(i, 1)
        if (next > i) next--
      } else if (next < 0 || call.atMs <= (this.#timers[next] as Call).atMs) next = i
    }
    const call = this.#timers[next]
    if (call === undefined || (call.atMs > this.#clock.nowMs && !jump)) return false
    this.#timers.splice(next, 1)
    this.#clock.nowMs = Math.max(this.#clock.nowMs, call.atMs)
    call.fn()
    return true
  }

  /** The thread died. */
  kill(): void {
    this.#deferred.length = 0
    this.#timers.length = 0
  }
}

function enqueue(calls: Call[], call: Call): Timer {
  calls.push(call)
  return {
    cancel: () => {
      call.canceled = true
    },
  }
}
