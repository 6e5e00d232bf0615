import type { Runtime } from '../base/runtime.ts'

export interface Renewed<T> {
  readonly value: T
  /** Runtime's clock; absent: until the server refuses it. */
  readonly expiresAtMs?: number | undefined
}

/** Renewed so long before the end, or after 4/5 of the time where that is later. */
const leewayMsMax = 60_000
const pauseMsMin = 1_000
const pauseMsMax = 60_000
/** A run this long after the one before begins with the shortest pause again. */
const calmMs = 120_000

/**
 * A credential that costs a program or a request to get. One run at a time serves everybody who asks; what it gave is
 * kept until shortly before it expires. After a failure, or a run that a refusal asked for, the next one waits: 1 s,
 * doubled up to 60 s, so that many watches with a broken plugin start no more processes than one would. Who asks
 * meanwhile gets what there is.
 */
export class Renewal<T> {
  readonly #run: () => Promise<Renewed<T>>
  readonly #runtime: Runtime
  #kept: { readonly value: T; readonly renewAtMs: number; readonly expiresAtMs: number } | undefined
  #running: Promise<T> | undefined
  #lastError: unknown
  #runAtMs = Number.NEGATIVE_INFINITY
  #pauses = 0
  #nextRunAtMs = 0

  constructor(run: () => Promise<Renewed<T>>, runtime: Runtime, first?: Renewed<T>) {
    this.#run = run
    this.#runtime = runtime
    if (first !== undefined) this.#keep(first)
  }

  /** `fresh`: the server refused what was given last. Rejects with what the last run failed with. */
  async get(fresh: boolean): Promise<T> {
    if (this.#running !== undefined) return this.#running
    const now = this.#runtime.nowMs()
    const kept = this.#kept
    if (kept !== undefined && !fresh && now < kept.renewAtMs) return kept.value
    if (now < this.#nextRunAtMs) {
      if (this.#lastError !== undefined && (fresh || kept === undefined || now >= kept.expiresAtMs))
        throw this.#lastError
      if (kept !== undefined) return kept.value
    }
    this.#running = this.#renew(fresh).finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  /** Until the next run is due by itself. */
  get reuseMs(): number {
    const renewAtMs = this.#kept?.renewAtMs ?? Number.POSITIVE_INFINITY
    return Math.max(0, Math.max(renewAtMs, this.#nextRunAtMs) - this.#runtime.nowMs())
  }

  async #renew(fresh: boolean): Promise<T> {
    const startedAtMs = this.#runtime.nowMs()
    if (startedAtMs - this.#runAtMs > calmMs) this.#pauses = 0
    this.#runAtMs = startedAtMs
    const kept = this.#kept
    try {
      const renewed = await this.#run()
      this.#lastError = undefined
      this.#keep(renewed)
      const isExpired = renewed.expiresAtMs !== undefined && renewed.expiresAtMs <= this.#runtime.nowMs()
      if (fresh || isExpired) this.#pause()
      else this.#pauses = 0
      return renewed.value
    } catch (error) {
      this.#lastError = error
      this.#pause()
      // Renewed ahead: the old one still has its leeway.
      if (!fresh && kept !== undefined && this.#runtime.nowMs() < kept.expiresAtMs) return kept.value
      throw error
    }
  }

  #keep({ value, expiresAtMs = Number.POSITIVE_INFINITY }: Renewed<T>): void {
    const leftMs = expiresAtMs - this.#runtime.nowMs()
    this.#kept = { value, expiresAtMs, renewAtMs: expiresAtMs - Math.min(leewayMsMax, leftMs / 5) }
  }

  #pause(): void {
    const ms = Math.min(pauseMsMin * 2 ** this.#pauses++, pauseMsMax)
    this.#nextRunAtMs = this.#runtime.nowMs() + ms * (1 + 0.1 * this.#runtime.random())
  }
}
