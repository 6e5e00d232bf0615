import type {
  AddEvent,
  BatchHandlers,
  BufferOptions,
  DeepReadonly,
  DeleteEvent,
  ListenerOptions,
  ObjectHandlers,
  UpdateEvent,
} from './handlers.ts'

/** An {@link UpdateEvent} of a listener that may lose its buffer. */
export interface ReplayUpdateEvent<T> extends Omit<UpdateEvent<T>, 'oldObject'> {
  /** undefined if the change is of a replay after a desync: what this handler was told last is not kept. */
  readonly oldObject: DeepReadonly<T> | undefined
}

/** A {@link DeleteEvent} of a listener that may lose its buffer. */
export interface ReplayDeleteEvent<T> extends Omit<DeleteEvent<T>, 'object'> {
  /** undefined if the change is of a replay after a desync: `uid` and `resourceVersion` are of what was told last. */
  readonly object: DeepReadonly<T> | undefined
}

/**
 * The callbacks of a registration with `overflow: 'replay'`: {@link ObjectHandlers}, save that `oldObject` and
 * the object of a delete may be undefined.
 *
 * When the buffer overflows, `onDesynced` is called, at once and also while other calls are in progress. Then each
 * object of which changes were lost is compared with what was handed to these handlers (when a call starts, its state
 * counts as handed): gone → `onDelete` with `finalStateUnknown`; another uid → `onDelete`, `onAdd`; changed →
 * `onUpdate`; not handed → `onAdd`; all with `cause: 'replay'`. Live changes of other objects come between. When all of
 * it is finished, `onSynced` is called (again). Another overflow before that shows in `stats().desyncs` alone, as does one
 * before the first `onSynced`: of a first list above the bounds nothing is lost that these handlers knew.
 */
export interface ReplayObjectHandlers<T> extends Omit<ObjectHandlers<T>, 'onUpdate' | 'onDelete'> {
  /** Changes were dropped; a replay follows, then `onSynced` again. Never before the first `onSynced`. */
  onDesynced?(): unknown
  onUpdate?(event: ReplayUpdateEvent<T>): unknown
  onDelete?(event: ReplayDeleteEvent<T>): unknown
}

/** A change as a listener is told of it that may lose its buffer. */
export type ReplayChange<T> = AddEvent<T> | ReplayUpdateEvent<T> | ReplayDeleteEvent<T>

/** {@link BatchHandlers} of such a registration. */
export interface ReplayBatchHandlers<T> extends Omit<BatchHandlers<T>, 'onChanges'> {
  onChanges(changes: readonly ReplayChange<T>[]): unknown
  /** As of {@link ReplayObjectHandlers}. */
  onDesynced?(): unknown
}

/** Either kind; both at once is ERR_INVALID_OPTION. */
export type ReplayEventHandlers<T> = ReplayObjectHandlers<T> | ReplayBatchHandlers<T>

/** {@link BufferOptions} of a listener that rather loses its buffer than has changes merged in it. */
export interface ReplayBufferOptions extends Omit<BufferOptions, 'overflow'> {
  /** See {@link ReplayEventHandlers}. Beside keys only uid and version of what was handed are kept: no object is held. */
  readonly overflow: 'replay'
}

/** {@link ListenerOptions} for {@link ReplayEventHandlers}. */
export interface ReplayListenerOptions extends Omit<ListenerOptions, 'buffer'> {
  readonly buffer: ReplayBufferOptions
}

export type AnyListenerOptions = ListenerOptions | ReplayListenerOptions
