import { cacheSyncError, howEnded, type PendingSync } from '../base/cache-sync-error.ts'
import { holdProcess, type Runtime } from '../base/runtime.ts'
import type { Pump, Slicer } from '../base/slicer.ts'
import { waitUntil } from '../base/wait-until.ts'
import { KubeInformerError } from '../errors.ts'
import type { Indexer } from '../indexer/indexer.ts'
import { parseResourceVersion, type ResourceVersion } from '../protocol/resource-version.ts'
import type { Cell, ChangeFan, ChangeTap } from './change-fan.ts'
import type { CallUser } from './informer-states.ts'

export interface CacheWaitsOptions {
  readonly resource: string
  readonly cache: Indexer
  readonly fan: ChangeFan
  readonly runtime: Runtime
  readonly slicer: Slicer
  readonly isClosed: () => boolean
  readonly callUser: CallUser
  /** For messages: why it may not have come. */
  readonly pending: () => PendingSync
  readonly lastError: () => KubeInformerError | undefined
}

/** What is waited for. */
export interface Question<R> {
  /** `configmaps default/web at version 17`: for messages. Left out: the sync, which has an error of its own. */
  readonly what?: string
  /** It is asked again when this key changes. */
  readonly key?: string
  /** It is asked again once everything up to this version is cached. Without key and version: after each batch. */
  readonly version?: ResourceVersion
  /** undefined: not yet. `sawEnd`: the key's object has ended since it was asked last. What it throws ends the wait. */
  readonly ask: (sawEnd: boolean) => { readonly answer: R } | undefined
}

interface Wait {
  readonly key: string | undefined
  readonly version: ResourceVersion
  readonly look: () => void
  sawEnd: boolean
}

/**
 * Who waits for the cache to hold something. Nothing is asked while a batch is applied: whoever may have come to an answer
 * is asked in the next slice, in which several changes of a key are one; an end among them is not forgotten.
 */
export class CacheWaits implements ChangeTap, Pump {
  readonly #options: CacheWaitsOptions
  readonly #all = new Set<Wait>()
  readonly #byKey = new Map<string, Set<Wait>>()
  /** Those with a version, lowest first. */
  readonly #byVersion: Wait[] = []
  /** Those without key and version. */
  readonly #byBatch = new Set<Wait>()
  readonly #due = new Set<Wait>()
  #hasSynced = false
  #resetGeneration = 0

  constructor(options: CacheWaitsOptions) {
    this.#options = options
  }

  /**
   * Resolves with the first answer; asks at once. Rejects with what asking throws, with ERR_CACHE_SYNC when `signal`
   * aborts first, with ERR_CLOSED.
   */
  async wait<R>(question: Question<R>, signal: AbortSignal | undefined): Promise<R> {
    const { resource, runtime, isClosed, pending, lastError } = this.#options
    const outcome: { found?: { readonly answer: R } | undefined; failure?: { readonly error: unknown } } = {}
    let wait: Wait | undefined
    const isOver = (): boolean => {
      const sawEnd = wait?.sawEnd === true
      if (wait !== undefined) wait.sawEnd = false
      try {
        outcome.found = question.ask(sawEnd)
      } catch (error) {
        outcome.failure = { error }
      }
      return outcome.found !== undefined || outcome.failure !== undefined || isClosed()
    }
    await waitUntil(
      isOver,
      (look) => {
        wait = { key: question.key, version: question.version ?? Number.NaN, look, sawEnd: false }
        this.#add(wait)
        return () => this.#delete(wait as Wait)
      },
      signal,
      () => holdProcess(runtime),
    )
    if (outcome.failure !== undefined) throw outcome.failure.error
    if (outcome.found !== undefined) return outcome.found.answer
    const { what } = question
    if (isClosed()) {
      const closed =
        what === undefined ? `${resource}: closed before it synced` : `${what}: closed before it came`
      throw new KubeInformerError('ERR_CLOSED', closed)
    }
    const late = pending()
    if (what === undefined) throw cacheSyncError([late], signal, lastError())
    const why = late.lastError === undefined ? late.state : `${late.state}: ${late.lastError}`
    throw new KubeInformerError('ERR_CACHE_SYNC', `${what}: not cached${howEnded(signal)} (${why})`, {
      cause: lastError() ?? signal?.reason,
      facts: { resource, pending: [late] },
    })
  }

