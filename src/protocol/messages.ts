import type { Column } from './column.ts'
import type { WireError } from './error-wire.ts'

/** Every message between the main thread and a watch, both directions, in this file. */

/** In lower case. Of several values each becomes a header of its own: joined by commas they would be one group to Kubernetes. */
export type RequestHeaders = Readonly<Record<string, string | string[]>>

/** How to reach the server: plain data, so that a worker needs neither client-node nor files. */
export interface ConnectionMaterial {
  /** Base URL, no trailing slash, path prefix allowed. */
  readonly server: string
  /** http, https, socks5 or socks5h; user and password may stand in it. Absent: none. */
  readonly proxyUrl?: string
  readonly headers: RequestHeaders
  readonly tls?: {
    readonly ca?: string
    readonly cert?: string
    readonly key?: string
    readonly servername?: string
    readonly rejectUnauthorized?: boolean
  }
}

/** Of which answers the server may send gzip: none, lists (in pages or streamed), or watches, too. */
export type Compression = 'none' | 'lists' | 'all'

export interface FieldSelection {
  /** Dotted paths left out of records, e.g. `metadata.managedFields`. Excludes `keep`. */
  readonly drop?: readonly string[]
  /** Dotted paths kept; identity and labels always are. Excludes `drop`. */
  readonly keep?: readonly string[]
  /** The server is asked for metadata alone, and nothing else is kept should it send more. */
  readonly metadataOnly?: boolean
}

export interface WatchBounds {
  readonly frameBytesMax: number
  readonly queueBytesMax: number
  readonly inFlightBytesMax: number
}

/** When the reflector gives up, tries again or looks anew. Tests shorten it; users rarely touch it. */
export interface ReflectorTiming {
  /** A connection without a byte for so long is given up; bookmarks come once a minute. @default 70,000 */
  readonly silenceMs: number
  /** The first wait after a failure; doubled by each further one, with jitter. @default 800 */
  readonly backoffBaseMs: number
  /** The longest wait between two attempts, save where the server asks for more. @default 30,000 */
  readonly backoffMaxMs: number
  /** A watch that was well for so long begins with the first wait again. @default 120,000 */
  readonly backoffResetMs: number
  /** The server is asked to end each watch after this to twice this, at random. @default 300,000 */
  readonly watchTimeoutMinMs: number
  /** A streamed list without a new object for so long is given up for a paged one. @default 30,000 */
  readonly watchListProgressMs: number
  /** So is one that takes longer than this in all; a page that does is asked for again. @default 600,000 */
  readonly watchListTotalMs: number
  /** A resource that is not found for so long, after it was there, counts as removed with its objects. @default 30,000 */
  readonly absentAfterMs: number
  /** Objects per page of a paged list. @default 500 */
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
  /** The version to resume at is another process's: look first whether etcd was restored since. */
  readonly probeFirst?: boolean
  /** First list generation this watch may use: above every generation main has seen. */
  readonly firstGeneration: number
  readonly fields: FieldSelection
  /** URL of the module whose default export every object goes through, before its fields are selected. */
  readonly transform?: string
  /** What stands in the tail of each record, in this order. */
  readonly columns: readonly Column[]
  readonly bounds: WatchBounds
  readonly timing: ReflectorTiming
  /** What main answers from a user's functions: everything, or lists alone. Absent: the API server answers all. */
  readonly source?: 'all' | 'lists'
  readonly compression: Compression
  /** One list, by pages; then nothing is asked for any more, and the watch waits to be stopped. */
  readonly listOnly?: boolean
  /** Unused where main answers everything. */
  readonly connection: ConnectionMaterial
  /** Shared by all watches of an engine, see memory-budget.ts. */
  readonly memory: {
    readonly shared: SharedArrayBuffer
    readonly slot: number
    readonly bytesMax: number
  }
}

/** What a watch is doing. */
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
  /** Answer to each `refused`. */
  | { readonly type: 'refused-seen' }
  /** Answer to `sync-request`: this watch may start its list. */
  | { readonly type: 'sync-permit' }
  /** Forces a new list: an object without a readable key was refused, it may be any. */
  | { readonly type: 'relist' }
  | { readonly type: 'stop' }
  | FromSource

