import { checkFunction } from '../base/check-options.ts'
import type { KubeInformerError } from '../errors.ts'
import type { InformerState } from '../informer-stats.ts'
import { keyOf, type ObjectName } from '../lister.ts'
import type { CacheLife, VerifyOptions, WaitOptions } from './cache-life.ts'
import type { InformerStates, StateChange, WatchFailure } from './informer-states.ts'
import type { WrittenObject } from './questions.ts'
import type { Snapshot } from './snapshot.ts'
import type { VerifyResult } from './verification.ts'

/** What an informer tells of itself, and what may be asked of its cache beside reading it as it is now. */
export abstract class InformerLife<T> {
  readonly #states: InformerStates
  readonly #life: () => CacheLife

  /** `life`: asked for when it is needed. */
  constructor(states: InformerStates, life: () => CacheLife) {
    this.#states = states
    this.#life = life
  }

  /** What the watch is doing; the cache is readable in every state. */
  get state(): InformerState {
    return this.#states.now.state
  }

  /** Why the state is what it is, while something is wrong. */
  get lastError(): KubeInformerError | undefined {
    return this.#states.now.error
  }

  /**
   * Calls `listener` at every change of state, of its reason, or of the number of failed attempts, never twice in a row with
   * the same, until the returned function is called. What it throws ends up as an uncaught exception and harms nothing else.
   *
   * @throws ERR_INVALID_OPTION for what is no function
   * @example
   * pods.informer.onStateChange(({ state, error, attempt }) => console.log(state, error?.code ?? '', attempt))
   */
  onStateChange(listener: (change: StateChange) => void): () => void {
    checkFunction('listener', listener)
    return this.#states.onChange(listener)
  }

  /**
   * Calls `listener` after every list or watch that failed (client-go's WatchErrorHandler), credentials that cannot be
   * loaded and dead worker threads included, until the returned function is called. Clean ends are no failures. All are retried.
   *
   * @throws ERR_INVALID_OPTION for what is no function
   */
  onWatchError(listener: (failure: WatchFailure) => void): () => void {
    checkFunction('listener', listener)
    return this.#states.onFailure(listener)
  }

  /**
   * Resolves once {@link Informer.hasSynced}; may be called before the start. Rejects with ERR_CACHE_SYNC when `signal` aborts
   * first (`facts.pending` says why, `cause` is the last error), ERR_CLOSED when closed, ERR_INVALID_OPTION.
   */
  waitForSync(options: WaitOptions = {}): Promise<void> {
    return this.#life().waitForSync(options)
  }

  /**
   * The cache as of now, for reads that span awaits, until it is disposed of. Taking one costs nothing; what changes
   * meanwhile is pinned in its old state (`stats().snapshots`, `pinnedBytes`). One that is forgotten is let go of when it
   * is collected, with the process warning KUBE_INFORMER_SNAPSHOT_FORGOTTEN.
   *
   * @example
   * const snapshot = pods.informer.snapshot()
   * try {
   *   for (const pod of snapshot.list({ namespace: 'shop' })) await check(pod, snapshot.get('shop/gateway'))
   * } finally {
   *   snapshot.dispose()
   * }
   */
  snapshot(): Snapshot<T> {
    return this.#life().snapshot<T>()
  }

  /**
   * Reads your own write: resolves once the cache holds `written` (as the API answered a create, update or patch) or a
   * newer version of it, with the cached object; with undefined once it is known to be gone, or not to be in what this informer
   * watches. After a declared reset (etcd restored) with what the reset's list has. Versions without an order are waited
   * for by their text, or the object's end.
   *
   * Rejects with ERR_INVALID_OPTION, ERR_CACHE_SYNC when `signal` aborts, ERR_CLOSED; with the code of a refusal when that
   * version was refused (`health().refused`).
   *
   * @example
   * const answer = await api.createNamespacedPod({ namespace: 'shop', body })
   * const pod = await pods.informer.waitForObject(answer, { signal: AbortSignal.timeout(10_000) })
   */
  waitForObject(written: WrittenObject, options: WaitOptions = {}): Promise<T | undefined> {
    return this.#life().waitForObject(written, options) as Promise<T | undefined>
  }

  /**
   * Resolves once {@link lastSyncResourceVersion} is `resourceVersion` or above: everything up to it is cached. While nothing
   * of this resource changes, bookmarks alone move it on: once a minute. Rejects as {@link waitForObject}.
   */
  waitForResourceVersion(resourceVersion: string, options: WaitOptions = {}): Promise<void> {
    return this.#life().waitForResourceVersion(resourceVersion, options)
  }

  /**
   * Resolves with the object under `name`, or undefined, as soon as `predicate` says true of it: asked at once, and when the
   * key changes. Changes that come together are one; an end among them is always asked about. `undefined` (there is none) is
   * asked about only once the cache has synced. Rejects with what `predicate` throws, and as {@link waitForObject}.
   *
   * @example
   * await pods.informer.waitFor('shop/gateway', (pod) => pod?.status?.phase === 'Running')
   */
  async waitFor(
    name: string | ObjectName,
    predicate: (object: T | undefined) => boolean,
    options: WaitOptions = {},
  ): Promise<T | undefined> {
    return this.#life().waitFor(keyOf(name), predicate, options)
  }

  /**
   * Compares the cache with a list of nothing but metadata, read by pages in a worker, by uid and version; where they
   * differ, asks for a new list, which repairs the cache and tells the handlers (`cause: 'list'`). What changes meanwhile is
   * no difference: where they differ it first waits until the cache is as far as the list, up to a minute. Waits for the
   * sync before all. Needs for a while about 300 bytes an object.
   *
   * Rejects with what the list failed with (ERR_FORBIDDEN and ERR_NOT_FOUND at once, others after six attempts), ERR_UNEXPECTED_BODY
   * for versions without an order, ERR_CACHE_SYNC when `signal` aborts, ERR_CLOSED when stopped, ERR_INVALID_OPTION.
   *
   * @example
   * const { missing, stale, surplus } = await pods.informer.verify({ signal: AbortSignal.timeout(600_000) })
   */
  verify(options: VerifyOptions = {}): Promise<VerifyResult> {
    return this.#life().verify(options)
  }
}
