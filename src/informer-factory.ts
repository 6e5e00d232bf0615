import { cacheSyncError } from './base/cache-sync-error.ts'
import { checkSignalOptions, checkType } from './base/check-options.ts'
import { given } from './base/given.ts'
import { HandlerWarnings } from './base/handler-warnings.ts'
import { Once } from './base/once.ts'
import { createCredentialsBroker } from './config/connection-config.ts'
import type { CredentialsBroker } from './config/credentials-broker.ts'
import { Engine } from './engine/engine.ts'
import type { WatchTemplate } from './engine/watch-session-options.ts'
import { invalidOption, KubeInformerError } from './errors.ts'
import { Informer } from './informer.ts'
import { InformerEngine } from './informer-engine.ts'
import type { InformerOptions } from './informer-options.ts'
import { type FactoryStats, type InformerHealth, pendingOf } from './informer-stats.ts'
import type { KubernetesObject, PartialObjectMetadata } from './kubernetes-object.ts'
import type { ListerWatcher, SourceObject } from './lister-watcher.ts'
import {
  type Listed,
  type ListerWatcherOptions,
  validateListerWatcherOptions,
} from './lister-watcher-options.ts'
import { NamespaceSets } from './namespace-sets.ts'
import { FactoryObserver } from './observe/factory-observer.ts'
import {
  boundsOf,
  fieldsOf,
  type InformerFactoryOptions,
  validateFactoryOptions,
  validateResource,
  validateSelectOptions,
} from './options.ts'
import { timingOf } from './reflector/timing.ts'
import type { GroupVersionResource, MetadataOnly, ResourceHandle } from './resource-handle.ts'
import { type AnySelectOptions, Handle, type Select } from './resource-handles.ts'
import { collectionPath, knownResource, resourceLabel } from './resources/names.ts'
import { TypedGroups } from './resources/typed-groups.ts'
import { parseLabelSelector } from './selectors/label-selector.ts'
import { sameTerms, sortedSet } from './selectors/selector-syntax.ts'
import { transformOf } from './transform-option.ts'

/**
 * Shares one informer per resource (and selection) among all users of a cluster in this process.
 *
 * Nothing connects before `start()`. `start()` starts what was asked for so far (`factory.core.v1.pods.informer`),
 * and can be called again for what was asked for since.
 */
export class InformerFactory extends TypedGroups {
  readonly #options: InformerFactoryOptions
  readonly #engine: Engine
  readonly #broker: CredentialsBroker
  readonly #handles = new Map<string, Handle<KubernetesObject>>()
  readonly #onHandlerError: InformerOptions['onHandlerError']
  readonly #observer: FactoryObserver
  readonly #sources = new Map<string, ListerWatcher>()
  readonly #sets = new NamespaceSets()
  #privateCount = 0
  #isStarted = false
  readonly #closing = new Once(() => this.#close())

