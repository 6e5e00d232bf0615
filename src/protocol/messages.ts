import type { WireError } from './error-wire.ts'

/** Every message between the main thread and a watch, both directions, in this file. */

/** How to reach the server: plain data, so that a worker needs neither client-node nor files. */
export interface ConnectionMaterial {
  /** Base URL, no trailing slash, path prefix allowed. */
  readonly server: string
  readonly headers: Readonly<Record<string, string>>
  readonly tls?: {
    readonly ca?: string
    readonly cert?: string
    readonly key?: string
    readonly servername?: string
    readonly rejectUnauthorized?: boolean
  }
}

export interface FieldSelection {
  /** Dotted paths left out of records, e.g. `metadata.managedFields`. Excludes `keep`. */
  readonly drop?: readonly string[]
  /** Dotted paths kept; identity and labels always are. Excludes `drop`. */
  readonly keep?: readonly string[]
}

export interface WatchBounds {
  readonly frameBytesMax: number
  readonly queueBytesMax: number
  readonly inFlightBytesMax: number
}

/** When the reflector gives up, tries again or looks anew. Tests shorten it; users rarely touch it. */
export interface ReflectorTiming {
  readonly silenceMs: number
  readonly backoffBaseMs: number
  readonly backoffMaxMs: number
  readonly backoffResetMs: number
  readonly watchTimeoutMinMs: number
  readonly watchListProgressMs: number
  readonly watchListTotalMs: number
  readonly absentAfterMs: number
  readonly pageSize: number
}

export interface WatchSpec {
  /** Names this watch among its predecessors; in every batch. */
  readonly incarnation: number
  /** Path of the collection, e.g. `/api/v1/namespaces/default/pods`. */
  readonly path: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  /** Resume here without a list; absent: start with a list. The text of a server version, never arithmetic on it. */
  readonly resumeVersion?: string
  /** Highest version main was told of: a consistent list below it means that etcd was restored. */
  readonly knownVersion?: string
  /** First list generation this watch may use: above every generation main has seen. */
  readonly firstGeneration: number
  readonly fields: FieldSelection
  /** Paths whose values stand in the record header, in this order. */
  readonly columns: readonly string[]
  readonly bounds: WatchBounds
  readonly timing: ReflectorTiming
  readonly connection: ConnectionMaterial
  /** Shared by all watches of an engine, see memory-budget.ts. */
  readonly memory: {
    readonly shared: SharedArrayBuffer
    readonly slot: number
    readonly bytesMax: number
  }
}

export type WatchState =
  | 'connecting' // nothing received yet
  | 'waiting' // for a permit: too many initial lists at once
  | 'syncing' // initial list
  | 'watching' // live
  | 'relisting' // a later list; the cache keeps serving
  | 'stalled' // a queue at its bound: the socket is not read
  | 'retrying' // after a fault, backing off
  | 'forbidden'
  | 'absent'
  | 'stopped'

export type ToWatch =
  /** `bytes` of batches are applied; small buffers come back for reuse. */
  | { readonly type: 'credit'; readonly bytes: number; readonly buffers: ArrayBuffer[] }
  | { readonly type: 'connection'; readonly connection: ConnectionMaterial }
  | { readonly type: 'connection-failed'; readonly error: WireError }
  /** Answer to `sync-request`: this watch may start its list. */
  | { readonly type: 'sync-permit' }
  /** Forces a new list: an object without a readable key was refused, it may be any. */
  | { readonly type: 'relist' }
  | { readonly type: 'stop' }

export interface WatchCounters {
  bytesRead: number
  events: number
  bookmarks: number
  lists: number
  watches: number
  relists: number
  reconnects: number
  merged: number
  droppedStale: number
  refused: number
  queueCount: number
  queueBytes: number
  queueBytesPeak: number
  credit: number
  lastByteAtMs: number
}

export type FromWatch =
  | { readonly type: 'started'; readonly incarnation: number; readonly threadId: number }
  | { readonly type: 'batch'; readonly incarnation: number; readonly buffer: ArrayBuffer }
  | {
      readonly type: 'state'
      readonly state: WatchState
      readonly error?: WireError
      /** Attempts since the last health, 0 while healthy. */
      readonly attempt: number
    }
  /** The server did not accept the credentials; the answer is `connection` or `connection-failed`. */
  | { readonly type: 'connection-request' }
  | { readonly type: 'sync-request' }
  | { readonly type: 'sync-end' }
  | {
      readonly type: 'refused'
      readonly key: string | undefined
      readonly resourceVersion: string
      readonly bytes: number
      readonly error: WireError
      /** Of the list in which it came, or which came before it. */
      readonly generation: number
    }
  | { readonly type: 'counters'; readonly counters: WatchCounters }
  | { readonly type: 'stopped'; readonly counters: WatchCounters }
