import type { ReflectorTiming } from '../../src/protocol/messages.ts'
import type { Effect, Query, ReflectorState } from './state.ts'

/** What every step may know beside state and event. Randomness and time are inputs: a seed replays a life exactly. */
export interface Inputs {
  readonly nowMs: number
  /** Uniform in [0, 1). */
  readonly random: number
  readonly timing: ReflectorTiming
}

/** A stream that has not ended its list after half an hour is cut by the server; a quiet watch may end sooner. */
const streamTimeoutSeconds = 1800

export function openStream(): Effect {
  return {
    type: 'open',
    request: 'stream',
    query: {
      watch: '1',
      allowWatchBookmarks: 'true',
      sendInitialEvents: 'true',
      resourceVersionMatch: 'NotOlderThan',
      // Empty: as new as etcd is now. A list from an old cache would look like a restored etcd.
      resourceVersion: '',
      timeoutSeconds: String(streamTimeoutSeconds),
    },
  }
}

/** Version and match must not stand beside a continue token. */
export function openList(state: ReflectorState, { timing }: Inputs): Effect {
  const query: Query =
    state.listMode === 'unpaged'
      ? { resourceVersion: '' }
      : state.continueToken === ''
        ? { limit: String(timing.pageSize), resourceVersion: '' }
        : { limit: String(timing.pageSize), continue: state.continueToken }
  return { type: 'open', request: 'list', query }
}

/** The server's time limit is random between once and twice the least, so that watches do not all end together. */
export function openWatch(version: string, { timing, random }: Inputs): Effect {
  const seconds = Math.max(1, Math.round((timing.watchTimeoutMinMs * (1 + random)) / 1000))
  return {
    type: 'open',
    request: 'watch',
    query: {
      watch: '1',
      allowWatchBookmarks: 'true',
      resourceVersion: version,
      timeoutSeconds: String(seconds),
    },
  }
}

export function openProbe(): Effect {
  return { type: 'open', request: 'probe', query: { limit: '1', resourceVersion: '' } }
}

/** Doubling from the base to the most, each time up to twice that by chance; never sooner than the server asked for. */
export function backoffMs(attempt: number, retryAfterMs: number, { timing, random }: Inputs): number {
  const delay = Math.min(
    timing.backoffMaxMs,
    timing.backoffBaseMs * 2 ** Math.min(30, Math.max(0, attempt - 1)),
  )
  return Math.max(delay * (1 + random), retryAfterMs * (1 + random / 10))
}
