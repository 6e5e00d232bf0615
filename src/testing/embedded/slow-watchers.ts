import type { Runtime, Timer } from '../../base/runtime.ts'
import { TimeBudget } from './time-budget.ts'

export interface SlowWatcher {
  /** Its socket takes nothing and its channel is full. */
  readonly isBlocked: boolean
  forceClose(): void
}

const budgetMsMax = 100
const budgetRefillMsPerSecond = 50

/** Closes watchers that do not read, as the real server does: all blocked ones share one time budget. */
export class SlowWatchers {
  readonly #runtime: Runtime
  readonly #budget: TimeBudget
  readonly #blocked = new Set<SlowWatcher>()
  #timer: Timer | undefined
  #deadlineMs = 0

  constructor(runtime: Runtime) {
    this.#runtime = runtime
    this.#budget = new TimeBudget(runtime.nowMs(), budgetRefillMsPerSecond, budgetMsMax)
  }

  /** A watcher was found blocked; it has what is left of the budget to recover. */
  block(watcher: SlowWatcher): void {
    this.#blocked.add(watcher)
    if (this.#timer !== undefined) return
    const nowMs = this.#runtime.nowMs()
    const takenMs = this.#budget.take(nowMs)
    this.#deadlineMs = nowMs + takenMs
    this.#timer = this.#runtime.setTimer(takenMs, () => this.#expire())
  }

  /** A watcher's socket took bytes again, or it is gone. */
  release(watcher: SlowWatcher): void {
    if (!this.#blocked.delete(watcher) || this.#blocked.size > 0) return
    this.#timer?.cancel()
    this.#timer = undefined
    const nowMs = this.#runtime.nowMs()
    this.#budget.giveBack(nowMs, this.#deadlineMs - nowMs)
  }

  /**
   * Judged only after I/O had its turn: when this process itself was held up, timers run before the sockets that became
   * writable meanwhile, and a watcher that reads would pay for a pause that was not its own.
   */
  #expire(): void {
    this.#timer = this.#runtime.defer(() => {
      this.#timer = undefined
      const blocked = [...this.#blocked]
      this.#blocked.clear()
      for (const watcher of blocked) if (watcher.isBlocked) watcher.forceClose()
    })
  }
}
