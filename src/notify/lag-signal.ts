import { checkFunction, checkNames, checkWhole, timerMsMax } from '../base/check-options.ts'
import type { Runtime, Timer } from '../base/runtime.ts'
import { isThenable } from '../base/thenable.ts'
import { wrongType } from '../errors.ts'
import { outsideCalls } from './handler-calls.ts'
import type { ListenerStats } from './registration.ts'

/** When a registration's changes wait too long, and whom to tell. */
export interface LagOptions {
  /** Told when the oldest waiting change is older than this, and again when it is younger than half of it. Whole, from 1. */
  readonly ageMsMax: number
  /** Called once per turn of the state. A throw or a rejection is a handler's error (`handler: 'lag.onChange'`). */
  onChange(isLagging: boolean, stats: ListenerStats): unknown
}

/** @throws ERR_INVALID_OPTION */
export function checkLag(lag: unknown): void {
  if (lag === undefined) return
  checkNames('lag', lag, ['ageMsMax', 'onChange'])
  const ageMsMax: unknown = Reflect.get(Object(lag), 'ageMsMax')
  if (ageMsMax === undefined)
    throw wrongType('lag.ageMsMax', ageMsMax, 'must be a whole number of milliseconds')
  checkWhole('lag.ageMsMax', ageMsMax, [1, timerMsMax])
  checkFunction('lag.onChange', Reflect.get(Object(lag), 'onChange'))
}

export interface LagSignalOptions {
  readonly runtime: Runtime
  readonly lag: LagOptions
  /** Since when the oldest change waits; undefined: nothing does. */
  readonly oldestSinceMs: () => number | undefined
  readonly stats: () => ListenerStats
  readonly report: (error: unknown) => void
}

/**
 * Whether what waits for one listener is too old. A timer finds it out when nobody calls, since a handler that never
 * settles lets nothing else happen; it runs only while something waits, or until it is known that nothing does.
 */
export class LagSignal {
  readonly #options: LagSignalOptions
  readonly #ageMsMax: number
  #timer: Timer | undefined
  #isLagging = false
  #isStopped = false

  constructor(options: LagSignalOptions) {
    this.#options = options
    this.#ageMsMax = options.lag.ageMsMax
  }

  /** Something waits. Tells nobody: the caller may be in the middle of a change of the cache. */
  arm(): void {
    if (this.#timer !== undefined || this.#isStopped) return
    const { runtime, oldestSinceMs } = this.#options
    const ageMsMax = this.#ageMsMax
    const sinceMs = oldestSinceMs()
    if (sinceMs === undefined && !this.#isLagging) return
    const leftMs = this.#isLagging ? ageMsMax / 2 : (sinceMs as number) + ageMsMax - runtime.nowMs()
    this.#timer = runtime.setTimer(Math.min(Math.max(1, Math.ceil(leftMs)), ageMsMax), () => {
      this.#timer = undefined
      this.check()
    })
  }

  /** To be called where handlers may be called. */
  check(): void {
    if (this.#isStopped) return
    const { runtime, oldestSinceMs } = this.#options
    const ageMsMax = this.#ageMsMax
    const sinceMs = oldestSinceMs()
    const ageMs = sinceMs === undefined ? 0 : runtime.nowMs() - sinceMs
    const isLagging = this.#isLagging ? ageMs >= ageMsMax / 2 : ageMs > ageMsMax
    if (isLagging !== this.#isLagging) {
      this.#isLagging = isLagging
      outsideCalls(() => this.#tell(isLagging))
    }
    this.arm()
  }

  #tell(isLagging: boolean): void {
    const { lag, stats, report } = this.#options
    try {
      const result = lag.onChange(isLagging, stats())
      if (isThenable(result)) result.then(undefined, report)
    } catch (error) {
      report(error)
    }
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }
}
