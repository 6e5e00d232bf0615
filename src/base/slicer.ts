import type { Runtime, Timer } from './runtime.ts'

/** Work that can be done in pieces. */
export interface Pump {
  /**
   * Works until there is nothing left (returns false) or `deadlineMs` passed (returns true: call again).
   * Must make progress at every call, however late it is; must not throw.
   */
  pump(deadlineMs: number): boolean
}

/**
 * Shares one thread's time between pumps: at most `sliceMs` of work, then I/O and timers have their turn.
 *
 * Every piece of work of an engine on the main thread (applying batches, delivering, sweeping, compacting) goes
 * through one slicer, so that the bound holds for their sum. Round robin: a pump that always has more cannot starve
 * another one. A turn never starts inside the caller of `wake`: whoever wakes a pump may hold half-made state.
 */
export class Slicer {
  readonly #runtime: Runtime
  readonly #sliceMs: number
  readonly #ready: Pump[] = []
  readonly #queued = new Set<Pump>()
  #turn: Timer | undefined
  /** Own time per turn, for `stats()` and the benchmarks. */
  readonly slices: { count: number; busyMs: number; maxMs: number } = { count: 0, busyMs: 0, maxMs: 0 }
  /** Called with the length of every turn; the command line keeps its histogram here. */
  onSlice: ((durationMs: number) => void) | undefined

  constructor(runtime: Runtime, sliceMs: number) {
    this.#runtime = runtime
    this.#sliceMs = sliceMs
  }

  /** Idempotent until the pump runs. */
  wake(pump: Pump): void {
    if (this.#queued.has(pump)) return
    this.#queued.add(pump)
    this.#ready.push(pump)
    this.#turn ??= this.#runtime.defer(this.#run)
  }

  remove(pump: Pump): void {
    if (!this.#queued.delete(pump)) return
    this.#ready.splice(this.#ready.indexOf(pump), 1)
  }

  readonly #run = (): void => {
    const start = this.#runtime.nowMs()
    const deadline = start + this.#sliceMs
    let now = start
    // One pass hands every ready pump a share; the next pass only what time is left.
    while (this.#ready.length > 0 && now < deadline) {
      const share = (deadline - now) / this.#ready.length
      const pump = this.#ready[0] as Pump
      this.#ready.splice(0, 1)
      this.#queued.delete(pump)
      if (pump.pump(now + share)) this.wake(pump)
      now = this.#runtime.nowMs()
    }
    this.slices.count++
    this.slices.busyMs += now - start
    if (now - start > this.slices.maxMs) this.slices.maxMs = now - start
    // Pumps woken meanwhile found #turn set: exactly one turn is pending while anything is ready.
    this.#turn = this.#ready.length > 0 ? this.#runtime.defer(this.#run) : undefined
    // Last: if it throws, the next turn comes all the same.
    this.onSlice?.(now - start)
  }
}
