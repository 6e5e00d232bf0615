import type { ErrorCode, KubeInformerError } from '../../src/errors.ts'
import type { WatchState } from '../../src/protocol/messages.ts'
import { isComparable, parseResourceVersion } from '../../src/protocol/resource-version.ts'
import { backoffMs, type Inputs, openList, openProbe, openStream, openWatch } from './requests.ts'
import type { Effect, Plan, ReflectorState, StateName, Step } from './state.ts'

/** Steps that several transitions share. Each gives the next state and what to do, and does nothing itself. */

/** A stream that was refused or failed is tried again after so long. */
const streamAgainMs = 30 * 60_000
/** A watch that ends sooner than this without an event is a fault, or it would be opened in a tight loop. */
export const shortWatchMs = 1_000
const streamFailuresMax = 2
const errorResumesMax = 3

export function step(state: ReflectorState, ...effects: Effect[]): Step {
  return { state, effects }
}

export function stay(state: ReflectorState): Step {
  return { state, effects: [] }
}

function enter(
  state: ReflectorState,
  name: StateName,
  changes: Partial<ReflectorState> = {},
): ReflectorState {
  return { ...state, ...changes, name }
}

export function tell(state: WatchState, error?: KubeInformerError, attempt = 0): Effect {
  return { type: 'state', state, error, attempt }
}

/** Before an initial list or a later one: not too many at once. */
export function askPermit(state: ReflectorState): Step {
  const next = enter(state, 'permit', { plan: 'list', isStalled: false })
  if (state.holdsPermit) return step(next, { type: 'requestPermit' })
  return step(next, tell(state.hasSynced ? 'relisting' : 'waiting'), { type: 'requestPermit' })
}

export function startList(state: ReflectorState, inputs: Inputs): Step {
  // A reset must be one consistent list, and an old stream may be the very reason for it.
  const streamAgain = state.listMode === 'paged' && inputs.nowMs >= state.streamAgainAtMs
  const listMode = state.reset ? 'paged' : streamAgain ? 'stream' : state.listMode
  const next: ReflectorState = {
    ...state,
    listMode,
    holdsPermit: true,
    openedAtMs: inputs.nowMs,
    progressAtMs: inputs.nowMs,
    hasProgress: false,
    continueToken: '',
    lowestVersion: undefined,
  }
  const effects: Effect[] = [
    tell(state.hasSynced ? 'relisting' : 'syncing', state.lastError, state.attempt),
    { type: 'count', counter: 'lists' },
    ...(state.hasSynced ? [{ type: 'count', counter: 'relists' } as const] : []),
  ]
  if (listMode === 'stream') {
    return step(enter(next, 'stream'), ...effects, openStream(), {
      type: 'timer',
      ms: inputs.timing.watchListProgressMs,
    })
  }
  return step(enter(next, 'list'), ...effects, openList(next, inputs), {
    type: 'timer',
    ms: inputs.timing.silenceMs,
  })
}

export function startWatch(state: ReflectorState, inputs: Inputs): Step {
  if (state.version === undefined) return askPermit(state)
  const next = enter(state, 'watch', {
    plan: 'watch',
    openedAtMs: inputs.nowMs,
    progressAtMs: inputs.nowMs,
    hasProgress: false,
    isStalled: false,
  })
  return step(next, { type: 'count', counter: 'watches' }, openWatch(state.version, inputs), {
    type: 'timer',
    ms: inputs.timing.silenceMs,
  })
}

export function startProbe(state: ReflectorState, inputs: Inputs): Step {
  const next = enter(state, 'probe', { plan: 'probe', lowestVersion: undefined, isStalled: false })
  return step(next, openProbe(), { type: 'timer', ms: inputs.timing.silenceMs })
}

export function startPlan(state: ReflectorState, inputs: Inputs): Step {
  if (state.plan === 'list' || state.version === undefined) return askPermit(state)
  return state.plan === 'watch' ? startWatch(state, inputs) : startProbe(state, inputs)
}

