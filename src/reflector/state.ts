import type { KubeInformerError } from '../errors.ts'
import type { WatchState } from '../protocol/messages.ts'

/**
 * What the reflector is doing. Every state but `idle`, `permit`, `drain`, `backoff` and `credentials` has exactly one
 * request open.
 *
 * ```
 *  idle ─start─▶ permit ─▶ stream ──end bookmark──▶ watch ─┐
 *                  ▲  └──▶ list ─▶ (drain ─▶ list)* ─▶ ┘   │ clean end: watch again, at the last version
 *                  │                                       │ 410 and the like: a new list
 *                  └── backoff ◀── any fault ──────────────┘ twice silent: probe ─▶ watch, or a reset
 *                      credentials: a 401 waits for fresh ones, from anywhere
 * ```
 */
export type StateName =
  | 'idle'
  | 'permit'
  | 'stream'
  | 'list'
  | 'drain'
  | 'watch'
  | 'probe'
  | 'backoff'
  | 'credentials'
  | 'stopped'

/** What a wait (permit, backoff, credentials) goes on with. `page`: the next page of a list that is still open. */
export type Plan = 'list' | 'page' | 'watch' | 'probe'

/** Immutable: every step makes a new one. Times are the runtime's, in ms. */
export interface ReflectorState {
  readonly name: StateName
  readonly plan: Plan
  /** Last version of which everything before was given to the queue; undefined before the first list. */
  readonly version: string | undefined
  /**
   * Highest version anybody behind the sink was told, lists that broke off included: a consistent list below it means
   * that etcd was restored.
   */
  readonly knownVersion: string | undefined
  /** The same when the list in progress began: its own pages may span versions. */
  readonly knownBefore: string | undefined
  readonly hasSynced: boolean
  /** How the next list is made; `list` also after the stream was refused or failed. */
  readonly listMode: 'stream' | 'paged' | 'unpaged'
  /** When a refused or failing stream may be tried again. */
  readonly streamAgainAtMs: number
  readonly streamFailures: number
  /** The next list declares a reset: versions so far mean nothing. */
  readonly reset: boolean
  /** listStart was said, listEnd or listAbort not yet. */
  readonly inBracket: boolean
  readonly holdsPermit: boolean
  readonly continueToken: string
  readonly lowestVersion: string | undefined
  /** Pages of this list, and the token of one of them (Brent's way to find a circle of any length, holding one). */
  readonly pageCount: number
  readonly markedToken: string
  /** Failures of the present page in a row; 410s answered with a fresh token in a row. */
  readonly pageFailures: number
  readonly pageExpiries: number
  /** The watch starts at a version that a paged list gave; its 410 is answered with an unpaged list. */
  readonly isFromPages: boolean
  /** The socket is not read: the queue is at its bound. */
  readonly isStalled: boolean
  readonly stalledAtMs: number
  /** This list was not read for a while: if its stream ends, that was why. */
  readonly hasStalled: boolean
  readonly openedAtMs: number
  /** Last ADDED of a stream; last byte of a watch. */
  readonly progressAtMs: number
  /** Last event or bookmark of a watch: bytes alone are none. */
  readonly newsAtMs: number
  /** This watch gave at least one event or bookmark. */
  readonly hasProgress: boolean
  readonly silentWatches: number
  /** Bookmarks below our version, in a row. */
  readonly staleBookmarks: number
  /** Resumes in a row that ended in ERROR without progress. */
  readonly errorResumes: number
  /** Failed attempts since the last lasting health; see `healthySinceMs`. */
  readonly attempt: number
  /** Since when events or bookmarks come without a fault. */
  readonly healthySinceMs: number | undefined
  /** Fresh credentials were asked for since the last health. */
  readonly didRefresh: boolean
  readonly notFoundSinceMs: number | undefined
  readonly lastError: KubeInformerError | undefined
}

export const initialState: ReflectorState = {
  name: 'idle',
  plan: 'list',
  version: undefined,
  knownVersion: undefined,
  knownBefore: undefined,
  hasSynced: false,
  listMode: 'stream',
  streamAgainAtMs: 0,
  streamFailures: 0,
  reset: false,
  inBracket: false,
  holdsPermit: false,
  continueToken: '',
  lowestVersion: undefined,
  pageCount: 0,
  markedToken: '',
  pageFailures: 0,
  pageExpiries: 0,
  isFromPages: false,
  isStalled: false,
  stalledAtMs: 0,
  hasStalled: false,
  openedAtMs: 0,
  progressAtMs: 0,
  newsAtMs: 0,
  hasProgress: false,
  silentWatches: 0,
  staleBookmarks: 0,
  errorResumes: 0,
  attempt: 0,
  healthySinceMs: undefined,
  didRefresh: false,
  notFoundSinceMs: undefined,
  lastError: undefined,
}

export type ReflectorEvent =
  | {
      readonly type: 'start'
      readonly resumeVersion: string | undefined
      readonly knownVersion: string | undefined
      /** The version is from long ago: one look whether the server has gone back behind it, before the watch. */
      readonly probeFirst?: boolean
    }
  | { readonly type: 'permit' }
  /** Headers of a success. */
  | { readonly type: 'opened' }
  /** A chunk went through all stages. `version`: the highest of its objects; the last one if they cannot be compared. */
  | {
      readonly type: 'chunk'
      readonly added: number
      readonly events: number
      readonly version: string | undefined
    }
  | { readonly type: 'bookmark'; readonly version: string; readonly isEnd: boolean }
  /** An ERROR event in the stream. */
  | { readonly type: 'error'; readonly error: KubeInformerError }
  /** The body ended as HTTP wants it. */
  | { readonly type: 'ended' }
  /** The request failed, or its answer is no success. */
  | { readonly type: 'failed'; readonly error: KubeInformerError }
  | { readonly type: 'page'; readonly version: string; readonly continueToken: string }
  | { readonly type: 'timer' }
  /** The queue reached its bound; came under half of it. */
  | { readonly type: 'full' }
  | { readonly type: 'drained' }
  | { readonly type: 'connection' }
  | { readonly type: 'connectionFailed'; readonly error: KubeInformerError }
  /** Main cannot trust its cache. */
  | { readonly type: 'relist' }
  | { readonly type: 'stop' }

export type EventName = ReflectorEvent['type']

export type Effect =
  | { readonly type: 'open'; readonly request: 'stream' | 'list' | 'watch' | 'probe'; readonly query: Query }
  | { readonly type: 'abort' }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  | { readonly type: 'listStart'; readonly reset: boolean }
  | {
      readonly type: 'listEnd'
      readonly version: string
      /** The newest version that was told, also by what was not in a page: pages may be of different ones. */
      readonly knownVersion: string
    }
  | { readonly type: 'listAbort' }
  | { readonly type: 'watchStart'; readonly version: string }
  | { readonly type: 'bookmark'; readonly version: string }
  | { readonly type: 'timer'; readonly ms: number }
  | { readonly type: 'clearTimer' }
  | { readonly type: 'requestPermit' }
  | { readonly type: 'syncEnded' }
  | { readonly type: 'requestConnection' }
  | {
      readonly type: 'state'
      readonly state: WatchState
      readonly error: KubeInformerError | undefined
      readonly attempt: number
    }
  | {
      readonly type: 'count'
      readonly counter: 'lists' | 'watches' | 'shortWatches' | 'relists' | 'reconnects'
    }

export type Query = Readonly<Record<string, string>>

/** A step's outcome; effects are carried out in order. */
export interface Step {
  readonly state: ReflectorState
  readonly effects: readonly Effect[]
}
