import type {
  Informer as ClientNodeInformer,
  ErrorCallback,
  KubeConfig,
  KubernetesObject,
  ListPromise,
  ObjectCache,
  ObjectCallback,
} from '@kubernetes/client-node'
import { checkNames } from '../base/check-options.ts'
import { createCredentialsBroker } from '../config/connection-config.ts'
import type { CredentialsBroker } from '../config/credentials-broker.ts'
import { Engine } from '../engine/engine.ts'
import { invalidOption, KubeInformerError } from '../errors.ts'
import { Informer } from '../informer.ts'
import type { InformerHealth, InformerState } from '../informer-stats.ts'
import type { ListerWatcher } from '../lister-watcher.ts'
import type { Registration } from '../notify/registration.ts'
import { boundsOf, validateFactoryOptions } from '../options.ts'
import type { ReflectorTiming } from '../protocol/messages.ts'
import { timingOf } from '../reflector/timing.ts'
import { Callbacks, type ObjectVerb } from './callbacks.ts'
import { thaw } from './thaw.ts'

/** What client-node's informer cannot be told. */
export interface MakeInformerOptions {
  readonly fieldSelector?: string
  /** Worker threads, shared by all informers of the process that ask for as many; 0: none. @default 1 below 4 cores, else 2 */
  readonly threads?: number
  /** Objects are deep frozen and shared instead of copied for every read. @default false */
  readonly frozen?: boolean
  /** Dotted paths left out of the cache. @default ['metadata.managedFields'] */
  readonly dropFields?: readonly string[]
  readonly timing?: Partial<Omit<ReflectorTiming, 'absentAfterMs'>>
}

export interface CompatInformer<T extends KubernetesObject> extends ClientNodeInformer<T>, ObjectCache<T> {
  /** Up to here the cache knows everything; '' before the first list and while listing anew. */
  latestResourceVersion(): string
  /** State, last fault, refused objects: fit for a probe. */
  health(): InformerHealth
}

const optionNames: readonly (keyof MakeInformerOptions)[] = [
  'fieldSelector',
  'threads',
  'frozen',
  'dropFields',
  'timing',
]

/** How long `stop()` waits for the worker. */
const drainMs = 5_000

/**
 * client-node's `makeInformer` with this package's engine behind it. `listPromiseFn` lists, on this thread; the watch
 * runs in a worker, over a connection from `kubeconfig`; every fault is retried until `stop()`.
 *
 * Callbacks: for each object in order, `add` first; the state between two may be merged when this thread is busy, the
 * last one never is lost. `error` says that something failed and will be retried (also what a callback threw, and objects
 * that are refused); there is no need to call `start()` again, and no harm in it. `connect` comes when the API server has
 * answered: to a list, before its objects, or to a watch that was opened anew.
 *
 * @throws ERR_INVALID_OPTION
 * @example
 * const informer = makeInformer(kubeConfig, '/api/v1/namespaces/default/pods', () =>
 *   coreApi.listNamespacedPod({ namespace: 'default' }),
 * )
 * informer.on('add', (pod) => console.log('added', pod.metadata?.name))
 * await informer.start()
 */
export function makeInformer<T extends KubernetesObject>(
  kubeconfig: KubeConfig,
  path: string,
  listPromiseFn: ListPromise<T>,
  labelSelector?: string,
  options: MakeInformerOptions = {},
): CompatInformer<T> {
  return new ListWatchInformer(kubeconfig, path, listPromiseFn, labelSelector, options)
}

class ListWatchInformer<T extends KubernetesObject> implements CompatInformer<T> {
  readonly #informer: Informer<T>
  readonly #registration: Registration
  readonly #listFn: ListPromise<T>
  readonly #copy: (object: unknown) => T
  readonly #callbacks = new Callbacks<T>()
  /** What `start()` waits with; each is asked at every change. */
  readonly #waiting = new Set<() => void>()
  /** Resolves at the next start: changes that come after a stop wait for it, so that none is lost to the callbacks. */
  #started = Promise.withResolvers<void>()
  #isRunning = false
  #isConnected = false
  /** A list has been answered, the watch from it not yet. */
  #hasListed = false
  #state: InformerState = 'idle'
  #faults = 0
  /** What the list function rejected with, until the worker has said what it makes of it. */
  #listError: { readonly error: unknown } | undefined

