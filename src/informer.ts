import type { PendingSync } from './base/cache-sync-error.ts'
import { checkObject, checkSignal } from './base/check-options.ts'
import { given } from './base/given.ts'
import { Once } from './base/once.ts'
import { WatchSession } from './engine/watch-session.ts'
import { KubeInformerError } from './errors.ts'
import type { CacheEpoch } from './indexer/cache-epoch.ts'
import { checkIndexers, type Indexers } from './indexer/index-definition.ts'
import { IndexScans } from './indexer/index-scans.ts'
import { Indexer } from './indexer/indexer.ts'
import { InformerIndexer } from './informer-indexer.ts'
import type { InformerOptions } from './informer-options.ts'
import { type InformerHealth, type InformerState, type InformerStats, pendingOf } from './informer-stats.ts'
import { CacheLife } from './life/cache-life.ts'
import { ChangeFan } from './life/change-fan.ts'
import { InformerLife } from './life/informer-life.ts'
import { InformerStates } from './life/informer-states.ts'
import { Lister } from './lister.ts'
import { lackingHashes } from './notify/change-filter.ts'
import type { Changes, ChangesOptions, ReplayChangesOptions, ReplayLoopChange } from './notify/changes.ts'
import { changesOf } from './notify/changes-iterator.ts'
import type { ListenerOptions, ResourceEventHandlers } from './notify/handlers.ts'
import { Processor } from './notify/processor.ts'
import type { Registration } from './notify/registration.ts'
import type {
  AnyListenerOptions,
  ReplayEventHandlers,
  ReplayListenerOptions,
} from './notify/replay-handlers.ts'
import { observerOf } from './observe/factory-observer.ts'
import type { InformerObserver } from './observe/informer-observer.ts'
import type { Column } from './protocol/column.ts'
import { planFields } from './protocol/field-plan.ts'
import type { FromWatch } from './protocol/messages.ts'
import { RefusedObjects } from './refused-objects.ts'
import type { SaveSnapshotOptions } from './warm-start/snapshot-saver.ts'
import { WarmStart } from './warm-start/warm-start.ts'

/**
 * One watch, one cache, any number of listeners (client-go's SharedIndexInformer).
 *
 * Lives on the thread that made it. `start()` twice is one watch; `stop()` keeps cache and registrations, and a later
 * `start()` goes on where it was. Delivery: see {@link Informer.addEventHandler}.
 */
export class Informer<T> extends InformerLife<T> {
  /** `pods`, `apps/v1/deployments`: for messages. */
  readonly resource: string
  /** The cache, by key and by index. */
  readonly indexer: InformerIndexer<T>
  readonly #options: InformerOptions
  readonly #columns: Column[] = []
  readonly #cache: Indexer
  readonly #scans: IndexScans
  readonly #session: WatchSession
  readonly #processor: Processor<CacheEpoch>
  readonly #observer: InformerObserver
  readonly #refused = new RefusedObjects()
  readonly #warmStart: WarmStart
  readonly #states: InformerStates
  readonly #life: CacheLife
  #hasStarted = false
  #isClosed = false
  #syncedAtMs: number | undefined
  readonly #closing = new Once(() => this.#close())
  /** Starts and stops so far. */
  #turns = 0

