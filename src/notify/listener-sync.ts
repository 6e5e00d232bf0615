import { cacheSyncError, howEnded, type PendingSync } from '../base/cache-sync-error.ts'
import { holdProcess, type Runtime } from '../base/runtime.ts'
import { waitUntil } from '../base/wait-until.ts'
import { KubeInformerError } from '../errors.ts'

export interface Unsynced {
  readonly pending: PendingSync
  readonly lastError: unknown
}

/**
 * Whether one listener has finished the initial list: the cache has held a complete list, everything that was cached
 * before the listener came has been replayed, and each of those adds is finished or will never come.
 */
export class ListenerSync {
  readonly #changed = new Set<() => void>()
  #pendingCount = 0
  #hasSynced = false
  #isClosed = false

  get hasSynced(): boolean {
    return this.#hasSynced
  }

  /** Initial adds that wait or run. */
  get pendingCount(): number {
    return this.#pendingCount
  }

  expect(): void {
    this.#pendingCount++
  }

  finish(): void {
    this.#pendingCount--
  }

  /** Returns whether it became synced by this call. */
  check(isListed: boolean, isReplayed: boolean): boolean {
    if (this.#hasSynced || this.#isClosed || !isListed || !isReplayed || this.#pendingCount > 0) return false
    this.#hasSynced = true
    this.#notify()
    return true
  }

  close(): void {
    this.#isClosed = true
    this.#notify()
  }

  /** `unsynced`: what the cache itself lacks. */
  async wait(
    signal: AbortSignal | undefined,
    runtime: Runtime,
    unsynced: () => Unsynced | undefined,
  ): Promise<void> {
    await waitUntil(
      () => this.#hasSynced || this.#isClosed,
      (listener) => {
        this.#changed.add(listener)
        return () => this.#changed.delete(listener)
      },
      signal,
      () => holdProcess(runtime),
    )
    if (this.#hasSynced) return
    if (this.#isClosed) {
      throw new KubeInformerError('ERR_CLOSED', 'the registration was removed before it had synced')
    }
    const source = unsynced()
    if (source !== undefined) throw cacheSyncError([source.pending], signal, source.lastError)
    throw new KubeInformerError(
      'ERR_CACHE_SYNC',
      `the handler had not finished the initial list${howEnded(signal)}: ${this.#pendingCount} objects are left`,
      { cause: signal?.reason },
    )
  }

  #notify(): void {
    for (const listener of this.#changed) listener()
  }
}
