import type { Runtime } from '../../base/runtime.ts'

interface Waiter {
  readonly version: number
  readonly done: () => void
}

/** The one version counter of a server, as etcd's revision: every write of any resource takes the next number. */
export class VersionCounter {
  readonly #runtime: Runtime
  readonly #waiters = new Set<Waiter>()
  #current: number

  constructor(runtime: Runtime, start: number) {
    this.#runtime = runtime
    this.#current = start
  }

  get current(): number {
    return this.#current
  }

  next(): number {
    this.#current++
    if (this.#waiters.size > 0) this.#wake()
    return this.#current
  }

  /** For a restore: versions are given a second time. */
  setBack(version: number): void {
    this.#current = version
  }

  /** Whether `version` was reached within `ms`. */
  waitFor(version: number, ms: number): Promise<boolean> {
    if (this.#current >= version) return Promise.resolve(true)
    return new Promise((resolve) => {
      const waiter: Waiter = {
        version,
        done: () => {
          timer.cancel()
          resolve(true)
        },
      }
      const timer = this.#runtime.setTimer(ms, () => {
        this.#waiters.delete(waiter)
        resolve(false)
      })
      this.#waiters.add(waiter)
    })
  }

  #wake(): void {
    for (const waiter of this.#waiters) {
      if (waiter.version > this.#current) continue
      this.#waiters.delete(waiter)
      waiter.done()
    }
  }
}
