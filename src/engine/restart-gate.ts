import type { Runtime, Timer } from '../base/runtime.ts'

/** A watch whose thread died. */
export interface Restartable {
  restart(): void
}

/** How long a watch must run on a new thread before the next one is started beside it. */
const probationMs = 5_000
/** A thread that lived this long starts with a clean record. */
const forgetMs = 300_000
const freeCrashCount = 2
const backoffBaseMs = 1_000
const backoffMaxMs = 60_000

/**
 * Restarts the watches of dead threads. The first two crashes: all at once. After that one of them may be the cause
 * (an object that kills the decoder, say): they come back one at a time, the next after 5 s of health, and the one
 * during whose probation the thread dies again waits alone, longer each time, while the others live.
 */
export class RestartGate {
  readonly #runtime: Runtime
  readonly #queue: Restartable[] = []
  readonly #strikes = new WeakMap<Restartable, number>()
  readonly #timers = new Set<Timer>()
  #crashes = 0
  #lastCrashMs = 0
  #lastDeath: unknown
  #onProbation: Restartable | undefined
  #probation: Timer | undefined

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /**
   * Every watch of a dead thread reports once, all with the same `death` (compared by identity): a thread that dies
   * before its watches have started has no other name, and its deaths would count as one.
   */
  died(watch: Restartable, death: unknown): void {
    const now = this.#runtime.nowMs()
    if (now - this.#lastCrashMs > forgetMs) this.#crashes = 0
    if (death !== this.#lastDeath) {
      this.#lastDeath = death
      this.#lastCrashMs = now
      this.#crashes++
    }
    if (watch === this.#onProbation) {
      this.#probation?.cancel()
      this.#onProbation = undefined
      this.#backOff(watch)
      this.#next()
    } else if (this.#crashes <= freeCrashCount) watch.restart()
    else {
      this.#queue.push(watch)
      this.#next()
    }
  }

  /** The watch was stopped meanwhile. */
  forget(watch: Restartable): void {
    const at = this.#queue.indexOf(watch)
    if (at >= 0) this.#queue.splice(at, 1)
  }

  close(): void {
    this.#queue.length = 0
    this.#probation?.cancel()
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
  }

  #next(): void {
    if (this.#onProbation !== undefined) return
    const watch = this.#queue.shift()
    if (watch === undefined) return
    this.#onProbation = watch
    this.#probation = this.#runtime.setTimer(probationMs, () => {
      this.#onProbation = undefined
      this.#next()
    })
    watch.restart()
  }

  #backOff(watch: Restartable): void {
    const strikes = (this.#strikes.get(watch) ?? 0) + 1
    this.#strikes.set(watch, strikes)
    const delayMs = Math.min(backoffMaxMs, backoffBaseMs * 2 ** strikes) * (1 + this.#runtime.random())
    const timer = this.#runtime.setTimer(delayMs, () => {
      this.#timers.delete(timer)
      this.#queue.push(watch)
      this.#next()
    })
    this.#timers.add(timer)
  }
}
