import { nodeRuntime, type Runtime, type Timer } from '../../base/runtime.ts'
import type { ResourceType } from '../../resources/names.ts'
import { type Access, AccessControl } from './access.ts'
import { Churn, type ChurnCounts } from './churn.ts'
import { makeObject } from './cluster.ts'
import { type ChurnOptions, runControl } from './control.ts'
import { type Counters, newCounters } from './counters.ts'
import { CustomResources } from './custom-resources.ts'
import { Faults } from './faults.ts'
import { HttpListener, type TlsOptions } from './http-listener.ts'
import { InitialLists } from './initial-lists.ts'
import type { ApiObject, JsonRecord } from './json-object.ts'
import { Namespaces } from './namespaces.ts'
import { ObjectWriter } from './object-writer.ts'
import { Random } from './random.ts'
import { Registry, type ResourceDefinition } from './registry.ts'
import { EmbeddedReplica } from './replica.ts'
import { type HandlerContext, RequestHandler } from './request-handler.ts'
import { rewriteAll } from './rewrite.ts'
import type { ServedResource } from './served-resource.ts'
import { SlowWatchers } from './slow-watchers.ts'
import { parseStored, type StoredObject, storeObject } from './stored-object.ts'
import { VersionCounter } from './version-counter.ts'
import { widgetType } from './widget.ts'

export interface EmbeddedApiServerOptions {
  /** 0, the default: any free one, kept over restarts. */
  readonly port?: number
  readonly host?: string
  readonly tls?: TlsOptions
  /** Bearer tokens that are let in; without this every request is. */
  readonly tokens?: Readonly<Record<string, Access>>
  /** Time between bookmarks of a watch that wants them. Default 60,000, as a real server. */
  readonly bookmarkMs?: number
  /** How long a request for a version ahead of the server waits before its 504. Default 3,000. */
  readonly versionWaitMs?: number
  /** Changes kept per resource for watches to resume from. Default 100,000 and 256 MiB. */
  readonly historyCountMax?: number
  readonly historyBytesMax?: number
  /** Whether watchers that do not read are closed. Default true. */
  readonly closesSlowWatchers?: boolean
  /** Events that a watcher may be behind before it counts as slow. Default 1,000. */
  readonly channelEventsMax?: number
  /** Whether sendInitialEvents is known. Default true. */
  readonly hasWatchList?: boolean
  /** Whether large lists are compressed for clients that accept gzip. Default true. */
  readonly hasCompression?: boolean
  /** Whether streams of initial events are, too, each flush a gzip member of its own, as from 1.37 on. Default false. */
  readonly hasWatchListCompression?: boolean
  /** Whether objects are refused in namespaces that do not exist. Default false. */
  readonly requiresNamespaces?: boolean
  /** How a watch from a forgotten version is refused: an ERROR event, as a real server does (default), or HTTP 410. */
  readonly watchErrors?: 'event' | 'status'
  readonly runtime?: Runtime
}

export interface ServerStats extends Readonly<Counters> {
  readonly version: number
  readonly objects: number
  readonly watchers: number
  readonly connections: number
}

// A cluster that has lived a little: versions of one digit hide bugs in comparing them.
const firstVersion = 1_000

/**
 * A Kubernetes API server in this process: real protocol over real HTTP, state in memory, faults on request.
 * Make it, {@link start} it, {@link close} it. Meant for tests, benchmarks and demonstrations on one machine.
 */
