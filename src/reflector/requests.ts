import type { ReflectorTiming } from '../protocol/messages.ts'
import type { Effect, Query, ReflectorState } from './state.ts'

/** What every step may know beside state and event. Randomness and time are inputs: a seed replays a life exactly. */
export interface Inputs {
  readonly nowMs: number
  /** Uniform in [0, 1). */
  readonly random: number
  readonly timing: ReflectorTiming
}

/** The list must fit into it, however large: a stream that is cut before its end begins again from nothing. */
const streamTimeoutSecondsMin = 1800
/** A server that asks for more patience than this is asked again anyway; whatever its answer says, this is the one bound. */
const retryAfterMsMax = 5 * 60_000

export function openStream({ random }: Inputs): Effect {
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
      timeoutSeconds: String(Math.round(streamTimeoutSecondsMin * (1 + random))),
    },
  }
}

/** Version and match must not stand beside a continue token. */
export function openList(state: ReflectorState, { timing }: Inputs): Effect {
  // A source may give pages without being asked for them: the next one is had by its token, however the list began.
  const query: Query =
    state.continueToken !== ''
      ? { limit: String(timing.pageSize), continue: state.continueToken }
      : state.listMode === 'unpaged'
        ? { resourceVersion: '' }
        : { limit: String(timing.pageSize), resourceVersion: '' }
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

/**
 * Doubling from the base, each time up to twice that by chance, at most `backoffMaxMs` (by chance up to a quarter less,
 * so that many watches do not come back together); never sooner than the server asked for.
 */
export function backoffMs(attempt: number, retryAfterMs: number, { timing, random }: Inputs): number {
  const doubled = timing.backoffBaseMs * 2 ** Math.min(30, Math.max(0, attempt - 1)) * (1 + random)
  const delay = Math.min(doubled, timing.backoffMaxMs * (0.75 + random / 4))
  return Math.max(delay, Math.min(retryAfterMs, retryAfterMsMax) * (1 + random / 10))
}
