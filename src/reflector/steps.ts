import type { KubeInformerError } from '../errors.ts'
import type { WatchState } from '../protocol/messages.ts'
import { backoffMs, type Inputs, openList, openProbe, openStream, openWatch } from './requests.ts'
import type { Effect, Plan, ReflectorState, StateName, Step } from './state.ts'
import { raise } from './versions.ts'

/** Steps that several transitions share. Each gives the next state and what to do, and does nothing itself. */

export function step(state: ReflectorState, ...effects: Effect[]): Step {
  return { state, effects }
}

export function stay(state: ReflectorState): Step {
  return { state, effects: [] }
}

// Not `then`: whoever imports a module that exports one dynamically awaits that function.
export function andThen(first: Step, next: (state: ReflectorState) => Step): Step {
  const second = next(first.state)
  return { state: second.state, effects: [...first.effects, ...second.effects] }
}

export function enter(
  state: ReflectorState,
  name: StateName,
  changes: Partial<ReflectorState> = {},
): ReflectorState {
  return { ...state, ...changes, name }
}

export function tell(state: WatchState, error?: KubeInformerError, attempt = 0): Effect {
  return { type: 'state', state, error, attempt }
}

export function silence({ timing }: Inputs): Effect {
  return { type: 'timer', ms: timing.silenceMs }
}

/** Before every list: not too many at once. */
export function askPermit(state: ReflectorState): Step {
  const next = enter(state, 'permit', { plan: 'list' })
  const shown = tell(state.hasSynced ? 'relisting' : 'waiting', state.lastError, state.attempt)
  return step(next, shown, { type: 'requestPermit' })
}

export function startList(state: ReflectorState, inputs: Inputs): Step {
  const { nowMs, timing } = inputs
  const next: ReflectorState = {
    ...state,
    listMode: modeOfList(state, nowMs),
    holdsPermit: true,
    openedAtMs: nowMs,
    progressAtMs: nowMs,
    hasProgress: false,
    hasStalled: false,
    continueToken: '',
    lowestVersion: undefined,
    pageCount: 0,
    markedToken: '',
    pageFailures: 0,
    pageExpiries: 0,
    // A reset's own list sets the new measure.
    knownVersion: state.reset ? undefined : state.knownVersion,
    knownBefore: state.reset ? undefined : state.knownVersion,
  }
  const effects: Effect[] = [
    tell(state.hasSynced ? 'relisting' : 'syncing', state.lastError, state.attempt),
    { type: 'count', counter: 'lists' },
    ...(state.hasSynced ? [{ type: 'count', counter: 'relists' } as const] : []),
  ]
  return next.listMode === 'stream'
    ? step(enter(next, 'stream'), ...effects, openStream(inputs), {
        type: 'timer',
        ms: Math.min(timing.watchListProgressMs, timing.watchListTotalMs),
      })
    : step(enter(next, 'list'), ...effects, openList(next, inputs), silence(inputs))
}

function modeOfList(state: ReflectorState, nowMs: number): ReflectorState['listMode'] {
  // A reset must be one consistent list, and an old stream may be the very reason for it.
  if (state.reset) return state.listMode === 'unpaged' ? 'unpaged' : 'paged'
  return state.listMode === 'paged' && nowMs >= state.streamAgainAtMs ? 'stream' : state.listMode
}

export function openPage(state: ReflectorState, inputs: Inputs): Step {
  const next = enter(state, 'list', { plan: 'list', openedAtMs: inputs.nowMs, progressAtMs: inputs.nowMs })
  return step(next, openList(next, inputs), silence(inputs))
}

export function startWatch(state: ReflectorState, inputs: Inputs): Step {
  if (state.version === undefined) return askPermit(state)
  const next = enter(state, 'watch', {
    plan: 'watch',
    openedAtMs: inputs.nowMs,
    progressAtMs: inputs.nowMs,
    newsAtMs: inputs.nowMs,
    hasProgress: false,
    staleBookmarks: 0,
  })
  return step(next, { type: 'count', counter: 'watches' }, openWatch(state.version, inputs), silence(inputs))
}

export function startProbe(state: ReflectorState, inputs: Inputs): Step {
  const { nowMs } = inputs
  const next = enter(state, 'probe', {
    plan: 'probe',
    openedAtMs: nowMs,
    progressAtMs: nowMs,
    silentWatches: 0,
  })
  return step(next, openProbe(), silence(inputs))
}

export function startPlan(state: ReflectorState, inputs: Inputs): Step {
  if (state.plan === 'page') {
    const shown = tell(state.hasSynced ? 'relisting' : 'syncing', state.lastError, state.attempt)
    return andThen(step(state, shown), (next) => openPage(next, inputs))
  }
  if (state.plan === 'list' || state.version === undefined) return askPermit(state)
  return state.plan === 'watch' ? startWatch(state, inputs) : startProbe(state, inputs)
}

/**
 * Leaves whatever request is open. A list that had begun is broken off and its permit given back, unless the plan is
 * to go on with its next page.
 */
export function leave(state: ReflectorState, plan: Plan = 'list'): Step {
  const effects: Effect[] = [{ type: 'abort' }, { type: 'clearTimer' }]
  if (plan === 'page') return step({ ...state, isStalled: false }, ...effects)
  if (state.inBracket) effects.push({ type: 'listAbort' })
  if (state.holdsPermit) effects.push({ type: 'syncEnded' })
  return step({ ...state, inBracket: false, holdsPermit: false, isStalled: false }, ...effects)
}

/** A new list, at once. */
export function relist(state: ReflectorState, changes: Partial<ReflectorState> = {}): Step {
  return andThen(leave(state), (left) =>
    askPermit({ ...left, ...changes, errorResumes: 0, silentWatches: 0 }),
  )
}

