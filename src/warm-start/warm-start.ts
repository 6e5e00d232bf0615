import { checkNames, checkSignal, checkType } from '../base/check-options.ts'
import type { Timer } from '../base/runtime.ts'
import type { Engine } from '../engine/engine.ts'
import type { WatchTemplate } from '../engine/watch-session.ts'
import { invalidOption, KubeInformerError } from '../errors.ts'
import type { Indexer } from '../indexer/indexer.ts'
import type { InformerState } from '../informer-stats.ts'
import type { ConnectionMaterial } from '../protocol/messages.ts'
import { isComparable, parseResourceVersion } from '../protocol/resource-version.ts'
import type { RefusedObjects } from '../refused-objects.ts'
import { SnapshotFile } from './snapshot-file.ts'
import { fileBytesMax, refusal, type SnapshotHeader, type SnapshotIdentity } from './snapshot-format.ts'
import { differenceOf, identityOf } from './snapshot-identity.ts'
import { SnapshotLoader } from './snapshot-loader.ts'
import { readSnapshot, type SnapshotRead } from './snapshot-reader.ts'
import { SnapshotWriter } from './snapshot-writer.ts'
import { checkFileName, type WarmStartFile } from './warm-start-file.ts'

/** Of {@link Informer.saveSnapshot}. */
export interface SaveSnapshotOptions {
  /** Gives it up; what the file was before stays. */
  readonly signal?: AbortSignal
  /** Secrets are written as they are, to be read by whoever gets the file. @default false */
  readonly includeSecrets?: boolean
}

export interface WarmStartOptions {
  readonly engine: Pick<Engine, 'runtime' | 'slicer'>
  readonly resource: string
  readonly template: WatchTemplate
  readonly cache: Indexer
  readonly refused: RefusedObjects
  /** Left out: starts cold. */
  readonly warmStart?: WarmStartFile
  /** The cache counts as complete from now on. */
  readonly onSynced: () => void
}

/** A refusal to go on from an old version comes at once, but behind the headers of a success. */
const confirmMs = 1_000
const listing: ReadonlySet<InformerState> = new Set(['waiting', 'syncing', 'relisting'])
const secretsPath = /^\/api\/v1\/(?:namespaces\/[^/]+\/)?secrets$/
/** As many as are named; of further ones nobody knows the keys. */
const refusedCountMax = 1_000

/** One informer's snapshots: saves its cache to a file, and fills it from one before its first request. */
export class WarmStart {
  readonly #options: WarmStartOptions
  #identity: SnapshotIdentity | undefined
  #result: 'missing' | 'refused' | 'loaded' | undefined
  /** A load that is not to be tried again. */
  #isDecided = false
  #loading: Promise<void> = Promise.resolve()
  readonly #saving = new Set<Promise<void>>()
  /** What the cache was filled with, until the server has shown that it goes on from there, or a list begins. */
  #restored: { readonly version: string; readonly generation: number } | undefined
  #confirmTimer: Timer | undefined
  #isClosed = false

  constructor(options: WarmStartOptions) {
    this.#options = options
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
    this.#isClosed = true
    this.#confirmTimer?.cancel()
    await Promise.allSettled([this.#loading, ...this.#saving])
  }

  /**
   * Contract and errors: {@link Informer.saveSnapshot}.
   *
   * The file says: everything up to S is in here, S being the safe version at the beginning. What is written later may
   * be newer than S, since the cache goes on. A watch from S repeats everything above S, so for each key:
   * - written in a version above S: its events up to that version are dropped as old, whatever their uid; the end of a
   *   predecessor under the same name is older than the version we have, and is dropped, too;
   * - gone before its turn came: it is not in the file; its events since S add it, and end with its Deleted;
   * - written, and gone later: its Deleted is above the version we have, and ends it;
   * - re-created: whichever of the two was written, the Deleted of the first and the new one's Added are both above S;
   *   they replace the first, or are older than the second.
   * All this needs the history from S on, whole and in one order. A list means that it may be neither: what the sweep
   * drops is told by no event if the list comes from a restored etcd. So a list that begins meanwhile ends the save.
   */
  save(file: string, options: SaveSnapshotOptions = {}): Promise<void> {
    const saving = this.#save(file, options)
    this.#saving.add(saving)
    const forget = (): void => void this.#saving.delete(saving)
    saving.then(forget, forget)
    return saving
  }

  async #save(file: string, options: SaveSnapshotOptions): Promise<void> {
    const { cache, engine, template } = this.#options
    const { runtime, slicer } = engine
    checkFileName('file', file)
    checkNames('', options, ['signal', 'includeSecrets'])
    checkSignal('signal', options.signal)
    checkType('includeSecrets', options.includeSecrets, 'boolean')
    if (template.source === undefined && secretsPath.test(template.path) && options.includeSecrets !== true) {
      throw invalidOption('includeSecrets', options.includeSecrets, 'Secrets are saved with true only')
    }
    this.#refuseIfEnded(options.signal)
    const header = this.#header()
    const generation = cache.generationMax
    const output = await SnapshotFile.create(file).catch((error: unknown) => {
      throw unsaved('io', 'the file cannot be written', error)
    })
    try {
      const writer = new SnapshotWriter(output, {
        header,
        cells: cache.cells(),
        leftOut: new Set(header.refused.map(({ key }) => key ?? '')),
        slicer,
        nowMs: () => runtime.nowMs(),
        check: () => {
          this.#refuseIfEnded(options.signal)
          if (cache.generationMax !== generation) throw unsaved('listing', 'a list began meanwhile')
        },
      })
      await writer.write()
      await output.publish()
    } catch (error) {
      await output.discard()
      throw error instanceof KubeInformerError ? error : unsaved('io', 'the file cannot be written', error)
    }
  }

  #header(): SnapshotHeader {
    const { cache, refused, engine } = this.#options
    const { safeVersion } = cache
    const identity = this.#identity
    if (!cache.hasSynced || identity === undefined)
      throw unsaved('not-synced', 'the cache has held no complete list')
    if (safeVersion === undefined) throw unsaved('listing', 'the resource is being listed anew')
    if (!isComparable(parseResourceVersion(safeVersion))) {
      throw unsaved('versions', "the server's versions have no order")
    }
    if (cache.store.liveBytes > fileBytesMax) throw unsaved('too-large', 'the cache is too large for a file')
    const named = refused.list()
    if (named.length >= refusedCountMax || named.some(({ key }) => key === undefined)) {
      throw unsaved('refused', 'objects were refused that cannot all be named')
    }
    return { identity, safeVersion, refused: named, savedAtMs: Math.round(engine.runtime.nowMs()) }
  }

  #refuseIfEnded(signal: AbortSignal | undefined): void {
    if (this.#isClosed) {
      throw new KubeInformerError('ERR_CLOSED', `${this.#options.resource}: the informer is closed`)
    }
    if (signal?.aborted === true) throw unsaved('aborted', 'the signal was aborted', signal.reason)
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
      this.#warn(file, error)
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

  #warn(file: string, error: unknown): void {
    const { resource } = this.#options
    const coded = error instanceof KubeInformerError && error.code === 'ERR_WARM_START'
    const { facts, message, cause } = coded
      ? error
      : refusal('damaged', 'its content cannot be applied', error)
    process.emitWarning(
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

function unsaved(reason: string, why: string, cause?: unknown): KubeInformerError {
  return new KubeInformerError('ERR_SNAPSHOT', `no snapshot was saved: ${why}`, { facts: { reason }, cause })
}