/** Leaves whatever request is open. A list that had begun is broken off, its permit given back. */
export function leave(state: ReflectorState): Step {
  const effects: Effect[] = [{ type: 'abort' }, { type: 'clearTimer' }]
  if (state.inBracket) effects.push({ type: 'listAbort' })
  if (state.holdsPermit) effects.push({ type: 'syncEnded' })
  return step({ ...state, inBracket: false, holdsPermit: false, isStalled: false }, ...effects)
}

// Not `then`: whoever imports a module that exports one dynamically awaits that function.
export function andThen(first: Step, next: (state: ReflectorState) => Step): Step {
  const second = next(first.state)
  return { state: second.state, effects: [...first.effects, ...second.effects] }
}

/** A new list, at once. */
export function relist(state: ReflectorState, changes: Partial<ReflectorState> = {}): Step {
  return andThen(leave(state), (left) =>
    askPermit({ ...left, ...changes, errorResumes: 0, silentWatches: 0, attempt: left.attempt + 1 }),
  )
}

/** Versions went back: etcd was restored. Everything from before is to be compared no more. */
export function declareReset(state: ReflectorState): Step {
  return relist(state, { reset: true, listMode: 'paged', streamAgainAtMs: Number.POSITIVE_INFINITY })
}

/** Waits, then goes on with `plan`. */
export function backOff(state: ReflectorState, error: KubeInformerError, plan: Plan, inputs: Inputs): Step {
  return andThen(leave(state), (left) => {
    const attempt = left.attempt + 1
    const slow = error.code === 'ERR_FORBIDDEN' || error.code === 'ERR_NOT_FOUND'
    // Nothing hurries a missing permission or resource; asking fast would only load the server.
    const delay = backoffMs(slow ? 30 : attempt, error.facts.retryAfterMs ?? 0, inputs)
    return step(
      enter(left, 'backoff', { plan, attempt, lastError: error }),
      tell(stateOf(error), error, attempt),
      { type: 'timer', ms: delay },
    )
  })
}

function stateOf(error: KubeInformerError): WatchState {
  if (error.code === 'ERR_FORBIDDEN') return 'forbidden'
  return error.code === 'ERR_NOT_FOUND' ? 'absent' : 'retrying'
}

/** A request failed, or an ERROR event said so: what now. `plan` is what was being tried. */
export function fail(state: ReflectorState, error: KubeInformerError, plan: Plan, inputs: Inputs): Step {
  if (error.code === 'ERR_UNAUTHORIZED' && !state.didRefresh) {
    return andThen(leave(state), (left) =>
      step(enter(left, 'credentials', { plan, didRefresh: true, lastError: error }), {
        type: 'requestConnection',
        reason: 'unauthorized',
      }),
    )
  }
  // A later 401 asks again, after the backoff: tokens may be rotated at any time.
  const cleared = error.code === 'ERR_UNAUTHORIZED' ? { ...state, didRefresh: false } : state
  if (error.code === 'ERR_NOT_FOUND') return notFound(cleared, error, plan, inputs)
  return backOff({ ...cleared, notFoundSinceMs: undefined }, error, plan, inputs)
}

/** A resource that was there and stays away for `absentAfterMs` has no objects any more. */
function notFound(state: ReflectorState, error: KubeInformerError, plan: Plan, inputs: Inputs): Step {
  const since = state.notFoundSinceMs ?? inputs.nowMs
  const isGone = inputs.nowMs - since >= inputs.timing.absentAfterMs
  const known = { ...state, notFoundSinceMs: since }
  if (!isGone || state.version === undefined) {
    // Until it is certain, look often enough to be certain in time.
    const wait = state.version === undefined ? inputs.timing.backoffMaxMs : inputs.timing.absentAfterMs / 4
    return andThen(leave(known), (left) =>
      step(
        enter(left, 'backoff', { plan, attempt: left.attempt + 1, lastError: error }),
        tell('absent', error, left.attempt + 1),
        { type: 'timer', ms: Math.min(wait, inputs.timing.backoffMaxMs) * (1 + inputs.random) },
      ),
    )
  }
  const version = state.version
  return andThen(leave(known), (left) =>
    andThen(
      step(
        { ...left, version: undefined },
        { type: 'listStart', reset: false },
        { type: 'listEnd', version },
      ),
      (empty) => backOff(empty, error, 'list', inputs),
    ),
  )
}

