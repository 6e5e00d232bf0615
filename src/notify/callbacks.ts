import type { HandlerName } from './handler-error.ts'
import type { ChangeFacts, ResourceEventHandlers } from './handlers.ts'

/** Any of the events, as the listener makes them. */
export interface AnyEvent extends ChangeFacts {
  readonly type: 'add' | 'update' | 'delete'
  readonly finalStateUnknown: boolean
  readonly object: unknown
  readonly oldObject?: unknown
}

/** A user's handlers, bound, by the kind of change. */
export interface Callbacks {
  readonly add: ((event: AnyEvent) => unknown) | undefined
  readonly update: ((event: AnyEvent) => unknown) | undefined
  readonly delete: ((event: AnyEvent) => unknown) | undefined
  /** Instead of those three: many at once. */
  readonly changes: ((events: readonly AnyEvent[]) => unknown) | undefined
  readonly synced: (() => unknown) | undefined
  readonly desynced: (() => unknown) | undefined
  /** One of them is an async function. A plain function that returns a promise shows only when called. */
  readonly isAsync: boolean
}

export const handlerNames: Readonly<Record<'add' | 'update' | 'delete', HandlerName>> = {
  add: 'onAdd',
  update: 'onUpdate',
  delete: 'onDelete',
}

interface AnyHandlers {
  onAdd?(event: AnyEvent): unknown
  onUpdate?(event: AnyEvent): unknown
  onDelete?(event: AnyEvent): unknown
  onChanges?(events: readonly AnyEvent[]): unknown
  onSynced?(): unknown
  onDesynced?(): unknown
}

/** Read once: handlers changed later are not seen. */
export function callbacksOf(handlers: ResourceEventHandlers<unknown>): Callbacks {
  // Whatever their T, and of whichever kind.
  const { onAdd, onUpdate, onDelete, onChanges, onSynced, onDesynced } = handlers as object as AnyHandlers
  return {
    add: onAdd?.bind(handlers),
    update: onUpdate?.bind(handlers),
    delete: onDelete?.bind(handlers),
    changes: onChanges?.bind(handlers),
    synced: onSynced?.bind(handlers),
    desynced: onDesynced?.bind(handlers),
    isAsync: [onAdd, onUpdate, onDelete, onChanges].some(isAsyncFunction),
  }
}

const markedAsync = new WeakSet<object>()

/** Of a plain function that may give the promise of an asynchronous one. */
export function markAsync(callback: object): void {
  markedAsync.add(callback)
}

/** A mark stays on it. */
export function boundCallback<C extends (...args: never[]) => unknown>(callback: C, handlers: object): C {
  const bound = callback.bind(handlers) as C
  if (markedAsync.has(callback)) markAsync(bound)
  return bound
}

function isAsyncFunction(value: unknown): boolean {
  if (typeof value === 'function' && markedAsync.has(value)) return true
  return Object.prototype.toString.call(value) === '[object AsyncFunction]'
}
