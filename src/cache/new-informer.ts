import { checkNames, checkType } from '../base/check-options.ts'
import type { Runtime } from '../base/runtime.ts'
import { unknownOption, wrongType } from '../errors.ts'
import type { Indexers } from '../indexer/index-definition.ts'
import type { ListerWatcher, SourceObject } from '../lister-watcher.ts'
import type { ReflectorTiming } from '../protocol/messages.ts'
import { Controller, failuresOf } from './controller.ts'
import type { DeletedFinalStateUnknown } from './deleted-final-state-unknown.ts'
import { DeltaFIFO } from './delta-fifo.ts'
import type { Delta } from './deltas.ts'
import type { ErrorStage } from './failures.ts'
import { keyIfAny } from './object-keys.ts'
import { newIndexer } from './object-store.ts'
import { checkPeriod, checkSourceOptions, sourceOptionNames } from './source-options.ts'
import type { Indexer } from './store.ts'

/**
 * Callbacks of {@link newInformer}, any of them; called after the store has changed. A promise is waited for before
 * anything else is told. What they throw is reported, and not tried again.
 */
export interface ResourceEventHandlerFuncs<T> {
  /** The store did not have it. `isInInitialList`: it belongs to the first list. */
  onAdd?(object: T, isInInitialList: boolean): unknown
  /** The store had it: something changed, or a list or resync told of it again (then maybe nothing did). */
  onUpdate?(oldObject: T, object: T): unknown
  /** Its last state; a {@link DeletedFinalStateUnknown} if nobody saw the delete. */
  onDelete?(object: T | DeletedFinalStateUnknown<T>): unknown
}

export interface NewInformerOptions<T extends SourceObject> {
  readonly listerWatcher: ListerWatcher<T>
  readonly handler: ResourceEventHandlerFuncs<T>
  /** By name: a path (`'spec.nodeName'`) or a function of the object. */
  readonly indexers?: Indexers<T>
  /** How often all of the store is told as updates without a difference. The source is not asked. 0: never. @default 0 */
  readonly resyncPeriodMs?: number
  /** Called once with each object before anybody else sees it. May change it in place; must leave its name alone. */
  readonly transform?: (object: T) => T
  /** Deep freezes what is stored and handed out, in place. @default false */
  readonly freeze?: boolean
  /**
   * Whatever went wrong: at the source, in an index function, in a callback. What this itself throws is ignored.
   * @default a process warning (KUBE_INFORMER_HANDLER_ERROR, at most one a minute for each callback) for callbacks and
   * index functions; `controller.stats()` counts everything in any case
   */
  readonly onError?: (error: unknown, stage: ErrorStage) => void
  /** Timing of lists, watches and retries; the defaults are client-go's. */
  readonly timing?: Partial<ReflectorTiming>
  /** Clock, timers and randomness. @default Node's */
  readonly runtime?: Runtime
}

const ownNames: readonly string[] = ['handler', 'indexers', 'resyncPeriodMs', 'transform', 'freeze']
const callbackNames = ['onAdd', 'onUpdate', 'onDelete'] as const

function checkInformerOptions<T extends SourceObject>(options: NewInformerOptions<T>): void {
  checkNames('', options, [...sourceOptionNames, ...ownNames])
  checkSourceOptions(options)
  checkHandler(options.handler)
  checkPeriod('resyncPeriodMs', options.resyncPeriodMs)
  checkType('transform', options.transform, 'function')
  checkType('freeze', options.freeze, 'boolean')
}

function checkHandler<T>(handler: ResourceEventHandlerFuncs<T>): void {
  if (typeof handler !== 'object' || handler === null) {
    throw wrongType('handler', handler, `must be an object with any of ${callbackNames.join(', ')}`)
  }
  // A misspelt callback would never be called. Only own keys: an object of a class may have other methods.
  const misspelt = Object.keys(handler).find((name) => /^on[A-Z]/.test(name) && !isCallback(name))
  if (misspelt !== undefined) throw unknownOption(`handler.${misspelt}`, callbackNames)
  for (const name of callbackNames) checkType(`handler.${name}`, handler[name], 'function')
}

function isCallback(name: string): boolean {
  return callbackNames.some((known) => known === name)
}

/**
 * A store, and the controller that fills it from a source while it tells one handler of every change: client-go's
 * `NewInformer`. Runs in the caller's thread over plain objects; for large collections, or several handlers, use a
 * shared informer.
 *
 * Order: changes of one object in order, and each after the store has it. Loss: none; a change that was not seen (while
 * disconnected) is told by its outcome. An object that was deleted and made anew unseen is an update.
 *
 * @example
 * const { store, controller } = newInformer({ listerWatcher, handler: { onAdd: (pod) => console.log(pod.metadata.name) } })
 * const running = controller.run({ signal })
 *
 * @throws ERR_INVALID_OPTION
 */
export function newInformer<T extends SourceObject>(
  options: NewInformerOptions<T>,
): { readonly store: Indexer<T>; readonly controller: Controller<T> } {
  checkInformerOptions(options)
  const { handler, indexers, transform, freeze, resyncPeriodMs, onError, timing, runtime } = options
  const store = newIndexer<T>({
    ...(indexers !== undefined && { indexers }),
    ...(freeze !== undefined && { freeze }),
    onIndexError: (error, { key }) => failuresOf(controller).ofHandler(error, 'index', key),
  })
  const queue = new DeltaFIFO<T>({
    knownObjects: store,
    ...(transform !== undefined && { transform }),
    onRefused: (error) => failuresOf(controller).ofSource(error),
  })
  const controller: Controller<T> = new Controller<T>({
    queue,
    listerWatcher: options.listerWatcher,
    process: async (deltas, isInInitialList, signal) => {
      for (const delta of deltas) {
        if (signal.aborted) return
        let failing = 'store'
        // A callback that fails must not keep the later deltas from the store.
        try {
          const { name, call } = applyDelta(store, handler, delta, isInInitialList)
          failing = name
          const result = call()
          if (result !== undefined) await result
        } catch (error) {
          failuresOf(controller).ofHandler(error, failing, keyIfAny(delta.object))
        }
      }
    },
    ...(resyncPeriodMs !== undefined && { fullResyncPeriodMs: resyncPeriodMs }),
    ...(timing !== undefined && { timing }),
    ...(runtime !== undefined && { runtime }),
    ...(onError !== undefined && { onError }),
  })
  return { store, controller }
}

/**
 * Writes to the store; gives the callback that is to hear of it. Only the store says what is new and what is not: an
 * Added may be of a known object, an Updated of an unknown one.
 */
function applyDelta<T>(
  store: Indexer<T>,
  handler: ResourceEventHandlerFuncs<T>,
  delta: Delta<T>,
  isInInitialList: boolean,
): { readonly name: keyof ResourceEventHandlerFuncs<T>; readonly call: () => unknown } {
  if (delta.type === 'Deleted') {
    store.delete(delta.object)
    return { name: 'onDelete', call: () => handler.onDelete?.(delta.object) }
  }
  const { object } = delta
  const old = store.get(object)
  if (old === undefined) {
    store.add(object)
    return { name: 'onAdd', call: () => handler.onAdd?.(object, isInInitialList) }
  }
  store.update(object)
  return { name: 'onUpdate', call: () => handler.onUpdate?.(old, object) }
}