export class EmbeddedApiServer {
  readonly faults: Faults
  readonly access: AccessControl
  /** The feature gate WatchList: whether sendInitialEvents is known from now on. Streams that run go on. */
  hasWatchList: boolean
  readonly #runtime: Runtime
  readonly #counters: Counters = newCounters()
  readonly #versions: VersionCounter
  readonly #registry: Registry
  readonly #listener: HttpListener
  readonly #context: HandlerContext
  readonly #host: string
  readonly #replicas: EmbeddedReplica[] = []
  readonly #countConnection = (): void => {
    this.#counters.connectionsTotal++
  }
  #churn: Churn | undefined
  #churnEnd: Timer | undefined
  #churnNextIndex = 0
  #churnMissed = 0
  #populated = 'pods'
  #isClosed = false

  constructor(options: EmbeddedApiServerOptions = {}) {
    const runtime = options.runtime ?? nodeRuntime
    this.hasWatchList = options.hasWatchList ?? true
    this.#runtime = runtime
    this.#versions = new VersionCounter(runtime, firstVersion)
    this.access = new AccessControl(options.tokens)
    this.faults = new Faults(
      () => this.#hubs().reduce((count, hub) => count + hub.cutAll(), 0),
      () => {
        for (const hub of this.#hubs()) hub.flushAll()
      },
    )
    const initialLists = new InitialLists(this.#counters)
    this.#registry = new Registry({
      runtime,
      counters: this.#counters,
      initialLists,
      faults: this.faults,
      versions: this.#versions,
      slow: options.closesSlowWatchers === false ? undefined : new SlowWatchers(runtime),
      history: {
        countMax: options.historyCountMax ?? 100_000,
        bytesMax: options.historyBytesMax ?? 256 * 1024 * 1024,
      },
      channelEventsMax: options.channelEventsMax ?? 1_000,
      bookmarkMs: options.bookmarkMs ?? 60_000,
      onChange: (served, change, object) => {
        customResources.changed(served, change, object)
        namespaces.changed(served, change, object)
      },
    })
    const customResources = new CustomResources(this.#registry, runtime)
    const namespaces = new Namespaces(this.#registry, runtime)
    this.#registry.register(widgetType)
    for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
      this.create('namespaces', { metadata: { name } })
    }
    this.#context = {
      runtime,
      registry: this.#registry,
      customResources,
      namespaces,
      counters: this.#counters,
      initialLists,
      faults: this.faults,
      access: this.access,
      versions: this.#versions,
      versionWaitMs: options.versionWaitMs ?? 3_000,
      hasWatchList: () => this.hasWatchList,
      hasCompression: options.hasCompression ?? true,
      hasWatchListCompression: options.hasWatchListCompression ?? false,
      requiresNamespaces: options.requiresNamespaces ?? false,
      watchErrors: options.watchErrors ?? 'event',
      control: (name, body) => runControl(this, name, body),
      watchFloor: () => 0,
      stats: () => this.stats(),
    }
    const { host = '127.0.0.1', port = 0, tls } = options
    this.#host = host
    const handler = new RequestHandler(this.#context)
    this.#listener = new HttpListener(handler.handle, this.#countConnection, { host, port, tls })
  }

  /** Known once it has started. */
  get url(): string {
    return this.#listener.url
  }

  /** Version of the newest change. */
  get version(): number {
    return this.#versions.current
  }

  async start(): Promise<this> {
    await this.#listener.listen()
    return this
  }

  /** Breaks all connections and stops listening; the state stays. {@link startListening} goes on at the same port. */
  async stopListening(): Promise<void> {
    await this.#listener.stop()
  }

  async startListening(): Promise<void> {
    await this.#listener.listen()
  }

  /** Ends churn, watches and connections; nothing is left after it. Not to be started again. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.stopChurn()
    for (const hub of this.#hubs()) hub.cutAll()
    await Promise.all([this.#listener, ...this.#replicas].map((each) => each.stop()))
  }

  /** A further API server over this one's state, plain HTTP, not started; {@link close} ends it, too. */
  addReplica(): EmbeddedReplica {
    const replica = new EmbeddedReplica(this.#context, this.#countConnection, this.#host)
    this.#replicas.push(replica)
    return replica
  }

  /** A further resource, as a CustomResourceDefinition would make it. */
  registerResource(definition: ResourceDefinition): ResourceType {
    return this.#registry.register(definition)
  }

  create(resource: string, object: JsonRecord): ApiObject {
    const { served, writer } = this.#writer(resource)
    return this.#read(served, writer.create(namespaceIn(served, object), object))
  }

  update(resource: string, object: JsonRecord): ApiObject {
    const { served, writer } = this.#writer(resource)
    return this.#read(served, writer.update(namespaceIn(served, object), nameIn(object), object))
  }

  patch(resource: string, namespace: string, name: string, patch: JsonRecord): ApiObject {
    const { served, writer } = this.#writer(resource)
    return this.#read(served, writer.patch(namespace, name, patch))
  }

  delete(resource: string, namespace: string, name: string): void {
    this.#writer(resource).writer.delete(namespace, name)
  }

  get(resource: string, namespace: string, name: string): ApiObject | undefined {
    const served = this.#named(resource)
    const key = namespace === '' ? name : `${namespace}/${name}`
    const stored = served.store.get(key)
    return stored && this.#read(served, stored)
  }

  /** All objects of a resource as they are now, in key order. */
  list(resource: string): readonly ApiObject[] {
    const served = this.#named(resource)
    return served.store.list().map((stored) => this.#read(served, stored))
  }

  /** Fills a resource with a seeded cluster; returns at once with everything there. No watcher is told. */
  populate(options: { readonly resource: string; readonly objects: number; readonly seed?: number }): void {
    const served = this.#named(options.resource)
    const random = new Random(options.seed ?? 1)
    for (let index = 0; index < options.objects; index++) {
      served.store.load(storeObject(makeObject(served.type, index, random), served.store.nextVersion()))
    }
    this.#populated = options.resource
    this.#churnNextIndex = Math.max(this.#churnNextIndex, options.objects)
  }

  /** Replaces a churn that runs. */
  startChurn(options: ChurnOptions): void {
    this.stopChurn()
    const random = new Random(options.seed ?? 2)
    this.#churn = new Churn(this.#named(options.resource ?? this.#populated), this.#runtime, random, {
      rate: options.rate,
      mode: options.mode ?? 'mixed',
      firstIndex: this.#churnNextIndex,
    })
    if (options.seconds === undefined) return
    this.#churnEnd = this.#runtime.setTimer(options.seconds * 1000, () => this.stopChurn())
  }

  /** Nothing changes by itself after it; gives what the churn did. */
  stopChurn(): ChurnCounts | undefined {
    const churn = this.#churn
    this.#churn = undefined
    this.#churnEnd?.cancel()
    if (churn === undefined) return undefined
    churn.stop()
    this.#churnNextIndex = churn.nextIndex
    this.#churnMissed += churn.counts.missed
    return churn.counts
  }

  get churnCounts(): ChurnCounts | undefined {
    return this.#churn?.counts
  }

  /** Changes every object `times` times, never faster than the slowest watcher reads. */
  async rewrite(options: { readonly times?: number; readonly resource?: string } = {}): Promise<{
    readonly changed: number
  }> {
    const served = this.#named(options.resource ?? this.#populated)
    const random = new Random(3)
    const isStopped = (): boolean => this.#isClosed
    return { changed: await rewriteAll(served, options.times ?? 1, random, this.#runtime, isStopped) }
  }

  /** Forgets all history: older versions cannot be watched from or listed any more. */
  compact(): void {
    for (const store of this.#registry.stores) store.compact()
  }

  /**
   * Forgets older states as an etcd compaction does: lists and pages of them end with 410. Watches still resume from
   * the history, as a real server's do from its watch cache.
   */
  compactStorage(): void {
    for (const store of this.#registry.stores) store.compactLists()
  }

  /** Goes back to `version`, as after an etcd restore: watches break, versions are given a second time. */
  restore(version: number): void {
    if (version > this.version || !this.#registry.canRestore(version)) {
      throw new RangeError(`version ${version} cannot be restored: it is not in the history`)
    }
    for (const hub of this.#hubs()) {
      hub.cutAll()
      hub.forget()
    }
    for (const store of this.#registry.stores) store.restore(version)
    this.#versions.setBack(version)
  }

  /** Ends all watches and forgets the history: every client has to list again. */
  triggerRelist(): void {
    // Counted up first, so that even a client that saw the newest version finds it forgotten.
    this.#versions.next()
    this.compact()
    for (const hub of this.#hubs()) hub.endAll()
  }

  /** One of the commands that `/embedded/NAME` takes over HTTP. */
  control(name: string, body?: unknown): Promise<unknown> {
    return runControl(this, name, body)
  }

  stats(): ServerStats {
    let objects = 0
    let watchers = 0
    for (const store of this.#registry.stores) objects += store.size
    for (const hub of this.#hubs()) watchers += hub.size
    return {
      ...this.#counters,
      churnMissed: this.#churnMissed + (this.#churn?.counts.missed ?? 0),
      version: this.version,
      objects,
      watchers,
      connections: [this.#listener, ...this.#replicas].reduce((sum, each) => sum + each.connections, 0),
    }
  }

  #hubs(): ServedResource['hubs'][number][] {
    return [...this.#registry.served].flatMap((served) => served.hubs)
  }

  #named(resource: string): ServedResource {
    const served = this.#registry.byName(resource)
    if (served === undefined) throw new RangeError(`the embedded server has no resource "${resource}"`)
    return served
  }

  #writer(resource: string): { readonly served: ServedResource; readonly writer: ObjectWriter } {
    const served = this.#named(resource)
    return { served, writer: new ObjectWriter(served, this.#runtime) }
  }

  #read(served: ServedResource, stored: StoredObject): ApiObject {
    return { apiVersion: served.apiVersion, kind: served.type.kind, ...parseStored(stored) }
  }
}

function namespaceIn({ type }: ServedResource, object: JsonRecord): string {
  const { namespace } = (object['metadata'] ?? {}) as { readonly namespace?: string }
  return type.namespaced ? (namespace ?? 'default') : ''
}

function nameIn(object: JsonRecord): string {
  return ((object['metadata'] ?? {}) as { readonly name?: string }).name ?? ''
}