/** Requests that main answers from a user's functions. `id` is unique in one run of a watch. */
export type ToSource =
  | {
      readonly type: 'source-open'
      readonly id: number
      readonly request: SourceRequestKind
      /** As it would stand in a URL. */
      readonly query: string
    }
  /** So many bytes were read, so many more may come. A reader that pauses keeps them back. */
  | { readonly type: 'source-credit'; readonly id: number; readonly bytes: number }
  | { readonly type: 'source-abort'; readonly id: number }

/** `probe`: a list of which only the version counts. */
export type SourceRequestKind = 'list' | 'probe' | 'watch'

/** The answers: the bytes that an API server would send. */
export type FromSource =
  /** The source took the request; the first data says it as well. */
  | { readonly type: 'source-opened'; readonly id: number }
  | { readonly type: 'source-data'; readonly id: number; readonly bytes: Uint8Array<ArrayBuffer> }
  /** An object has no JSON. `identity`: an object with as much of its metadata as could be read. */
  | {
      readonly type: 'source-refused'
      readonly id: number
      readonly error: WireError
      readonly identity: string
    }
  | { readonly type: 'source-end'; readonly id: number }
  | { readonly type: 'source-error'; readonly id: number; readonly error: WireError }

/** What a watch did and holds, in its worker. */
export interface WatchCounters {
  /** Of answers' bodies, unpacked. */
  bytesRead: number
  /** The same as they came over the wire: fewer where they were compressed. */
  wireBytesRead: number
  /** Worker's time with what came: cutting it into objects, transcoding, merging. */
  transcodeMs: number
  /** Objects taken in, those of lists included. */
  events: number
  bookmarks: number
  /** Lists begun, streamed or paged, those that broke off included. */
  lists: number
  /** Watches begun; the rest of a streamed list is one. */
  watches: number
  /** Watches that ended within a second without an event or bookmark. */
  shortWatches: number
  /** Lists begun after the first one was complete. */
  relists: number
  /** Watches that ended in any way but a stop. */
  reconnects: number
  /** Events that replaced one of the same object which had not left the queue. */
  merged: number
  /** Events that were older than what had been seen. */
  droppedStale: number
  /** Objects that could not be taken in. */
  refused: number
  /** Objects in the queue, and its bytes now and at most. */
  queueCount: number
  queueBytes: number
  queueBytesPeak: number
  /** Sent to main and not applied there; above its bound by at most one batch. */
  inFlightBytes: number
  /** When the last byte was read, ms since the epoch; 0: none yet. */
  lastByteAtMs: number
}

/** What the reflector began or ended. `error`: why, where a fault was the reason. */
export type ReflectorNote<E = WireError> = (
  | {
      readonly type: 'list-start'
      readonly mode: 'stream' | 'paged' | 'unpaged'
      /** Not the first one. */
      readonly isRelist: boolean
      /** Versions went back: those so far mean nothing any more. */
      readonly isReset: boolean
    }
  | { readonly type: 'list-end'; readonly isComplete: boolean }
  | { readonly type: 'watch-start'; readonly resourceVersion: string }
  | { readonly type: 'watch-end' }
) & { readonly error?: E }

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
  /** One list or watch failed, or (attempt 0) what a transform left behind. States tell what it led to, and may be the same for many failures. */
  | { readonly type: 'failed'; readonly error: WireError; readonly attempt: number }
  /**
   * The server did not accept the credentials; the answer is `connection` or `connection-failed`. `connections`: how many
   * had come when the request was made; if there were more since, it was sent with old ones.
   */
  | { readonly type: 'connection-request'; readonly connections: number }
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
  /** For logs and diagnostics channels: nothing depends on it. */
  | { readonly type: 'note'; readonly note: ReflectorNote }
  | { readonly type: 'counters'; readonly counters: WatchCounters }
  | { readonly type: 'stopped'; readonly counters: WatchCounters }
  | ToSource
