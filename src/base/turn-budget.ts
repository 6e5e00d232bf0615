import type { Runtime } from './runtime.ts'

/**
 * Keeps a loop that awaits only what is settled already from starving timers and I/O: after `sliceMs` in one turn of the
 * event loop it is told to wait for the next.
 */
export class TurnBudget {
  readonly #runtime: Runtime
  readonly #sliceMs: number
  #deadlineMs = 0
  #turn: Promise<void> | undefined

  constructor(runtime: Runtime, sliceMs: number = 5) {
    this.#runtime = runtime
    this.#sliceMs = sliceMs
  }

  /** undefined: go on; a promise: go on when it resolves. The first call of a turn starts its time. */
  spent(): Promise<void> | undefined {
    const nowMs = this.#runtime.nowMs()
    if (this.#turn === undefined) {
      this.#deadlineMs = nowMs + this.#sliceMs
      this.#turn = new Promise((resolve) => {
        this.#runtime.defer(() => {
          this.#turn = undefined
          resolve()
        })
      })
    }
    return nowMs < this.#deadlineMs ? undefined : this.#turn
  }
}