  constructor(options: InformerOptions) {
    const states = new InformerStates((call) => this.#callUser(call))
    super(states, () => this.#life)
    this.#states = states
    this.#options = options
    this.resource = options.resource
    const { engine } = options
    this.#observer = observerOf(options, () => engine.runtime.nowMs())
    let cache: Indexer | undefined
    this.#processor = new Processor<CacheEpoch>({
      runtime: engine.runtime,
      slicer: engine.slicer,
      cache: () => cache as Indexer,
      isPrivate: options.isPrivate ?? false,
      onRoom: () => this.#session.wake(),
      unsynced: () =>
        this.#cache.hasSynced ? undefined : { pending: this.#pending(), lastError: this.lastError },
      columns: this.#columns,
      onHandlerError: (error, key, handler, registration, own) => {
        this.#observer.handlerFailed(error, key, handler, registration)
        const context = { resource: options.resource, key, handler }
        if (own === undefined) options.onHandlerError(error, context, registration)
        else own(error, context)
      },
      tracer: this.#observer.tracer,
    })
    const fan = new ChangeFan(this.#processor)
    this.#cache = new Indexer({
      sink: fan,
      columns: this.#columns,
      onDeleted: (key, version) => {
        this.#refused.deleted(key, version)
        fan.ended(key)
      },
      random: () => engine.runtime.random(),
      onIndexError: (index, key, cause) => {
        const error = new Error(`index "${index}" failed`, { cause })
        this.#observer.handlerFailed(error, key, 'index', this)
        const context = { resource: options.resource, key, handler: 'index' } as const
        this.#callUser(() => options.onHandlerError(error, context, this))
      },
    })
    cache = this.#cache
    this.#scans = new IndexScans(this.#cache, engine.slicer, () => engine.runtime.nowMs())
    this.indexer = new InformerIndexer<T>(this.#cache)
    const template = { ...options.template, columns: this.#columns }
    const onSynced = (): void => this.#applied()
    const onRefused = (error: KubeInformerError): void => this.#observer.warmStartRefused(error)
    const refused = this.#refused
    this.#warmStart = new WarmStart({ ...options, template, cache, refused, onSynced, onRefused })
    const { resource, broker, source, drainMs } = options
    this.#session = new WatchSession({
      engine,
      broker,
      source,
      indexer: this.#cache,
      template,
      warmStart: this.#warmStart,
      ...(options.isPrivate === true && { isHolding: () => this.#processor.isHolding }),
      onState: (state, error, attempt) => {
        this.#setState(state, error, attempt)
        options.onState?.(state)
      },
      onFailed: (error, attempt) => this.#states.failed(error, attempt),
      onRefused: (refused) => this.#refuse(refused),
      onNote: (note) => this.#observer.note(note),
      onApplied: () => this.#applied(),
    })
    this.#life = new CacheLife({
      ...{ resource, engine, broker, source, drainMs, template, fan },
      cache: this.#cache,
      refused: this.#refused,
      isClosed: () => this.#isClosed,
      callUser: (call) => this.#callUser(call),
      pending: () => this.#pending(),
      lastError: () => this.lastError,
      relist: () => this.#session.relist(),
    })
  }

  /** Everything up to this version is in the cache; undefined before the first list, and while listing anew. */
  get lastSyncResourceVersion(): string | undefined {
    return this.#cache.safeVersion
  }

  /** The cache has held a complete list. */
  hasSynced(): boolean {
    return this.#cache.hasSynced
  }

  /** As below, with `overflow: 'replay'`: objects that are not kept are undefined in the events. */
  addEventHandler(handlers: ReplayEventHandlers<T>, options: ReplayListenerOptions): Registration
  /**
   * Registers handlers. Contract: changes of one object come in order; `add` comes first, `delete` only after it;
   * intermediate states may be merged, the last one never is lost; a handler that throws, rejects or is slow harms
   * nobody else. Added late, it first gets every cached object (`cause: 'replay'`).
   *
   * @throws ERR_CLOSED; ERR_INVALID_OPTION for a handler that is no function, an option that is none;
   * ERR_HANDLER_CONFLICT for a second registration on a private informer
   * @example
   * const registration = pods.informer.addEventHandler({ onAdd: (event) => console.log(event.key) })
   * await registration.waitForSync()
   */
  addEventHandler(handlers: ResourceEventHandlers<T>, options?: ListenerOptions): Registration
  addEventHandler(
    handlers: ResourceEventHandlers<T> | ReplayEventHandlers<T>,
    options: AnyListenerOptions = {},
  ): Registration {
    return Informer.listen(this, handlers, options)
  }

  /** The changes for one `for await`, with an example: {@link Changes}. @throws ERR_CLOSED, ERR_INVALID_OPTION */
  changes(options: ReplayChangesOptions): Changes<T, ReplayLoopChange<T>>
  changes(options?: ChangesOptions): Changes<T>
  changes(options: ChangesOptions | ReplayChangesOptions = {}): Changes<T, ReplayLoopChange<T>> {
    this.#refuseIfClosed()
    return changesOf<T, Informer<T>>([this], options, Informer.listen)
  }

  /**
   * Adds indices: by path (`'spec.nodeName'`), by label (`{ label: 'app' }`), by function of the object.
   *
   * Resolves when they hold everything cached: at once before the start and with an empty cache, else after a scan in
   * slices; reading one earlier throws ERR_INDEX_BUILDING. Rejects with ERR_CLOSED; it need not be waited for.
   * A path added before the first start is extracted in the worker, later it is looked up in each unpacked object, as by a
   * function. Labels are read from the records' bytes, whenever they are added.
   *
   * @throws ERR_INDEX_CONFLICT for a name that exists with another definition; ERR_INVALID_OPTION for a path that does
   * not parse, is not cached (`dropFields`, `keepFields`) or is another index's written otherwise, for what is no
   * definition; ERR_CLOSED. All are added, or none
   * @example
   * await pods.informer.addIndexers({ byNode: 'spec.nodeName', byApp: { label: 'app' } })
   * pods.informer.indexer.byIndex('byNode', 'node-1')
   */
  addIndexers(indexers: Indexers<T>): Promise<void> {
    const paths = Informer.checkIndexers(this, indexers)
    // The workers of a started watch know its columns.
    if (!this.#hasStarted) this.#columns.push(...paths)
    return this.#scans.add(indexers as Indexers)
  }

  /** Idempotent. After {@link stop} it resumes at the version it had reached, keeping cache and registrations. */
  start(): void {
    this.#refuseIfClosed()
    this.#hasStarted = true
    const turn = ++this.#turns
    if (this.state === 'idle' || this.state === 'stopped') this.#setState('connecting')
    // Who was told of it may have stopped it, or closed it, and was promised that nothing runs then.
    if (turn === this.#turns) this.#session.start()
  }

  /** Ends the watch. Resolves when its port and sockets are closed; the cache stays readable, buffers drain. */
  async stop(): Promise<void> {
    this.#turns++
    await Promise.all([this.#life.stopped(), this.#session.stop(this.#options.drainMs)])
    // Started again meanwhile: the new run tells its own state.
    if (this.#hasStarted && this.#session.isStopped) this.#setState('stopped')
  }

  /**
   * Writes the cache to `file` (mode 0600, replaced at once), for a later start: `pods.select({ warmStart: file })`. In slices,
   * while the watch goes on. Rejects with ERR_SNAPSHOT (`facts.reason`: `not-synced`, `listing`, `aborted`, `io`, ...), and for
   * Secrets with ERR_INVALID_OPTION, unless `includeSecrets`; ERR_CLOSED. The old file then stays. See docs/warm-start.md.
   */
  saveSnapshot(file: string, options: SaveSnapshotOptions = {}): Promise<void> {
    return this.#warmStart.save(file, options)
  }

  /** {@link stop}, and ends all registrations. Nothing is delivered after it resolved. Final: the factory's start skips it. */
  close(): Promise<void> {
    return this.#closing.run()
  }

  /** Static, so that users, who have the type alone, find one way to a lister: the handle's. */
  static listerOf<T>(informer: Informer<T>): Lister<T> {
    return new Lister<T>(informer.#cache)
  }

  /** Static as {@link listerOf}: only a loop over {@link changes} asks for its end. */
  static listen<T>(
    informer: Informer<T>,
    handlers: ResourceEventHandlers<T> | ReplayEventHandlers<T>,
    options: AnyListenerOptions,
    onRemoved?: () => void,
  ): Registration {
    informer.#refuseIfClosed()
    checkObject('options', options, 'must be an object such as { concurrency: 8 }')
    checkSignal('signal', options.signal)
    const { resyncPeriodMs, drainMs, template } = informer.#options
    const hashes = lackingHashes(options.when, template.fields, informer.#columns)
    const all = { resyncPeriodMs, drainMs, ...given(options) }
    const registration = informer.#processor.addListener(handlers, all, onRemoved)
    if (!informer.#hasStarted) informer.#columns.push(...hashes)
    return registration
  }

  /** Static as {@link listerOf}: it is for those who start several. */
  static isClosed<T>(informer: Informer<T>): boolean {
    return informer.#isClosed
  }

  /** The paths that are no columns yet. @throws as {@link addIndexers}, which then changes nothing */
  static checkIndexers<T>(informer: Informer<T>, indexers: Indexers<T>): readonly string[] {
    informer.#refuseIfClosed()
    checkIndexers(indexers as Indexers)
    informer.#cache.indices.check(indexers as Indexers)
    const columns = informer.#columns
    const paths = new Set(Object.values(indexers).filter((definition) => typeof definition === 'string'))
    const added = [...paths].filter((path) => !columns.includes(path))
    planFields(informer.#options.template.fields, [...columns, ...added])
    return added
  }

  /** Whether a running informer keeps the process alive; it does by default. */
  ref(): void {
    this.#session.ref()
  }

  unref(): void {
    this.#session.unref()
  }

  /** Counters and gauges of now. */
  stats(): InformerStats {
    const { store, counters, tombstones, size } = this.#cache
    return {
      resource: this.resource,
      state: this.state,
      objects: size,
      lastSyncResourceVersion: this.#cache.safeVersion,
      watch: this.#session.counters,
      workerRestarts: this.#session.restarts,
      threadId: this.#session.threadId,
      pendingBatchBytes: this.#session.reader.pendingBytes,
      droppedStale: counters.droppedStale,
      foundByList: counters.foundByList,
      tombstones: tombstones.size,
      slabBytes: store.slabBytes,
      liveBytes: store.liveBytes,
      pinnedBytes: store.pinnedBytes,
      snapshots: this.#life.snapshotCount,
      movedBytes: store.movedBytes,
      epochs: store.slabsByEpoch.size,
      delivery: this.#processor.totals(),
      verify: this.#life.verifyStats,
      listeners: this.#processor.stats(),
    }
  }

  /** State, last error and refused objects: fit for a probe. */
  health(): InformerHealth {
    const counters = this.#session.counters
    const stale = this.#observer.staleness(this.#cache.hasSynced, counters.lastByteAtMs)
    const { state, error, attempt } = this.#states.now
    return {
      resource: this.resource,
      state,
      attempt,
      hasSynced: this.#cache.hasSynced,
      isFresh: stale === undefined,
      ...(stale && { stale }),
      ...(this.#syncedAtMs !== undefined && { syncedAtMs: this.#syncedAtMs }),
      ...(error && { error: { code: error.code, message: error.message } }),
      ...(counters.lastByteAtMs > 0 && {
        lastByteAgeMs: this.#options.engine.runtime.nowMs() - counters.lastByteAtMs,
      }),
      refused: this.#refused.list(),
      refusedTotal: counters.refused,
      ...(this.#warmStart.result !== undefined && { warmStart: this.#warmStart.result }),
    }
  }

  /** A registration is there that was not removed. */
  get hasHandlers(): boolean {
    return this.#processor.hasListeners
  }

  #pending(): PendingSync {
    return pendingOf(this, this.#options.isFactoryStarted?.() ?? false)
  }

  async #close(): Promise<void> {
    this.#isClosed = true
    this.#scans.close()
    // One that never ran would look as if a start were missing.
    if (!this.#hasStarted) this.#setState('stopped')
    this.#life.close()
    await Promise.all([this.#processor.close(), this.stop(), this.#warmStart.close()])
  }

  #setState(state: InformerState, error?: KubeInformerError, attempt = 0): void {
    this.#warmStart.stateChanged(state)
    this.#observer.state(state, error, attempt, this.#session.threadId)
    this.#states.set(state, error, attempt)
  }

  /** What it throws must be heard, but not here: a batch half applied, or a watch half restarted, would stay so. */
  #callUser(call: () => void): void {
    try {
      call()
    } catch (error) {
      this.#options.engine.runtime.defer(() => {
        throw error
      })
    }
  }

  #applied(): void {
    this.#warmStart.applied()
    if (this.#syncedAtMs === undefined && this.#cache.hasSynced) {
      this.#syncedAtMs = this.#options.engine.runtime.nowMs()
      this.#observer.synced(this.#cache.size)
    }
    this.#refused.forgetRepaired(this.#cache)
    this.#life.applied()
  }

  #refuse(refused: Extract<FromWatch, { type: 'refused' }>): void {
    const { key, resourceVersion, bytes, error, generation } = refused
    this.#cache.sawGeneration(generation)
    const named = { key, resourceVersion, bytes, error }
    this.#observer.refused(named)
    this.#options.onRefused?.(named)
    this.#refused.add(named, generation)
    if (key !== undefined) this.#life.refused(key)
    else if (this.#refused.needsList(this.#options.engine.runtime.nowMs())) this.#session.relist()
  }

  #refuseIfClosed(): void {
    if (this.#isClosed) throw new KubeInformerError('ERR_CLOSED', `${this.resource}: the informer is closed`)
  }
}
