import type { Runtime } from '../base/runtime.ts'
import type { ConnectionMaterial } from '../protocol/messages.ts'

/** Where {@link ConnectionMaterial} comes from: one implementation per kind of configuration. */
export interface CredentialSource {
  /** How long a loaded material may be handed out again. */
  readonly reuseMs: number
  /**
   * Loads it; `fresh` means the server refused what was loaded before, so nothing remembered may be used.
   * Rejects with ERR_KUBECONFIG, ERR_CREDENTIALS or ERR_INVALID_OPTION.
   */
  load(fresh: boolean): Promise<ConnectionMaterial>
}

/**
 * Hands the workers plain headers and TLS material, and refreshes them; lives on the main thread.
 *
 * One load serves everybody who asks while it runs. A source that fails after it worked once does not take running
 * watches down: `material()` keeps giving the last good one, only `refresh()` rejects.
 */
export class CredentialsBroker {
  readonly #source: CredentialSource
  readonly #runtime: Runtime
  #current:
    | { readonly material: ConnectionMaterial; readonly fresh: boolean; readonly atMs: number }
    | undefined
  #loading: { readonly promise: Promise<ConnectionMaterial>; readonly fresh: boolean } | undefined

  constructor(source: CredentialSource, runtime: Runtime) {
    this.#source = source
    this.#runtime = runtime
  }

  /** What to connect with now; loads at most once per `reuseMs` of the source. */
  async material(): Promise<ConnectionMaterial> {
    if (this.#loading !== undefined) return this.#loading.promise
    const current = this.#current
    if (current === undefined) return this.#load(false)
    if (this.#runtime.nowMs() - current.atMs < this.#source.reuseMs) return current.material
    return this.#load(false).catch(() => current.material)
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

  #load(fresh: boolean): Promise<ConnectionMaterial> {
    const promise = this.#source
      .load(fresh)
      .then((material) => {
        // A slower, earlier load must not put refused credentials back over fresh ones.
        if (this.#loading === loading) this.#current = { material, fresh, atMs: this.#runtime.nowMs() }
        return material
      })
      .finally(() => {
        if (this.#loading === loading) this.#loading = undefined
      })
    const loading = { promise, fresh }
    this.#loading = loading
    return promise
  }
}

const refreshSharedMs = 1_000