/** A new list because of a fault, at once: whoever comes here twice in a row must not, see {@link relistAfter}. */
export function relistNow(
  state: ReflectorState,
  error: KubeInformerError,
  inputs: Inputs,
  changes: Partial<ReflectorState> = {},
): Step {
  const attempt = failures(state, inputs) + 1
  return relist(state, { ...changes, lastError: error, attempt, healthySinceMs: undefined })
}

/** A new list because of a fault: the first at once, further ones with growing pauses between them. */
export function relistAfter(state: ReflectorState, error: KubeInformerError, inputs: Inputs): Step {
  return failures(state, inputs) > 0 ? backOff(state, error, 'list', inputs) : relistNow(state, error, inputs)
}

/** Versions went back: etcd was restored. Everything from before is to be compared no more. */
export function declareReset(state: ReflectorState): Step {
  return relist(state, { reset: true, listMode: 'paged' })
}

/** Failures so far that still count: a lasting health makes up for all of them. */
export function failures(state: ReflectorState, { nowMs, timing }: Inputs): number {
  const since = state.healthySinceMs
  return since !== undefined && nowMs - since >= timing.backoffResetMs ? 0 : state.attempt
}

/** Waits, then goes on with `plan`. */
export function backOff(
  state: ReflectorState,
  error: KubeInformerError,
  plan: Plan,
  inputs: Inputs,
  shown: WatchState = stateOf(error),
): Step {
  const attempt = failures(state, inputs) + 1
  // Nothing hurries a missing permission or resource; asking fast would only load the server.
  const isSlow = shown === 'forbidden' || shown === 'absent'
  const ms = backoffMs(isSlow ? Number.POSITIVE_INFINITY : attempt, error.facts.retryAfterMs ?? 0, inputs)
  return andThen(leave(state, plan), (left) =>
    step(
      enter(left, 'backoff', { plan, attempt, healthySinceMs: undefined, lastError: error }),
      tell(shown, error, attempt),
      { type: 'timer', ms },
    ),
  )
}

/** A pause that is no fault's: what ended so soon must not be opened again in a tight loop. */
export function breathe(state: ReflectorState, inputs: Inputs): Step {
  return andThen(leave(state), (left) =>
    step(enter(left, 'backoff', { plan: 'watch' }), { type: 'timer', ms: backoffMs(1, 0, inputs) }),
  )
}

function stateOf(error: KubeInformerError): WatchState {
  if (error.code === 'ERR_FORBIDDEN') return 'forbidden'
  return error.code === 'ERR_NOT_FOUND' ? 'absent' : 'retrying'
}

/** How long main may take for fresh credentials. */
const credentialsMs = 60_000

/** A request failed, or an ERROR event said so: what now. `plan` is what was being tried. */
export function fail(state: ReflectorState, error: KubeInformerError, plan: Plan, inputs: Inputs): Step {
  if (error.code === 'ERR_UNAUTHORIZED' && !state.didRefresh) {
    return andThen(leave(state, plan), (left) =>
      step(
        enter(left, 'credentials', { plan, didRefresh: true, lastError: error }),
        tell('retrying', error, failures(state, inputs) + 1),
        { type: 'timer', ms: credentialsMs },
        { type: 'requestConnection' },
      ),
    )
  }
  // The fresh ones are no better. After the backoff they are asked for again: tokens may be rotated at any time.
  const cleared = error.code === 'ERR_UNAUTHORIZED' ? { ...state, didRefresh: false } : state
  if (error.code === 'ERR_NOT_FOUND') return notFound(cleared, error, plan, inputs)
  return backOff({ ...cleared, notFoundSinceMs: undefined }, error, plan, inputs)
}

/** A resource that was there and stays away for `absentAfterMs` has no objects any more. */
function notFound(state: ReflectorState, error: KubeInformerError, plan: Plan, inputs: Inputs): Step {
  const { version } = state
  const since = state.notFoundSinceMs ?? inputs.nowMs
  const known = { ...state, notFoundSinceMs: since }
  // Never seen, or emptied already.
  if (version === undefined) return backOff(known, error, 'list', inputs)
  const again = plan === 'page' ? 'list' : plan
  if (inputs.nowMs - since < inputs.timing.absentAfterMs)
    return backOff(known, error, again, inputs, 'retrying')
  return andThen(leave(known), (left) =>
    andThen(
      step(
        { ...left, version: undefined },
        { type: 'listStart', reset: false },
        { type: 'listEnd', version, knownVersion: raise(left.knownVersion, version) },
      ),
      (empty) => backOff(empty, error, 'list', inputs),
    ),
  )
}

/** The server has answered: it takes our credentials, and it has the resource. */
export function accepted(state: ReflectorState): ReflectorState {
  return { ...state, didRefresh: false, notFoundSinceMs: undefined }
}

/** The list is complete and consistent as of `version`. */
export function completeList(state: ReflectorState, version: string): Step {
  const knownVersion = raise(state.knownVersion, version)
  const next: ReflectorState = {
    ...state,
    version,
    knownVersion,
    hasSynced: true,
    reset: false,
    inBracket: false,
    holdsPermit: false,
    streamFailures: 0,
    errorResumes: 0,
    silentWatches: 0,
    // `attempt` stays: lists that are each refused a watch would follow one another at full speed.
    lastError: undefined,
    isFromPages: state.listMode === 'paged',
    // One unpaged list was the answer to one 410.
    listMode: state.listMode === 'unpaged' ? 'paged' : state.listMode,
  }
  return step(next, { type: 'listEnd', version, knownVersion }, { type: 'syncEnded' })
}
