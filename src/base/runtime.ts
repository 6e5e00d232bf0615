/** A pending call of {@link Runtime.setTimer} or {@link Runtime.defer}. Cancelling twice, or after it ran, does nothing. */
export interface Timer {
  cancel(): void
}

/**
 * Everything a stage may know of the world beside its input: time, timers, randomness.
 *
 * No stage calls `Date.now`, `setTimeout`, `setImmediate` or `Math.random` itself, so that the whole engine runs
 * under a virtual clock and replays from a seed. `nowMs` is monotonic enough to subtract, and comparable between
 * the threads of one process (lag is measured across them).
 */
export interface Runtime {
  nowMs(): number
  /** Uniform in [0, 1). */
  random(): number
  /** Calls `fn` once after `ms`. A timer does not keep the process alive unless `keepAlive`. */
  setTimer(ms: number, fn: () => void, keepAlive?: boolean): Timer
  /** Calls `fn` after I/O had its turn (setImmediate): work that yields must use this, microtasks starve I/O. */
  defer(fn: () => void): Timer
}

/** Keeps the process alive until it is cancelled; for some three weeks, as long as a timer can be. */
export function holdProcess(runtime: Runtime): Timer {
  return runtime.setTimer(2 ** 31 - 1, () => {}, true)
}

/** Of this thread. Read once: the getter costs more than `now`, and the clock is asked for every handler call. */
const { timeOrigin } = performance

export const nodeRuntime: Runtime = {
  // timeOrigin differs per thread, the sum does not; performance.now alone would make cross-thread lag meaningless.
  nowMs: () => timeOrigin + performance.now(),
  random: Math.random,
  setTimer(ms, fn, keepAlive = false) {
    const handle = setTimeout(fn, ms)
    if (!keepAlive) handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
  defer(fn) {
    const handle = setImmediate(fn)
    return { cancel: () => clearImmediate(handle) }
  },
}
