import type { PendingSync } from './base/cache-sync-error.ts'
import type { ErrorCode, KubeInformerError } from './errors.ts'
import type { DeliveryTotals } from './notify/delivery-totals.ts'
import type { ListenerStats } from './notify/registration.ts'
import type { WireError } from './protocol/error-wire.ts'
import type { WatchCounters, WatchState } from './protocol/messages.ts'

/**
 * What an informer is doing: `idle` before its start, then the watch's own state. `relisting` and `retrying` keep
 * serving the cache as it was.
 */
export type InformerState = 'idle' | WatchState

/** Counters and gauges of one informer; counters run from its creation, over restarts of workers. */
export interface InformerStats {
  readonly resource: string
  readonly state: InformerState
  readonly objects: number
  /** Everything up to this version is cached; undefined before the first list, and while listing anew. */
  readonly lastSyncResourceVersion: string | undefined
  /** Worker side; reported twice a second and at the stop: just after a relist, `relists` may still be the number of before. */
  readonly watch: WatchCounters
  readonly workerRestarts: number
  /** Worker thread of the watch that runs, or ran last; 0: the caller's own, -1: none yet. */
  readonly threadId: number
  /** Received on main, not applied yet. */
  readonly pendingBatchBytes: number
  /** Events older than the cache, dropped on main. */
  readonly droppedStale: number
  /** Deletes the watch had missed, found by a later list. */
  readonly foundByList: number
  readonly tombstones: number
  readonly slabBytes: number
  readonly liveBytes: number
  /** Old states held for listeners and snapshots. */
  readonly pinnedBytes: number
  /** Snapshots taken and not disposed of. */
  readonly snapshots: number
  /** Bytes moved by compaction. */
  readonly movedBytes: number
  /** Dictionary epochs alive. */
  readonly epochs: number
  /** Of all registrations there ever were. */
  readonly delivery: DeliveryTotals
  readonly verify: VerifyStats
  readonly listeners: readonly ListenerStats[]
}

/** What all {@link Informer.verify} calls of one informer found; counters. */
export interface VerifyStats {
  /** Calls that came to an end. */
  readonly runs: number
  /** Keys looked at. */
  readonly compared: number
  /** Listed, not cached. */
  readonly missing: number
  /** Cached in an old version. */
  readonly stale: number
  /** Cached, not listed. */
  readonly surplus: number
  /** Of these three, right after a new list. */
  readonly repaired: number
}

/** What all informers of a factory share; counters run from its creation. */
export interface FactoryStats {
  /** Of every informer asked for, started or not. */
  readonly informers: readonly InformerStats[]
  /** Worker threads; 0: the caller's own does everything. */
  readonly threads: number
  /** Of all queues in the workers, and of all batches and objects of your sources on their way; bounded by `memoryBytesMax`. */
  readonly memoryBytes: number
  /** Watches that no thread has taken yet; above 0 only while threads start. */
  readonly queuedWatches: number
  /** Turns of the event loop in which the engine worked on this thread, and for how long. */
  readonly slices: { readonly count: number; readonly busyMs: number; readonly maxMs: number }
}

/**
 * An object that could not be taken in: too large, no valid JSON, without identity. Its last good state stays cached,
 * until its end, which comes with `finalStateUnknown` when that, too, cannot be read.
 */
export interface RefusedObject {
  /** undefined: it could not be read; a new list was asked for. */
  readonly key: string | undefined
  readonly resourceVersion: string
  readonly bytes: number
  readonly error: WireError
}

/** Why the cache is not known to be current. */
export interface Staleness {
  /** The state, where that says it; `silent`: watching, and no byte for longer than `timing.silenceMs`. */
  readonly reason: Exclude<InformerState, 'watching'> | 'silent'
  readonly message: string
  /** Since it last was known to be current, or since it was made; while `silent`, since the last byte. */
  readonly forMs: number
}

/** Fit for a readiness probe and for alerts; what a liveness probe may look at: docs/reliability.md. */
export interface InformerHealth {
  readonly resource: string
  readonly state: InformerState
  readonly hasSynced: boolean
  /**
   * The cache is complete and its watch is alive: open, read, and not silent for `timing.silenceMs` (bookmarks come once a
   * minute; a source of yours may be silent). Watch and thread may still be behind by what is on its way.
   */
  readonly isFresh: boolean
  /** Why not, while it is not. */
  readonly stale?: Staleness
  readonly syncedAtMs?: number
  /** Failed attempts in a row, 0 while healthy. */
  readonly attempt: number
  readonly error?: { readonly code: ErrorCode; readonly message: string }
  /** Since the worker last read a byte, told twice a second; bookmarks come once a minute. */
  readonly lastByteAgeMs?: number
  /**
   * Objects whose newest version is not cached because it was refused; at most 1,000, the newest. Each until a newer
   * version or its end is applied, or a complete list did not have it refused again.
   */
  readonly refused: readonly RefusedObject[]
  readonly refusedTotal: number
  /** What became of the snapshot that it was to begin with; `refused`: a process warning said why. */
  readonly warmStart?: 'loaded' | 'missing' | 'refused'
}

/** What ERR_CACHE_SYNC tells of an informer. `isLate`: its factory had been started before it was asked for. */
export function pendingOf(
  informer: {
    readonly resource: string
    readonly state: InformerState
    readonly lastError: KubeInformerError | undefined
  },
  isLate: boolean,
): PendingSync {
  const { resource, state, lastError } = informer
  const idle = isLate
    ? 'not started: asked for after start(): call factory.start() again'
    : 'not started: call factory.start()'
  const why = state === 'idle' ? idle : lastError?.message
  return { resource, state, ...(why !== undefined && { lastError: why }) }
}