  constructor(
    kubeconfig: KubeConfig,
    path: string,
    listFn: ListPromise<T>,
    labelSelector: string | undefined,
    options: MakeInformerOptions,
  ) {
    if (typeof path !== 'string' || !path.startsWith('/')) throw invalidOption('path', path, 'begins with /')
    if (typeof listFn !== 'function') throw invalidOption('listPromiseFn', listFn, 'must be a function')
    const { fieldSelector, frozen, ...others } = options
    checkNames('', options, optionNames)
    validateFactoryOptions(others)
    this.#listFn = listFn
    this.#copy = frozen === true ? (object) => object as T : (object) => thaw(object as T)
    // Selectors stand in the path of programs that had no other place for them.
    const [plainPath = '', search = ''] = path.split('?', 2)
    const query = new URLSearchParams(search)
    const labels = labelSelector ?? query.get('labelSelector') ?? ''
    const fields = fieldSelector ?? query.get('fieldSelector') ?? ''
    this.#informer = new Informer<T>({
      engine: engineOf(options.threads),
      broker: brokerOf(kubeconfig),
      source: this.#source(),
      resource: plainPath,
      resyncPeriodMs: 0,
      drainMs,
      onHandlerError: (error) => this.#callbacks.error(error),
      onState: (state) => this.#stateChanged(state),
      onRefused: ({ key, error }) =>
        this.#fault(new KubeInformerError(error.code, `${key ?? 'an object'} is refused: ${error.message}`)),
      template: {
        path: plainPath,
        source: 'lists',
        ...(labels !== '' && { labelSelector: labels }),
        ...(fields !== '' && { fieldSelector: fields }),
        fields: { drop: options.dropFields ?? ['metadata.managedFields'] },
        bounds: boundsOf({}),
        compression: 'lists',
        // A wrong path beside a list that works is no resource that went away: its objects stay.
        timing: { ...timingOf(options.timing), absentAfterMs: Number.POSITIVE_INFINITY },
      },
    })
    // Not by states, which are told once: whoever starts anew while it fails waits for the next failure.
    this.#informer.onWatchError(({ error }) => this.#failed(error))
    this.#registration = this.#informer.addEventHandler({
      onAdd: (event) => this.#deliver('add', event),
      onUpdate: (event) => this.#deliver('update', event),
      onDelete: (event) => this.#deliver('delete', event),
      onSynced: () => this.#changed(),
    })
  }

  on(verb: 'add' | 'update' | 'delete' | 'change', callback: ObjectCallback<T>): void
  on(verb: 'error' | 'connect', callback: ErrorCallback): void
  on(verb: string, callback: ObjectCallback<T> | ErrorCallback): void {
    this.#callbacks.on(verb, callback)
  }

  off(verb: 'add' | 'update' | 'delete' | 'change', callback: ObjectCallback<T>): void
  off(verb: 'error' | 'connect', callback: ErrorCallback): void
  off(verb: string, callback: ObjectCallback<T> | ErrorCallback): void {
    this.#callbacks.off(verb, callback)
  }

  /**
   * Resolves when the cache is complete, its callbacks have run and the watch is open; or when something has failed
   * (`error` was called; it goes on by itself), or `stop()` was called. Never rejects. Idempotent.
   */
  async start(): Promise<void> {
    this.#isRunning = true
    this.#started.resolve()
    this.#informer.start()
    const faults = this.#faults
    const isOver = (): boolean =>
      !this.#isRunning || this.#faults > faults || (this.#isConnected && this.#registration.hasSynced())
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (!isOver()) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
      look()
    })
  }

  /** No callback is called from now on. Resolves when the watch is closed; the cache stays, `start()` goes on from it. */
  async stop(): Promise<void> {
    if (this.#isRunning) this.#started = Promise.withResolvers<void>()
    this.#isRunning = false
    this.#isConnected = false
    this.#hasListed = false
    this.#changed()
    await this.#informer.stop()
  }

  get(name: string, namespace?: string): T | undefined {
    const object = this.#informer.indexer.get(namespace ? { name, namespace } : { name })
    return object === undefined ? undefined : this.#copy(object)
  }

  list(namespace?: string): readonly T[] {
    const { indexer } = this.#informer
    const objects = namespace ? indexer.byIndex('namespace', namespace) : indexer.list()
    return objects.map(this.#copy)
  }

  latestResourceVersion(): string {
    return this.#informer.lastSyncResourceVersion ?? ''
  }

  health(): InformerHealth {
    return this.#informer.health()
  }

  #deliver(verb: ObjectVerb, event: { readonly object: unknown }): Promise<void> | undefined {
    if (!this.#isRunning) return this.#started.promise.then(() => this.#deliver(verb, event))
    this.#callbacks.object(verb, () => this.#copy(event.object))
    return undefined
  }

  #source(): ListerWatcher {
    return {
      list: async ({ signal }) => {
        this.#listError = undefined
        try {
          const list: unknown = await this.#listFn()
          if (this.#isRunning && !signal.aborted) {
            this.#hasListed = true
            this.#callbacks.connect()
          }
          return list as Awaited<ReturnType<ListerWatcher['list']>>
        } catch (error) {
          this.#listError = { error }
          throw error
        }
      },
      watch: () => Promise.reject(new KubeInformerError('ERR_INTERNAL', 'watches go to the API server')),
    }
  }

  #stateChanged(state: InformerState): void {
    const before = this.#state
    this.#state = state
    if (!this.#isRunning) return
    this.#isConnected = state === 'watching' || (state === 'stalled' && this.#isConnected)
    if (state === 'watching' && before !== 'stalled') {
      if (!this.#hasListed) this.#callbacks.connect()
      this.#hasListed = false
    }
    this.#changed()
  }

  #failed(error: KubeInformerError): void {
    const state = this.#state
    const isFault = state === 'retrying' || state === 'forbidden' || state === 'absent'
    if (!this.#isRunning || !isFault || isEnd(error)) return
    const own = this.#listError
    this.#listError = undefined
    // Whoever took it for disconnected is to hear of the next answer.
    this.#hasListed = false
    this.#fault(own === undefined ? withStatusCode(error) : own.error)
  }

  #fault(error: unknown): void {
    if (!this.#isRunning) return
    this.#faults++
    this.#callbacks.fault(error)
    this.#changed()
  }

  #changed(): void {
    for (const look of [...this.#waiting]) look()
  }
}

/** A watch that ended, a version that is gone: life goes on with a watch or a list, as there. */
function isEnd({ code }: KubeInformerError): boolean {
  return code === 'ERR_STREAM_ENDED' || code === 'ERR_VERSION_EXPIRED'
}

/** Programs for client-node look for the HTTP status there. */
function withStatusCode(error: KubeInformerError): KubeInformerError {
  const { status } = error.facts
  return status === undefined ? error : Object.assign(error, { statusCode: status })
}

const engines = new Map<number | undefined, Engine>()

/** Never closed, as informers here never are; its threads end with their last watch. */
function engineOf(threads: number | undefined): Engine {
  const engine =
    engines.get(threads) ?? new Engine(threads === undefined ? {} : { threads }, undefined, 'ended')
  engines.set(threads, engine)
  return engine
}

const brokers = new WeakMap<KubeConfig, Map<string, CredentialsBroker>>()

/**
 * One for all informers of a KubeConfig's context: each of its own would run a credential plugin of its own. Of another
 * server, too: a broker stays with the one it began with.
 */
function brokerOf(kubeconfig: KubeConfig): CredentialsBroker {
  const known = brokers.get(kubeconfig) ?? new Map<string, CredentialsBroker>()
  brokers.set(kubeconfig, known)
  const key = JSON.stringify([kubeconfig.getCurrentContext(), kubeconfig.getCurrentCluster()?.server])
  const broker = known.get(key) ?? createCredentialsBroker(kubeconfig)
  known.set(key, broker)
  return broker
}