  constructor(options: InformerFactoryOptions) {
    super()
    validateFactoryOptions(options)
    this.#options = options
    const { engine, onHandlerError } = options
    const shared = engine && InformerEngine.open(engine)
    // Before an engine: an option that it refuses would leave threads behind.
    this.#broker = createCredentialsBroker(options.kubeConfig)
    this.#engine = shared ?? new Engine(options)
    // Last: a factory that was refused must not stay in the user's registry.
    try {
      this.#observer = new FactoryObserver(options, this)
    } catch (error) {
      // A registry threw. Nobody could close these any more.
      void Promise.allSettled([this.#broker.close(), shared === undefined && this.#engine.close()])
      throw error
    }
    if (engine !== undefined) InformerEngine.attach(engine, this)
    const warnings = new HandlerWarnings(() => this.#engine.runtime.nowMs())
    this.#onHandlerError =
      onHandlerError !== undefined
        ? (error, context) => onHandlerError(error, context)
        : (error, context, source) => {
            if (!this.#observer.hasLogger) warnings.report(error, context, source)
          }
  }

  /** Any resource, of its objects the metadata alone: the same as `select({ metadataOnly: true })`. */
  override forResource(type: GroupVersionResource & MetadataOnly): ResourceHandle<PartialObjectMetadata>
  /** Any resource, custom ones included; no discovery is needed or made. @throws ERR_INVALID_OPTION for what is no name */
  override forResource<T extends KubernetesObject = KubernetesObject>(
    type: GroupVersionResource,
  ): ResourceHandle<T>
  override forResource<T extends KubernetesObject>(
    type: GroupVersionResource & Partial<MetadataOnly>,
  ): ResourceHandle<T> & ResourceHandle<PartialObjectMetadata> {
    validateResource(type)
    const { metadataOnly } = type
    const handle = this.#handle(type, metadataOnly === undefined ? {} : { metadataOnly })
    return handle as unknown as ResourceHandle<T> & ResourceHandle<PartialObjectMetadata>
  }

  /**
   * A resource whose objects come from functions of yours instead of the API server: a shared informer like any other,
   * with the whole contract. The functions are called on this thread, one request at a time; what they give is written
   * as JSON within the slices, and decoded, merged and batched in the worker. Rejections, ends and `ERROR` events are
   * retried, resumed and answered with a new list as those of a server; an object that has no JSON (a cycle, a BigInt)
   * is refused and named in `health()`. A list may take `timing.watchListTotalMs`, a watch is opened anew when it has
   * not ended some seconds after `timeoutSeconds`; neither is waited for once its signal has aborted. Objects come out as
   * they stand on the wire: of client-node's models times are text and names those of the API (`Wire`).
   *
   * @throws ERR_SOURCE_CONFLICT for a name that other functions have, ERR_INVALID_OPTION
   * @example
   * const things = factory.forListerWatcher({ name: 'things', listerWatcher: { list, watch } })
   * things.informer.addEventHandler({ onAdd: (event) => console.log(event.key) })
   * factory.start()
   */
  forListerWatcher<T extends SourceObject = KubernetesObject>(
    options: ListerWatcherOptions<T>,
  ): ResourceHandle<Listed<T>> {
    return this.#sourceHandle(options as ListerWatcherOptions) as unknown as ResourceHandle<Listed<T>>
  }

  /** Starts every informer asked for so far; those that are closed are skipped. Idempotent. */
  start(): void {
    this.#refuseIfClosed()
    this.#isStarted = true
    for (const informer of this.#informers()) if (!Informer.isClosed(informer)) informer.start()
  }

  /**
   * Resolves when every started informer holds a complete list. One that has a handler or a lister must have been
   * started; others are left out, and so are closed ones without a lister.
   *
   * @throws ERR_CACHE_SYNC with `facts.pending` (resource, state, last error) when `signal` aborts first; at once when
   * one in use is not started; ERR_INVALID_OPTION
   */
  async waitForCacheSync(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    checkSignalOptions(options)
    const idle = [...this.#handles.values()].filter(
      (handle) => handle.isInUse && handle.informer.state === 'idle',
    )
    if (idle.length > 0)
      throw cacheSyncError(
        idle.map(({ informer }) => pendingOf(informer, this.#isStarted)),
        undefined,
        undefined,
      )
    const informers = this.#informers((handle) => handle.isAwaited)
    const results = await Promise.allSettled(informers.map((informer) => informer.waitForSync(options)))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed === undefined) return
    const late = informers.filter((informer) => !informer.hasSynced())
    if (late.length === 0) throw failed.reason
    const lastError = late.find((informer) => informer.lastError !== undefined)?.lastError
    const pending = late.map((informer) => pendingOf(informer, this.#isStarted))
    throw cacheSyncError(pending, options.signal, lastError ?? failed.reason)
  }

  /**
   * Ends everything, in this order: registrations (no new handler call, signals abort, calls in progress are waited for
   * at most `drainMs`) and, at once after them, watches; credentials; threads. Once it resolves no socket, timer, port or
   * thread of its own is left; an engine that was handed in goes on. Idempotent; may be called from a handler.
   */
  close(): Promise<void> {
    return this.#closing.run()
  }

  /** Counters and gauges of now; counters run from the factory's creation. Of an engine that was handed in, they are all its factories'. */
  stats(): FactoryStats {
    return {
      informers: this.#informers().map((informer) => informer.stats()),
      threads: this.#engine.threads,
      memoryBytes: this.#engine.memory.bytes,
      queuedWatches: this.#engine.runner.queueSize,
      slices: { ...this.#engine.slicer.slices },
    }
  }

  /** The engine's own work on this thread: called with the length of every slice. For measuring. */
  onSlice(listener: (durationMs: number) => void): void {
    this.#engine.slicer.onSlice = listener
  }

  /** One entry per informer asked for; throws nothing, costs little: fit for a probe. */
  health(): readonly InformerHealth[] {
    return this.#informers().map((informer) => informer.health())
  }

  async #close(): Promise<void> {
    await Promise.all(this.#informers().map((informer) => informer.close()))
    // After those: a watch that still wants credentials would show that there are none any more.
    await this.#broker.close()
    const { engine } = this.#options
    if (engine === undefined) await this.#engine.close()
    else InformerEngine.detach(engine, this)
    this.#observer.close()
  }

  #informers(accepts = (_handle: Handle<KubernetesObject>): boolean => true): Informer<KubernetesObject>[] {
    return [...this.#handles.values()]
      .filter((handle) => handle.hasInformer && accepts(handle))
      .map((handle) => handle.informer)
  }

  #handle(type: GroupVersionResource, select: AnySelectOptions): ResourceHandle<KubernetesObject> {
    this.#refuseIfClosed()
    validateSelectOptions(select)
    const group = type.group ?? ''
    const known = knownResource({ group, version: type.version, resource: type.resource })
    // A factory for one namespace still watches nodes: they have none.
    const namespace = known?.namespaced === false ? '' : (select.namespace ?? this.#options.namespace ?? '')
    const labels = select.labelSelector === undefined ? '' : parseLabelSelector(select.labelSelector).text
    const path = { group, version: type.version, resource: type.resource }
    return this.#share(
      resourceLabel(path),
      [group, type.version, type.resource, namespace, labels, sameTerms(select.fieldSelector)],
      {
        path: collectionPath(path, namespace),
        ...(labels !== '' && { labelSelector: labels }),
        ...(select.fieldSelector && { fieldSelector: select.fieldSelector }),
        fields: {
          ...fieldsOf(select, this.#options),
          ...(select.metadataOnly === true && { metadataOnly: true }),
        },
        ...transformOf(select, this.#options),
      },
      select.resyncPeriodMs,
      { broker: this.#broker },
      (options, isSet = false) => {
        if (isSet && known?.namespaced === false) {
          const allowed = `${type.resource} have no namespaces: ask for them without selectNamespaces()`
          throw invalidOption('namespaces', options.namespace, allowed)
        }
        if (isSet && select.private === true) {
          throw invalidOption('private', true, 'no set of namespaces is private: select one at a time')
        }
        return this.#handle(type, { ...select, ...given(options) })
      },
      select.private,
    )
  }

  #sourceHandle(options: ListerWatcherOptions, isPrivate = false): ResourceHandle<KubernetesObject> {
    this.#refuseIfClosed()
    validateListerWatcherOptions(options)
    const { name, listerWatcher, labelSelector, fieldSelector } = options
    const fields = fieldsOf(options, this.#options)
    if ((this.#sources.get(name) ?? listerWatcher) !== listerWatcher) {
      throw new KubeInformerError('ERR_SOURCE_CONFLICT', `another source is named "${name}"`)
    }
    this.#sources.set(name, listerWatcher)
    return this.#share(
      name,
      ['source', name, labelSelector, fieldSelector],
      {
        path: name,
        source: 'all',
        ...(labelSelector && { labelSelector }),
        ...(fieldSelector && { fieldSelector }),
        fields,
        ...transformOf(options, this.#options),
      },
      options.resyncPeriodMs,
      { source: listerWatcher },
      ({ namespace, metadataOnly, labelSelector: labels, private: isOwn = isPrivate, ...select }) => {
        checkType('private', isOwn, 'boolean')
        if (metadataOnly !== undefined)
          throw invalidOption('metadataOnly', metadataOnly, 'a source gives what it gives: see keepFields')
        if (namespace !== undefined)
          throw invalidOption('namespace', namespace, 'a source has no namespaces to ask for')
        const text = labels === undefined ? labelSelector : parseLabelSelector(labels).text
        return this.#sourceHandle(
          { ...options, ...given(select), ...(text !== undefined && { labelSelector: text }) },
          isOwn,
        )
      },
      isPrivate,
    )
  }

  /** The same handle for equal names and options; a private one is new, and known from when it has its informer. */
  #share(
    resource: string,
    names: readonly (string | undefined)[],
    what: Omit<WatchTemplate, 'columns' | 'bounds' | 'timing' | 'compression'>,
    ownResyncPeriodMs: number | undefined,
    from: { readonly broker: CredentialsBroker } | { readonly source: ListerWatcher },
    select: Select,
    isPrivate = false,
  ): ResourceHandle<KubernetesObject> {
    const resyncPeriodMs = ownResyncPeriodMs ?? this.#options.resyncPeriodMs ?? 0
    const { drop, keep, metadataOnly } = what.fields
    const fields = { drop: drop && sortedSet(drop), keep: keep && sortedSet(keep), metadataOnly }
    const key = JSON.stringify([...names, fields, what.transform, resyncPeriodMs])
    const existing = isPrivate ? undefined : this.#handles.get(key)
    if (existing !== undefined) return existing
    const handle: Handle<KubernetesObject> = new Handle<KubernetesObject>(
      (warmStart) => {
        if (isPrivate) this.#keepPrivate(handle)
        return new Informer<KubernetesObject>({
          ...from,
          warmStart,
          engine: this.#engine,
          isPrivate,
          resource,
          resyncPeriodMs,
          drainMs: this.#options.drainMs ?? 5_000,
          onHandlerError: this.#onHandlerError,
          observer: this.#observer,
          isFactoryStarted: () => this.#isStarted,
          template: {
            ...what,
            bounds: boundsOf(this.#options),
            timing: timingOf(this.#options.timing),
            compression: this.#options.compression ?? 'lists',
          },
        })
      },
      select,
      this.#sets,
    )
    if (!isPrivate) this.#handles.set(key, handle)
    return handle
  }

  /** Others may be made for as long as the factory lives: those that are closed are forgotten. */
  #keepPrivate(handle: Handle<KubernetesObject>): void {
    this.#refuseIfClosed()
    for (const [key, known] of this.#handles) {
      if (key.startsWith(privateKey) && Informer.isClosed(known.informer)) this.#handles.delete(key)
    }
    this.#handles.set(`${privateKey}${++this.#privateCount}`, handle)
  }

  #refuseIfClosed(): void {
    if (this.#closing.hasBegun) throw new KubeInformerError('ERR_CLOSED', 'the factory is closed')
  }
}

/** Begins no JSON, as other keys are. */
const privateKey = 'private '

/**
 * Makes a factory; see {@link InformerFactory}. Bad options throw here, bad credentials or an unreachable server show
 * in `health()` and are retried for ever.
 *
 * @throws ERR_INVALID_OPTION, ERR_NODE_VERSION on a Node below 22.19
 * @example
 * const factory = createInformerFactory({ kubeConfig: { server: 'http://127.0.0.1:8001' } })
 * const pods = factory.core.v1.pods
 * pods.informer.addEventHandler({ onAdd: (event) => console.log('added', event.key) })
 * factory.start()
 * await factory.waitForCacheSync()
 * console.log(pods.lister.list({ namespace: 'default' }).size)
 * await factory.close()
 */
export function createInformerFactory(options: InformerFactoryOptions = {}): InformerFactory {
  return new InformerFactory(options)
}
