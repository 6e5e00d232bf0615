import { PerformanceObserver } from 'node:perf_hooks'
import { nodeRuntime } from '../../src/base/runtime.ts'

/**
 * What the engine costs the main thread: every piece of work it does there is a turn of `Runtime.defer`, so each of
 * them is timed, by the thread's CPU clock (the engine's own work) and by the wall (what the user's code waits for,
 * other processes on the core included). Garbage collections of this thread are timed by V8.
 */
export class MainMeter {
  sliceCpuMsMax = 0
  sliceWallMsMax = 0
  gcMsMax = 0
  gcMs = 0
  readonly #observer: PerformanceObserver

  /** `timesTurns`: not where the sum of all work is asked for. Two system calls a turn would be a part of it. */
  constructor(timesTurns: boolean) {
    if (timesTurns) this.#timeTurns()
    this.#observer = new PerformanceObserver((list) => this.#take(list.getEntries()))
    this.#observer.observe({ entryTypes: ['gc'] })
  }

  #timeTurns(): void {
    const defer = nodeRuntime.defer
    nodeRuntime.defer = (fn) =>
      defer(() => {
        const wall = performance.now()
        const cpu = process.threadCpuUsage()
        fn()
        const used = process.threadCpuUsage(cpu)
        this.sliceCpuMsMax = Math.max(this.sliceCpuMsMax, (used.user + used.system) / 1000)
        this.sliceWallMsMax = Math.max(this.sliceWallMsMax, performance.now() - wall)
      })
  }

  reset(): void {
    this.flush()
    this.sliceCpuMsMax = 0
    this.sliceWallMsMax = 0
    this.gcMsMax = 0
    this.gcMs = 0
  }

  /** Takes in what the observer has not been called for yet. */
  flush(): void {
    this.#take(this.#observer.takeRecords())
  }

  #take(entries: readonly { readonly duration: number }[]): void {
    for (const { duration } of entries) {
      this.gcMs += duration
      this.gcMsMax = Math.max(this.gcMsMax, duration)
    }
  }
}
