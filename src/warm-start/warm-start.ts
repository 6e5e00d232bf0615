import type { Timer } from '../base/runtime.ts'
import { KubeInformerError } from '../errors.ts'
import type { InformerState } from '../informer-stats.ts'
import type { ConnectionMaterial } from '../protocol/messages.ts'
import { parseResourceVersion } from '../protocol/resource-version.ts'
import { refusal, type SnapshotHeader, type SnapshotIdentity } from './snapshot-format.ts'
import { differenceOf, identityOf } from './snapshot-identity.ts'
import { SnapshotLoader } from './snapshot-loader.ts'
import { readSnapshot, type SnapshotRead } from './snapshot-reader.ts'
import { type SaveSnapshotOptions, SnapshotSaver, type SnapshotSaverOptions } from './snapshot-saver.ts'
import type { WarmStartFile } from './warm-start-file.ts'

export interface WarmStartOptions extends SnapshotSaverOptions {
  /** Left out: starts cold. */
  readonly warmStart?: WarmStartFile
  /** ERR_WARM_START: the file is not used. */
  readonly onRefused: (error: KubeInformerError) => void
  /** The cache counts as complete from now on. */
  readonly onSynced: () => void
}

/** A refusal to go on from an old version comes at once, but behind the headers of a success. */
const confirmMs = 1_000
const listing: ReadonlySet<InformerState> = new Set(['waiting', 'syncing', 'relisting'])

/** One informer's snapshots: saves its cache to a file, and fills it from one before its first request. */
export class WarmStart {
  readonly #options: WarmStartOptions
  readonly #saver: SnapshotSaver
  #identity: SnapshotIdentity | undefined
  #result: 'missing' | 'refused' | 'loaded' | undefined
  /** A load that is not to be tried again. */
  #isDecided = false
  #loading: Promise<void> = Promise.resolve()
  /** What the cache was filled with, until the server has shown that it goes on from there, or a list begins. */
  #restored: { readonly version: string; readonly generation: number } | undefined
  #confirmTimer: Timer | undefined

  constructor(options: WarmStartOptions) {
    this.#options = options
    this.#saver = new SnapshotSaver(options)
  }

  /** What became of the file; undefined: there is none to be read, or it is not decided yet. */
  get result(): 'missing' | 'refused' | 'loaded' | undefined {
    return this.#result
  }

  get isUnconfirmed(): boolean {
    return this.#restored !== undefined
  }

  /** Before each run of the watch: it resumes at what this leaves. Never rejects; once `isOver`, it changes nothing. */
  load(connection: ConnectionMaterial, isOver: () => boolean): Promise<void> {
    const { resource, template } = this.#options
    const identity = identityOf(resource, template, connection)
    this.#identity = identity
    // One after the other: of two runs, the first of which was stopped while it read, only one may fill the cache.
    this.#loading = this.#loading.then(() => this.#load(identity, isOver))
    return this.#loading
  }

  /** To be told of every state of the watch. */
  stateChanged(state: InformerState): void {
    this.#confirmTimer?.cancel()
    if (this.#restored === undefined) return
    if (state === 'watching') {
      const { runtime } = this.#options.engine
      this.#confirmTimer = runtime.setTimer(confirmMs, () => {
        this.#confirm()
        this.#options.onSynced()
      })
    } else if (listing.has(state)) this.#restored = undefined
  }

  /** A batch has been applied. A version above the file's is the server's word that it had nothing else to say before. */
  applied(): void {
    if (this.#restored === undefined) return
    const { safeVersion } = this.#options.cache
    if (safeVersion !== undefined && safeVersion !== this.#restored.version) this.#confirm()
  }

  /** Resolves when nothing of a load goes on; those of a run that is over end soon. */
  idle(): Promise<void> {
    return this.#loading
  }

  async close(): Promise<void> {
    this.#confirmTimer?.cancel()
    await Promise.all([this.#loading, this.#saver.close()])
  }

  /** Contract and errors: see the informer's `saveSnapshot()`. */
  save(file: string, options: SaveSnapshotOptions = {}): Promise<void> {
    return this.#saver.save(file, this.#identity, options)
  }

  async #load(identity: SnapshotIdentity, isOver: () => boolean): Promise<void> {
    if (this.#isDecided || isOver()) return
    const file = this.#options.warmStart?.take()
    if (file === undefined) return
    try {
      const snapshot = await readSnapshot(file, (header) => checkIdentity(identity, header), isOver)
      // Nothing is applied yet: the next run tries again.
      if (isOver()) return
      this.#isDecided = true
      if (snapshot === undefined) this.#result = 'missing'
      else await this.#fill(snapshot, isOver)
    } catch (error) {
      if (isOver()) return
      this.#isDecided = true
      this.#result = 'refused'
      this.#options.cache.abortOpenBracket()
      this.#refuse(file, error)
    }
  }

  async #fill(snapshot: SnapshotRead, isOver: () => boolean): Promise<void> {
    const { cache, refused, engine } = this.#options
    const { runtime, slicer } = engine
    const generation = cache.generationMax + 1
    const loader = new SnapshotLoader({ indexer: cache, slicer, nowMs: () => runtime.nowMs(), isOver })
    if (!(await loader.load(snapshot, generation))) {
      cache.abortOpenBracket()
      return
    }
    for (const object of snapshot.header.refused) refused.add(object, generation)
    this.#result = 'loaded'
    this.#restored = { version: snapshot.header.safeVersion, generation }
  }

  /** The list that the file was ends here. */
  #confirm(): void {
    const restored = this.#restored
    if (restored === undefined) return
    this.#restored = undefined
    this.#confirmTimer?.cancel()
    const { cache } = this.#options
    cache.listEnd(restored.generation, parseResourceVersion(restored.version))
    // Everything cached bears the list's stamp, so that there is nothing to look for.
    while (cache.sweep(() => false));
  }

  #refuse(file: string, error: unknown): void {
    const { resource, onRefused } = this.#options
    const coded = error instanceof KubeInformerError && error.code === 'ERR_WARM_START'
    const { facts, message, cause } = coded
      ? error
      : refusal('damaged', 'its content cannot be applied', error)
    onRefused(
      new KubeInformerError(
        'ERR_WARM_START',
        `${resource} starts cold: the snapshot ${file} is not used: ${message}`,
        { facts: { ...facts, resource }, cause },
      ),
    )
  }
}

function checkIdentity(identity: SnapshotIdentity, header: SnapshotHeader): void {
  const difference = differenceOf(identity, header.identity)
  if (difference !== undefined) throw refusal('foreign', difference)
}
