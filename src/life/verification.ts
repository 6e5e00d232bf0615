import { KeySet } from '../base/key-set.ts'
import { holdProcess } from '../base/runtime.ts'
import { waitUntil } from '../base/wait-until.ts'
import type { CredentialsBroker } from '../config/credentials-broker.ts'
import type { Engine } from '../engine/engine.ts'
import { WatchSession } from '../engine/watch-session.ts'
import type { WatchTemplate } from '../engine/watch-session-options.ts'
import { KubeInformerError } from '../errors.ts'
import { Indexer } from '../indexer/indexer.ts'
import type { RefusedObject } from '../informer-stats.ts'
import type { ListerWatcher } from '../lister-watcher.ts'
import type { CacheWaits } from './cache-waits.ts'
import type { Cell, ChangeFan, ChangeTap } from './change-fan.ts'
import { Comparison, type Differences } from './comparison.ts'
import type { Questions } from './questions.ts'

/** What a verification found. */
export interface VerifyResult {
  /** Keys looked at: listed or cached. */
  readonly compared: number
  /** Listed, not cached. */
  readonly missing: number
  /** Cached in another version than the one listed, and not a newer one. */
  readonly stale: number
  /** Cached, not listed. */
  readonly surplus: number
  /** Of these three, right after a new list. */
  readonly repaired: number
}

type Sum = { -readonly [Field in keyof VerifyResult]: number }

export function noResult(): Sum {
  return { compared: 0, missing: 0, stale: 0, surplus: 0, repaired: 0 }
}

export function addResult(sum: Sum, result: VerifyResult): void {
  for (const field of Object.keys(result) as (keyof VerifyResult)[]) sum[field] += result[field]
}

export interface VerificationOptions {
  readonly resource: string
  readonly engine: Engine
  readonly broker: CredentialsBroker | undefined
  readonly source: ListerWatcher | undefined
  readonly template: WatchTemplate
  readonly drainMs: number
  readonly cache: Indexer
  readonly fan: ChangeFan
  readonly waits: CacheWaits
  readonly questions: Questions
  readonly refusedOf: (key: string) => RefusedObject | undefined
  /** Asks the watch for a new list; in vain while one is under way. */
  readonly relist: () => void
}

interface Listed {
  readonly indexer: Indexer
  readonly version: string
}

/** Failures of the list in a row, the first included, after which the caller is told instead of another attempt. */
const attemptsMax = 6
/** A list that was under way when a new one was asked for may be older than what is to be repaired. */
const repairsMax = 2

/**
 * One look whether the cache is what the server has: keys, uids and versions, nothing else of the objects.
 *
 * The list is read as the informer reads its own: in a worker, by pages, within main's slices, into a cache of its own that
 * holds keys, uids and versions. Differences count once everything up to its version is cached; what has changed since is none.
 */
export class Verification implements ChangeTap {
  readonly #options: VerificationOptions
  readonly #signal: AbortSignal
  /** Keys that ended since the list began, or whose objects cannot be read: they prove nothing. */
  #unknown = new KeySet()
  #hasUnreadable = false

  constructor(options: VerificationOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
  }

  async run(pageSize: number): Promise<VerifyResult> {
    const { cache, fan, waits, questions } = this.#options
    fan.add(this)
    try {
      await waits.wait(questions.synced(), this.#signal)
      for (;;) {
        const reset = cache.resetGeneration
        this.#unknown = new KeySet()
        this.#hasUnreadable = false
        const { indexer, version } = await this.#list(pageSize)
        let differences = await this.#compare(indexer, version)
        if (differences.count > 0) {
          // Of what the cache has not come to yet it may be right in a moment; bookmarks come once a minute.
          await waits.wait(questions.resourceVersion(version), this.#signal)
          differences = await this.#compare(indexer, version)
        }
        // The versions that were listed mean nothing any more.
        if (cache.resetGeneration !== reset) continue
        const { compared, missing, stale, surplus } = differences
        const repaired = await this.#repair(differences)
        return { compared, missing, stale, surplus, repaired }
      }
    } finally {
      fan.remove(this)
    }
  }

  changed(key: string, _old: Cell | undefined, isThere: boolean): void {
    if (!isThere) this.#unknown.add(key)
  }

  async #list(pageSize: number): Promise<Listed> {
    const { engine, broker, source, drainMs, resource } = this.#options
    // It changes no key, uid or version, and would not know objects that are metadata alone.
    const { transform: _, ...template } = this.#options.template
    const indexer = new Indexer({
      sink: { added() {}, updated() {}, deleted() {}, listCompleted() {} },
      columns: [],
      memoCount: 1,
      random: () => engine.runtime.random(),
      onIndexError() {},
    })
    const looks = new Set<() => void>()
    let failure: KubeInformerError | undefined
    const session = new WatchSession({
      engine,
      broker,
      source,
      indexer,
      template: {
        ...template,
        columns: [],
        fields: { keep: [], metadataOnly: true },
        timing: { ...template.timing, pageSize },
        listOnly: true,
      },
      onState: () => {},
      onFailed: (error, attempt) => {
        const isFinal = error.code === 'ERR_FORBIDDEN' || error.code === 'ERR_NOT_FOUND'
        if (isFinal || attempt >= attemptsMax) failure = error
        for (const look of looks) look()
      },
      onRefused: ({ key }) => {
        if (key === undefined) this.#hasUnreadable = true
        else this.#unknown.add(key)
      },
      onApplied: () => {
        for (const look of looks) look()
      },
    })
    // Without an order there is a list, and no version of it.
    const hasOrder = (): boolean => indexer.knownVersion !== undefined
    const isOver = (): boolean =>
      failure !== undefined || (indexer.hasSynced && (indexer.safeVersion !== undefined || !hasOrder()))
    try {
      session.start()
      await waitUntil(
        isOver,
        (look) => {
          looks.add(look)
          return () => looks.delete(look)
        },
        this.#signal,
        () => holdProcess(engine.runtime),
      )
    } finally {
      await session.stop(drainMs)
    }
    if (failure !== undefined) throw failure
    const version = indexer.safeVersion
    if (version !== undefined && indexer.hasSynced) return { indexer, version }
    if (this.#signal.aborted)
      return this.#options.waits.wait(this.#options.questions.never('verified'), this.#signal)
    throw new KubeInformerError(
      'ERR_UNEXPECTED_BODY',
      `${resource}: versions without an order cannot be verified`,
    )
  }

  async #compare(indexer: Indexer, version: string): Promise<Differences> {
    const { engine, cache, refusedOf } = this.#options
    const comparison = new Comparison({
      cache,
      listed: indexer,
      version,
      nowMs: () => engine.runtime.nowMs(),
      isUnknown: (key) => this.#unknown.has(key) || refusedOf(key) !== undefined,
      canMissListed: this.#hasUnreadable,
    })
    await comparison.run(engine.slicer)
    return comparison
  }

  /** Returns how many differences are gone. */
  async #repair(differences: Differences): Promise<number> {
    const { cache, waits, questions, relist } = this.#options
    let repaired = 0
    for (let i = 0; i < repairsMax && repaired < differences.count; i++) {
      const before = cache.listedGeneration
      relist()
      await waits.wait(questions.listedAfter(before), this.#signal)
      repaired = differences.countRepaired()
    }
    return repaired
  }
}