  changed(key: string, _old: Cell | undefined, isThere: boolean): void {
    const waits = this.#byKey.get(key)
    if (waits === undefined) return
    for (const wait of waits) {
      if (!isThere) wait.sawEnd = true
      this.#due.add(wait)
    }
    this.#options.slicer.wake(this)
  }

  /** A batch has been applied. */
  applied(): void {
    if (this.#all.size === 0) return
    const { cache, slicer } = this.#options
    // What an absence means, and what versions mean, is another thing after these.
    const isNew = cache.hasSynced !== this.#hasSynced || cache.resetGeneration !== this.#resetGeneration
    if (isNew && cache.listedGeneration >= cache.resetGeneration) {
      this.#hasSynced = cache.hasSynced
      this.#resetGeneration = cache.resetGeneration
      for (const wait of this.#all) this.#due.add(wait)
    }
    const { safeVersion } = cache
    if (safeVersion !== undefined) {
      // They stay until they are answered: the version may be gone again, by a new list, before they are asked.
      const reached = this.#countUpTo(parseResourceVersion(safeVersion))
      for (let i = 0; i < reached; i++) this.#due.add(this.#byVersion[i] as Wait)
    }
    for (const wait of this.#byBatch) this.#due.add(wait)
    if (this.#due.size > 0) slicer.wake(this)
  }

  /** All look again, now: it is closed. */
  close(): void {
    for (const wait of [...this.#all]) this.#look(wait)
    this.#options.slicer.remove(this)
  }

  pump(deadlineMs: number): boolean {
    const { runtime } = this.#options
    for (const wait of this.#due) {
      this.#due.delete(wait)
      this.#look(wait)
      if (runtime.nowMs() >= deadlineMs) break
    }
    return this.#due.size > 0
  }

  #look(wait: Wait): void {
    this.#options.callUser(wait.look)
  }

  #add(wait: Wait): void {
    if (this.#all.size === 0) {
      const { cache } = this.#options
      this.#hasSynced = cache.hasSynced
      this.#resetGeneration = cache.resetGeneration
    }
    this.#all.add(wait)
    if (wait.key !== undefined) {
      const waits = this.#byKey.get(wait.key)
      if (waits === undefined) this.#byKey.set(wait.key, new Set([wait]))
      else waits.add(wait)
      this.#options.fan.add(this)
    } else if (Number.isNaN(wait.version)) this.#byBatch.add(wait)
    if (!Number.isNaN(wait.version)) this.#byVersion.splice(this.#countUpTo(wait.version), 0, wait)
  }

  #delete(wait: Wait): void {
    this.#all.delete(wait)
    this.#byBatch.delete(wait)
    this.#due.delete(wait)
    const waits = wait.key === undefined ? undefined : this.#byKey.get(wait.key)
    if (wait.key !== undefined && waits?.delete(wait) && waits.size === 0) this.#byKey.delete(wait.key)
    if (this.#byKey.size === 0) this.#options.fan.remove(this)
    // From the last of its version on backwards.
    for (
      let i = this.#countUpTo(wait.version) - 1;
      i >= 0 && this.#byVersion[i]?.version === wait.version;
      i--
    ) {
      if (this.#byVersion[i] === wait) {
        this.#byVersion.splice(i, 1)
        return
      }
    }
  }

  /** How many of those with a version are at `version` or below. */
  #countUpTo(version: ResourceVersion): number {
    let low = 0
    let high = this.#byVersion.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#byVersion[middle] as Wait).version <= version) low = middle + 1
      else high = middle
    }
    return low
  }
}
