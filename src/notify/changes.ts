import type { ListenerOptions, ObjectChange } from './handlers.ts'
import type { ReplayChange, ReplayListenerOptions } from './replay-handlers.ts'

/**
 * Stands among the changes. `synced`: every object of the initial list has been finished (an empty list: there was
 * none). `desynced`: changes were dropped, a replay follows and then `synced` again; never with `overflow: 'coalesce'`.
 */
export type SyncChange = { readonly type: 'synced' } | { readonly type: 'desynced' }

/** What a loop over an informer's `changes()` gets; `type` tells which. */
export type Change<T> = ObjectChange<T> | SyncChange

/** A loop takes one change at a time, so that there is nothing to run at once. */
export type ChangesOptions = Omit<ListenerOptions, 'batchCountMax' | 'concurrency'>

/** {@link ChangesOptions} of a loop that may lose its buffer. */
export type ReplayChangesOptions = Omit<ReplayListenerOptions, 'batchCountMax' | 'concurrency'>

/** What such a loop gets: objects that are not kept are undefined. */
export type ReplayLoopChange<T> = ReplayChange<T> | SyncChange

/**
 * The changes of an informer, for one `for await`: a registration as {@link ListenerOptions} describe it, with a loop
 * in place of handlers. It begins with the first `next()`; before that nothing waits anywhere.
 *
 * A change is finished when the next one is asked for; until then its objects can be read. A loop that is slow, or asks
 * no more, is bounded as a slow handler is, by `buffer`. `break`, `return`, a throw in the loop and {@link return} end
 * the registration; so does `signal`, whose abort makes the loop throw an AbortError (`code: 'ABORT_ERR'`, its `cause`
 * the signal's reason). `stop()` of the informer keeps the loop waiting; `close()` ends it: nothing more comes after what
 * the loop is at, which a close does not wait for (the loop may be what closes). The promise of your own function tells.
 *
 * @example
 * for await (const change of pods.informer.changes({ signal })) {
 *   if (change.type === 'synced') console.log('complete')
 *   else if (change.type !== 'desynced') console.log(change.type, change.key)
 * }
 */
export interface Changes<T, C = Change<T>> extends AsyncIterableIterator<C, undefined, undefined> {
  /** Rejects with ERR_CONCURRENT_NEXT while another call waits: nobody could say which change is finished. */
  next(): Promise<IteratorResult<C, undefined>>
  /** Ends it; a `next()` that waits resolves as done. */
  return(): Promise<IteratorReturnResult<undefined>>
  [Symbol.asyncIterator](): Changes<T, C>
  [Symbol.asyncDispose](): Promise<void>
}
