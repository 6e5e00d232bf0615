import type { Runtime, Timer } from '../base/runtime.ts'
import { KubeInformerError } from '../errors.ts'
import type { ConnectionMaterial } from '../protocol/messages.ts'

/** Where {@link ConnectionMaterial} comes from: one implementation per kind of configuration. */
export interface CredentialSource {
  /** How long what was loaded last may be handed out again; asked anew after each load. */
  readonly reuseMs: number
  /**
   * Loads it; `fresh` means the server refused what was loaded before, so nothing remembered may be used.
   * Rejects with ERR_KUBECONFIG, ERR_CREDENTIALS or ERR_INVALID_OPTION.
   */
  load(fresh: boolean): Promise<ConnectionMaterial>
  /** Makes a load in progress end at once. */
  close?(): void
}

/** Refusals that come together share one load. */
const refreshSharedMs = 1_000
/** Broken connections, and loads that fail, lead to another load at most so often: small files are read again. */
const reloadMsMin = 2_000

/**
 * Hands the workers plain headers and TLS material, and refreshes them; lives on the main thread.
 *
 * One load serves everybody who asks while it runs. A source that fails after it worked once does not take running
 * watches down: `material()` keeps giving the last good one, only `refresh()` rejects. While somebody listens it loads
 * by itself whenever the last material is too old, so that rotated files reach watches that run.
 */
export class CredentialsBroker {
  readonly #source: CredentialSource
  readonly #runtime: Runtime
  #current:
    | { readonly material: ConnectionMaterial; readonly fresh: boolean; readonly atMs: number }
    | undefined
  #loading: { readonly promise: Promise<ConnectionMaterial>; readonly fresh: boolean } | undefined
  #triedAtMs = Number.NEGATIVE_INFINITY
  readonly #listeners = new Set<(material: ConnectionMaterial) => void>()
  #timer: Timer | undefined
  #isClosed = false

  constructor(source: CredentialSource, runtime: Runtime) {
    this.#source = source
    this.#runtime = runtime
  }

  /** What to connect with now; loads at most once per `reuseMs` of the source. */
  async material(): Promise<ConnectionMaterial> {
    const current = this.#current
    const isGood = current !== undefined && this.#runtime.nowMs() - current.atMs < this.#source.reuseMs
    if (isGood && this.#loading === undefined) return current.material
    const promise = this.#loading?.promise ?? this.#load(false)
    return current === undefined ? promise : promise.catch(() => current.material)
  }

  /**
   * The server answered 401: loads anew, at once. All watches that are refused together share one load, also those
   * whose refusal arrives just after it ended: their request was sent with what it replaced.
   */
  async refresh(): Promise<ConnectionMaterial> {
    if (this.#loading?.fresh) return this.#loading.promise
    const current = this.#current
    if (current?.fresh && this.#runtime.nowMs() - current.atMs < refreshSharedMs) return current.material
    return this.#load(true)
  }

  /**
   * A connection broke: certificates may have been replaced. Whoever listens hears of it if they were; nothing happens
   * when that was looked at in the last 2 s.
   */
  reload(): void {
    if (this.#current === undefined || this.#loading !== undefined) return
    if (this.#source.reuseMs === Number.POSITIVE_INFINITY) return
    if (this.#runtime.nowMs() - this.#triedAtMs >= reloadMsMin) this.#load(false).catch(() => {})
  }

  /** Calls `listener` with every material that differs from the one before, until the function it gives is called. */
  listen(listener: (material: ConnectionMaterial) => void): () => void {
    // A function of its own: the same listener may listen twice.
    const own = (material: ConnectionMaterial): void => listener(material)
    this.#listeners.add(own)
    this.#schedule()
    return () => {
      if (this.#listeners.delete(own)) this.#schedule()
    }
  }

  /** Ends what a load has started (a plugin's process, a request) and loads no more. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#listeners.clear()
    this.#schedule()
    this.#source.close?.()
    await this.#loading?.promise.catch(() => {})
  }

  async #load(fresh: boolean): Promise<ConnectionMaterial> {
    if (this.#isClosed) throw new KubeInformerError('ERR_CLOSED', 'credentials are asked for after the end')
    this.#triedAtMs = this.#runtime.nowMs()
    const promise: Promise<ConnectionMaterial> = this.#source
      .load(fresh)
      .then((material) => {
        // A slower, earlier load must not put refused credentials back over fresh ones.
        return this.#loading === loading ? this.#take(material, fresh) : material
      })
      .finally(() => {
        if (this.#loading !== loading) return
        this.#loading = undefined
        this.#schedule()
      })
    const loading = { promise, fresh }
    this.#loading = loading
    return promise
  }

  /** Gives the same object again when nothing has changed: whoever has it need not be told. */
  #take(loaded: ConnectionMaterial, fresh: boolean): ConnectionMaterial {
    const before = this.#current?.material
    const isSame = before !== undefined && JSON.stringify(before) === JSON.stringify(loaded)
    const material = isSame ? before : loaded
    this.#current = { material, fresh, atMs: this.#runtime.nowMs() }
    if (!isSame && before !== undefined) for (const listener of [...this.#listeners]) listener(material)
    return material
  }

  /** One timer, while somebody listens and there is something to look after. */
  #schedule(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    const current = this.#current
    if (
      this.#listeners.size === 0 ||
      current === undefined ||
      this.#source.reuseMs === Number.POSITIVE_INFINITY
    )
      return
    const now = this.#runtime.nowMs()
    const dueMs = Math.max(current.atMs + this.#source.reuseMs, this.#triedAtMs + reloadMsMin) - now
    this.#timer = this.#runtime.setTimer(Math.max(0, dueMs), () => {
      if (this.#loading === undefined) this.#load(false).catch(() => {})
    })
  }
}
