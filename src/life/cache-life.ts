import { checkNames, checkSignal, checkSignalOptions, checkWhole } from '../base/check-options.ts'
import { KubeInformerError } from '../errors.ts'
import type { VerifyStats } from '../informer-stats.ts'
import type { RefusedObjects } from '../refused-objects.ts'
import { CacheWaits, type CacheWaitsOptions } from './cache-waits.ts'
import { Questions, type WrittenObject } from './questions.ts'
import { type Snapshot, Snapshots } from './snapshot.ts'
import {
  addResult,
  noResult,
  Verification,
  type VerificationOptions,
  type VerifyResult,
} from './verification.ts'

type Waiting = Omit<CacheWaitsOptions, 'runtime' | 'slicer'>
type Verifying = Omit<VerificationOptions, 'waits' | 'questions' | 'refusedOf'>

export interface CacheLifeOptions extends Waiting, Verifying {
  readonly refused: RefusedObjects
}

/** How a wait may end early. */
export interface WaitOptions {
  /** Aborted first, the wait rejects with ERR_CACHE_SYNC. @default none: it waits until the informer is closed */
  readonly signal?: AbortSignal
}

export interface VerifyOptions extends WaitOptions {
  /** Keys per page of the list. @default 500 */
  readonly pageSize?: number
}

const watchEnds: unique symbol = Symbol('the watch ends')

/** What can be asked of one cache beside reading it as it is: to hold still, to tell when, to be checked. */
export class CacheLife {
  readonly #options: CacheLifeOptions
  readonly #snapshots: Snapshots
  readonly #waits: CacheWaits
  readonly #questions: Questions
  readonly #verifying = new Map<AbortController, Promise<VerifyResult>>()
  readonly #verified = { runs: 0, ...noResult() }

  constructor(options: CacheLifeOptions) {
    this.#options = options
    const { engine, refused, resource, cache } = options
    const { runtime, slicer } = engine
    this.#snapshots = new Snapshots({ ...options, slicer, nowMs: () => runtime.nowMs() })
    this.#waits = new CacheWaits({ ...options, runtime, slicer })
    this.#questions = new Questions({ resource, cache, refusedOf: (key) => refused.get(key) })
  }

  get snapshotCount(): number {
    return this.#snapshots.count
  }

  get verifyStats(): VerifyStats {
    return { ...this.#verified }
  }

  snapshot<T>(): Snapshot<T> {
    return this.#snapshots.take<T>()
  }

  async waitForSync(options: WaitOptions): Promise<void> {
    checkSignalOptions(options)
    await this.#waits.wait(this.#questions.synced(), options.signal)
  }

  async waitForObject(written: WrittenObject, options: WaitOptions): Promise<unknown> {
    checkSignalOptions(options)
    return this.#waits.wait(this.#questions.written(written), options.signal)
  }

  async waitForResourceVersion(resourceVersion: string, options: WaitOptions): Promise<void> {
    checkSignalOptions(options)
    await this.#waits.wait(this.#questions.resourceVersion(resourceVersion), options.signal)
  }

  async waitFor<T>(
    key: string,
    predicate: (object: T | undefined) => boolean,
    options: WaitOptions,
  ): Promise<T | undefined> {
    checkSignalOptions(options)
    return this.#waits.wait(this.#questions.predicate(key, predicate), options.signal)
  }

  async verify(options: VerifyOptions): Promise<VerifyResult> {
    checkNames('', options, ['signal', 'pageSize'])
    const { signal, pageSize = 500 } = options
    checkSignal('signal', signal)
    checkWhole('pageSize', pageSize, [1, 100_000])
    const { resource, isClosed, refused } = this.#options
    if (isClosed()) throw new KubeInformerError('ERR_CLOSED', `${resource}: the informer is closed`)
    // Not AbortSignal.any(): a signal may be another realm's.
    const ended = new AbortController()
    const onAbort = (): void => ended.abort(signal?.reason)
    if (signal?.aborted) onAbort()
    signal?.addEventListener('abort', onAbort)
    try {
      const refusedOf = (key: string): ReturnType<RefusedObjects['get']> => refused.get(key)
      const questions = this.#questions
      const parts = { ...this.#options, waits: this.#waits, questions, refusedOf }
      const run = new Verification(parts, ended.signal).run(pageSize)
      this.#verifying.set(ended, run)
      const result = await run
      this.#verified.runs++
      addResult(this.#verified, result)
      return result
    } catch (error) {
      if (ended.signal.reason !== watchEnds) throw error
      throw new KubeInformerError('ERR_CLOSED', `${resource}: stopped before the cache was verified`)
    } finally {
      this.#verifying.delete(ended)
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** A batch has been applied. */
  applied(): void {
    this.#waits.applied()
  }

  /** What is cached of this key will not be replaced by its newest version. */
  refused(key: string): void {
    this.#waits.changed(key, undefined, true)
  }

  /** The watch ends: so does whatever asks the server on its own, whose sockets are closed when this resolves. */
  async stopped(): Promise<void> {
    for (const ended of this.#verifying.keys()) ended.abort(watchEnds)
    await Promise.allSettled(this.#verifying.values())
  }

  close(): void {
    this.#waits.close()
  }
}