/** The list is complete and consistent as of `version`. */
export function completeList(state: ReflectorState, version: string, inputs: Inputs): Step | 'reset' {
  if (!state.reset && isBelow(version, state.version)) return 'reset'
  const next: ReflectorState = {
    ...state,
    version,
    hasSynced: true,
    reset: false,
    inBracket: false,
    holdsPermit: false,
    streamFailures: 0,
    errorResumes: 0,
    silentWatches: 0,
    // `attempt` stays until an event comes: lists that are each refused a watch would follow one another at full speed.
    didRefresh: false,
    notFoundSinceMs: undefined,
    lastError: undefined,
    isFromPages: state.name === 'list' && state.listMode === 'paged',
    // One unpaged list was the answer to one 410; a reset ends with its list.
    listMode: state.listMode === 'stream' ? 'stream' : 'paged',
    streamAgainAtMs:
      state.streamAgainAtMs === Number.POSITIVE_INFINITY ? inputs.nowMs : state.streamAgainAtMs,
  }
  return step(next, { type: 'listEnd', version }, { type: 'syncEnded' })
}

export function isBelow(version: string, known: string | undefined): boolean {
  if (known === undefined) return false
  const a = parseResourceVersion(version)
  const b = parseResourceVersion(known)
  return isComparable(a) && isComparable(b) && a < b
}

/** The stream did not give a whole list: twice, or once because we could not read on, and pages are asked for. */
export function streamFailed(state: ReflectorState, error: KubeInformerError, inputs: Inputs): Step {
  const streamFailures = state.streamFailures + 1
  const givesUp = streamFailures >= streamFailuresMax || state.isStalled
  return fail(givesUp ? avoidStream(state, inputs) : { ...state, streamFailures }, error, 'list', inputs)
}

export function avoidStream(state: ReflectorState, inputs: Inputs): ReflectorState {
  return {
    ...state,
    listMode: 'paged',
    streamFailures: 0,
    streamAgainAtMs: inputs.nowMs + streamAgainMs,
  }
}

const refusals: readonly ErrorCode[] = ['ERR_API_STATUS', 'ERR_FORBIDDEN']

/** The server does not know streams of initial events (or forbids them): no fault, only another way. */
export function isStreamRefused(error: KubeInformerError): boolean {
  const { status, fields = [] } = error.facts
  if (!refusals.includes(error.code)) return false
  if (fields.some((field) => field.includes('sendInitialEvents') || field.includes('resourceVersionMatch')))
    return true
  return (
    status === 400 || status === 405 || status === 406 || status === 415 || status === 422 || status === 501
  )
}

/** An error that means: this version cannot be watched from. */
export function needsList(error: KubeInformerError): boolean {
  if (error.code === 'ERR_VERSION_EXPIRED' || error.code === 'ERR_VERSION_TOO_LARGE') return true
  return error.facts.status === 400 && /resource ?version/i.test(error.message)
}

/** A watch ended in ERROR, or its request failed with a Status. */
export function watchFailed(state: ReflectorState, error: KubeInformerError, inputs: Inputs): Step {
  if (needsList(error)) {
    // Pages span versions: if their lowest is too old to watch from, one consistent list is the way out.
    return relist(
      { ...state, lastError: error },
      state.isFromPages ? { listMode: 'unpaged', isFromPages: false } : {},
    )
  }
  const errorResumes = state.hasProgress ? 1 : state.errorResumes + 1
  if (error.code === 'ERR_API_STATUS' && errorResumes >= errorResumesMax) {
    return backOff({ ...state, errorResumes: 0 }, error, 'list', inputs)
  }
  return fail({ ...state, errorResumes }, error, 'watch', inputs)
}
