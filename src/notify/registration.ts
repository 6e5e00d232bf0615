/** Counters and gauges of one registration; counters run from its creation. */
export interface ListenerStats {
  /** Changes waiting. */
  readonly depth: number
  /** Of the records and the bookkeeping of what waits. */
  readonly bytes: number
  /** Of that, old states held only for this listener. */
  readonly pinnedBytes: number
  /**
   * How long the oldest change has been waiting, since its last byte was read; 0: nothing waits. What was dropped with the
   * buffer (`overflow: 'replay'`) waits until the replay is finished.
   */
  readonly oldestAgeMs: number
  /** Async calls that have not settled; of a loop, 1 while it has a change. */
  readonly inProgress: number
  /** Changes handed to a handler, or to nobody where none is given for them. */
  readonly delivered: number
  /** Changes merged away above the buffer's bounds. */
  readonly merged: number
  /** Changes dropped with the buffer, and until the replay began (`overflow: 'replay'`): it tells what they came to. */
  readonly dropped: number
  /** Times that the buffer was dropped (`overflow: 'replay'`). */
  readonly desyncs: number
  /** Updates kept back by `when`: nothing in these subtrees had changed. */
  readonly unchanged: number
  /** Handler calls that threw or rejected, `lag.onChange` among them. */
  readonly errors: number
  /**
   * Time on the main thread in this listener's turns, in handlers above all, by the clock; of async handlers the part
   * before the first await. What runs after one is in no figure: nobody can tell whose it is.
   */
  readonly handlerMs: number
  /** Calls that had not ended when the registration's drain was over. */
  readonly abandoned: number
  readonly hasSynced: boolean
  /** The buffer was dropped, and the replay is not finished. {@link hasSynced} stays true meanwhile. */
  readonly isDesynced: boolean
  /** Objects of the initial list that are not finished. */
  readonly initialPending: number
}

/** A set of handlers on an informer. */
export interface Registration {
  /** The informer's list was complete, and these handlers have finished every object of it (also by failing). */
  hasSynced(): boolean
  /** Resolves once {@link hasSynced}; rejects with ERR_CACHE_SYNC when `signal` aborts first, ERR_CLOSED when removed. */
  waitForSync(options?: { readonly signal?: AbortSignal }): Promise<void>
  stats(): ListenerStats
  /**
   * No handler is called any more, from this moment on. Resolves when the calls in progress have ended, or when their
   * `drainMs` are over; a call that removes its own registration does not wait for itself, nor for others that do. Idempotent.
   */
  remove(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
