import { checkFunction, checkNames } from '../base/check-options.ts'
import { KeyMap } from '../base/key-map.ts'
import { isThenable } from '../base/thenable.ts'
import { invalidOption, wrongType } from '../errors.ts'
import { type AnyEvent, callbacksOf, markAsync } from './callbacks.ts'
import type { DeepReadonly, ObjectHandlers, ResourceEventHandlers } from './handlers.ts'
import { checkHandlers } from './listener-limits.ts'
import { TransitionEvent } from './transition-event.ts'

export interface FilteringOptions<T> {
  /** Whether `handler` is told of an object in this state. A throw is this object's error; what `handler` was told stays. */
  readonly filter: (object: DeepReadonly<T>) => boolean
  /** With `onDesynced` for a registration with `overflow: 'replay'`. */
  readonly handler: ObjectHandlers<T> & { onDesynced?(): unknown }
}

/**
 * client-go's FilteringResourceEventHandler: handlers that see only the objects that `filter` accepts. An object that
 * comes to be accepted is an add to them, one that no longer is a delete (`object`: its state before, which may be
 * undefined after an overflow with `'replay'`; `finalStateUnknown: false`).
 *
 * What passed is remembered by key, for each registration: `filter` is asked about new states only, it may change its
 * mind, and merged, filtered (`when`) or replayed changes lead to no call too many or too few. That costs a map entry
 * for each accepted object. The filter reads the object, so every add and update is unpacked; to leave updates out that
 * change nothing of interest, add `when`, to watch less in the first place, `select()`.
 *
 * @throws ERR_INVALID_OPTION
 * @example
 * pods.informer.addEventHandler(
 *   filteringResourceEventHandler({
 *     filter: (pod) => pod.status?.phase === 'Failed',
 *     handler: { onAdd: ({ key }) => console.log(key, 'failed'), onDelete: ({ key }) => console.log(key, 'recovered') },
 *   }),
 * )
 */
export function filteringResourceEventHandler<T>(options: FilteringOptions<T>): ObjectHandlers<T> {
  checkNames('', options, ['filter', 'handler'])
  const { filter, handler } = options
  checkFunction('filter', filter)
  checkHandlers(handler)
  const inner = callbacksOf(handler as unknown as ResourceEventHandlers<unknown>)
  if (inner.add === undefined && inner.update === undefined && inner.delete === undefined) {
    throw invalidOption('handler', 'an object without any of them', 'must have onAdd, onUpdate or onDelete')
  }
  const accepts = (object: unknown): boolean => {
    const result: unknown = (filter as (object: unknown) => unknown)(object)
    if (!isThenable(result)) return Boolean(result)
    // Taken for a yes, it would let everything pass; and its rejection would end the process.
    result.then(undefined, () => {})
    throw wrongType('filter', result, 'must answer at once, not with a promise')
  }
  // By the signal, which is a registration's own: the same handlers may be registered with several informers.
  const passed = new WeakMap<AbortSignal, KeyMap<true>>()
  const keysOf = ({ signal }: AnyEvent): KeyMap<true> => {
    let keys = passed.get(signal)
    if (keys === undefined) passed.set(signal, (keys = new KeyMap<true>()))
    return keys
  }
  const upsert = (event: AnyEvent): unknown => {
    const keys = keysOf(event)
    const { key } = event
    const isIn = accepts(event.object)
    const wasIn = keys.get(key) === true
    if (isIn && !wasIn) {
      keys.set(key, true)
      return inner.add?.(event.type === 'add' ? event : new TransitionEvent('add', event))
    }
    if (!isIn && wasIn) {
      keys.delete(key)
      return inner.delete?.(new TransitionEvent('delete', event))
    }
    return isIn ? inner.update?.(event) : undefined
  }
  const remove = (event: AnyEvent): unknown => {
    const keys = keysOf(event)
    if (keys.get(event.key) !== true) return undefined
    keys.delete(event.key)
    return inner.delete?.(event)
  }
  if (inner.isAsync) for (const callback of [upsert, remove]) markAsync(callback)
  return {
    onAdd: upsert,
    onUpdate: upsert,
    onDelete: remove,
    ...(inner.synced && { onSynced: inner.synced }),
    ...(inner.desynced && { onDesynced: inner.desynced }),
  } as ObjectHandlers<T>
}
