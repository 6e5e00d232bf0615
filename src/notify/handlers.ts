import type { JsonValue } from '../kubernetes-object.ts'
import type { ChangeCause } from './change-sink.ts'
import type { HandlerErrorContext } from './handler-error.ts'
import type { LagOptions } from './lag-signal.ts'

/** What handlers get is frozen all the way down; this says so to the compiler. */
export type DeepReadonly<T> = [JsonValue] extends [T]
  ? // Already readonly and without an end: followed down, it would make every comparison of types endless.
    T
  : T extends (...args: never[]) => unknown
    ? T
    : T extends object
      ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
      : T

/** What all three kinds of events have. Every field but the objects is cheap, and stays readable for ever. */
export interface ChangeFacts {
  /** `namespace/name`, or `name` for a cluster-scoped object. */
  readonly key: string
  readonly namespace: string | undefined
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  /**
   * - `list`: found by a list, the initial one or a later one;
   * - `watch`: a live event;
   * - `resync`: nothing changed, see {@link ListenerOptions.resyncPeriodMs};
   * - `replay`: was cached already when this listener was added, or was found by comparing after a desync.
   */
  readonly cause: ChangeCause
  /** The object belongs to what this listener must have finished before it counts as synced. */
  readonly isInInitialList: boolean
  /** When the worker read the change's last byte (milliseconds of the runtime's clock); 0: it was found by comparing. */
  readonly receivedAtMs: number
  /** Aborts when the registration is removed, or its informer or factory closed. */
  readonly signal: AbortSignal
}

/**
 * An object the handler has not heard of before, or heard of being deleted.
 *
 * `object` is made when it is first read, and only until the handler's call has ended (for an async one: its promise
 * has settled); what was read before stays. Reading it for the first time later throws ERR_EVENT_EXPIRED.
 * Destructuring reads.
 */
export interface AddEvent<T> extends ChangeFacts {
  readonly type: 'add'
  readonly finalStateUnknown: false
  /** Deep frozen, shared with other handlers. Never mutated later: a new state is a new object. */
  readonly object: DeepReadonly<T>
}

/** A newer state of an object (the same uid). Reading: see {@link AddEvent}. */
export interface UpdateEvent<T> extends ChangeFacts {
  readonly type: 'update'
  readonly finalStateUnknown: false
  readonly object: DeepReadonly<T>
  /** What this handler was told last; states between that were merged are skipped. The same object in a resync. */
  readonly oldObject: DeepReadonly<T>
}

/** An object is gone, or was replaced by another one of the same name (whose add follows). Reading: see {@link AddEvent}. */
export interface DeleteEvent<T> extends ChangeFacts {
  readonly type: 'delete'
  /**
   * false: `object` is the state in which the server deleted it. true: nobody saw the delete, only that the object is
   * gone; `object` is the last state known.
   */
  readonly finalStateUnknown: boolean
  readonly object: DeepReadonly<T>
}

/** Any change of an object. */
export type ObjectChange<T> = AddEvent<T> | UpdateEvent<T> | DeleteEvent<T>

/**
 * The callbacks of one registration, any of them. Those left out cost nothing.
 *
 * For one object: calls come one at a time (the next one after the promise of an async handler settled) and in order;
 * add first, delete only after add, never two adds without a delete between. States may be merged when the handler is
 * slower than the changes; the last one always comes. A throw or a rejection is reported and counted, and harms
 * neither this registration nor another.
 */
export interface ObjectHandlers<T> extends SyncHandlers {
  onAdd?(event: AddEvent<T>): unknown
  onUpdate?(event: UpdateEvent<T>): unknown
  onDelete?(event: DeleteEvent<T>): unknown
  onChanges?: undefined
}

/**
 * One callback for all changes, for those who write on to a database, a socket, an index: one call is given everything
 * that waits, oldest first, at most `batchCountMax` changes. Of one object it may hold several, in order.
 *
 * What {@link ObjectHandlers} promise of a call holds for the batch: the next one comes when it has ended (with
 * `concurrency`, others of other objects may run beside it); its changes are finished, and their unread objects expire,
 * when it ends; a throw or a rejection counts as one error, with an empty key, and the batch is not given again.
 *
 * @example
 * pods.informer.addEventHandler({
 *   async onChanges(changes) {
 *     await database.write(changes.map(({ type, key, object }) => ({ type, key, node: object.spec?.nodeName })))
 *   },
 * })
 */
export interface BatchHandlers<T> extends SyncHandlers {
  onChanges(changes: readonly ObjectChange<T>[]): unknown
  onAdd?: undefined
  onUpdate?: undefined
  onDelete?: undefined
}

/** Either kind; both at once is ERR_INVALID_OPTION. */
export type ResourceEventHandlers<T> = ObjectHandlers<T> | BatchHandlers<T>

/** Beside both kinds of handlers. */
export interface SyncHandlers {
  /** Once: every object of the initial list has been finished. With `overflow: 'replay'` after each desync, too. */
  onSynced?(): unknown
}

/** How much may wait for a handler. */
export interface BufferOptions {
  /** Changes kept one by one. @default 10,000 */
  readonly countMax?: number
  /** Bytes of records kept for them, old states included. @default 16 MiB */
  readonly bytesMax?: number
  /**
   * Above a bound: `'coalesce'` keeps the net change of each object, so that no more waits than one change per object
   * that is cached or that the handler was told of. Below both bounds every change is kept again.
   *
   * `'replay'`: see {@link ReplayBufferOptions}. `'backpressure'` merges nothing: from when the buffer is full until it is
   * under half, nothing more is taken from the worker. Its queue merges instead, and the cache stands still with it. For
   * the one registration of a private informer only (`pods.select({ private: true })`), elsewhere refused.
   * @default 'coalesce'
   */
  readonly overflow?: 'coalesce' | 'backpressure'
}

/** How one registration is served; its pace and bounds are its own. */
export interface ListenerOptions {
  readonly buffer?: BufferOptions
  /** Async handler calls that may run at once; calls for one object never overlap. @default 1 */
  readonly concurrency?: number
  /** Of `onChanges`: changes in one call, at most; it ends earlier at `buffer.bytesMax` of records. @default 1,000 */
  readonly batchCountMax?: number
  /**
   * Tells of every cached object again at this interval, as an update without a difference. Local: the server is not
   * asked, a missed event is not found. Live changes go first. 0: never. @default 0
   */
  readonly resyncPeriodMs?: number
  /**
   * Subtrees whose changes matter, by path: an update that changes none of them is neither unpacked nor kept nor
   * delivered, but counted (`stats().unchanged`). Adds, deletes and resyncs always come; an update that changed nothing
   * may, now and then, such as once per object after a worker thread was replaced.
   *
   * `oldObject` is the state that the cache held just before; in these subtrees it equals what the handler was told
   * last, elsewhere it may be newer. So may the cache be than `object`.
   *
   * Given before the informer's first start, the worker compares hashes; later, both states are unpacked for each
   * update. A hash is of the bytes that the server sent: also what `dropFields` leaves out of a subtree counts.
   * @default every update
   * @example
   * { when: ['spec', 'metadata.labels'] }
   */
  readonly when?: readonly string[]
  /** Tells when changes wait too long for this handler, and when they no longer do. */
  readonly lag?: LagOptions
  /** A handler of this registration threw or rejected; called for every one, instead of the factory's. */
  readonly onHandlerError?: (error: unknown, context: HandlerErrorContext) => void
  /** Removes the registration when it aborts. */
  readonly signal?: AbortSignal
}
