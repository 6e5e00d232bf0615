import { KubeInformerError } from '../../src/errors.ts'
import { cut, pageFailed, silent, streamFailed, usePages, watchFailed } from './faults.ts'
import type { Inputs } from './requests.ts'
import type { EventName, ReflectorEvent, ReflectorState, StateName, Step } from './state.ts'
import {
  accepted,
  andThen,
  askPermit,
  backOff,
  breathe,
  completeList,
  declareReset,
  fail,
  failures,
  leave,
  openPage,
  relist,
  silence,
  startList,
  startPlan,
  startProbe,
  startWatch,
  stay,
  step,
  tell,
} from './steps.ts'
import { isBelow, raise } from './versions.ts'

type Transition<E extends EventName> = (
  state: ReflectorState,
  event: Extract<ReflectorEvent, { type: E }>,
  inputs: Inputs,
) => Step
type Row = { readonly [E in EventName]: Transition<E> }

/** A watch that ends sooner than this is not opened again at once, or it would be in a tight loop. */
const shortWatchMs = 1_000
const silentWatchesMax = 2
const staleBookmarksMax = 2

const ignore = (state: ReflectorState): Step => stay(state)
const stop = (state: ReflectorState): Step =>
  step(
    { ...state, name: 'stopped', inBracket: false, holdsPermit: false },
    { type: 'abort' },
    { type: 'clearTimer' },
  )

/** What no state need say of itself: late answers of requests that were given up, and the end. */
const quiet: Row = {
  start: ignore,
  permit: ignore,
  opened: ignore,
  chunk: ignore,
  bookmark: ignore,
  error: ignore,
  ended: ignore,
  failed: ignore,
  page: ignore,
  timer: ignore,
  full: ignore,
  drained: ignore,
  connection: ignore,
  connectionFailed: ignore,
  relist: ignore,
  stop,
}

const stall: Transition<'full'> = (state, _event, { nowMs }) =>
  state.isStalled
    ? stay(state)
    : step(
        { ...state, isStalled: true, hasStalled: true, stalledAtMs: nowMs },
        { type: 'pause' },
        { type: 'clearTimer' },
        tell('stalled'),
      )

/** What waits for main says nothing of the server: the clocks of progress and silence start anew. */
const unstall: Transition<'drained'> = (state, _event, inputs) => {
  if (!state.isStalled) return stay(state)
  const { nowMs, timing } = inputs
  const openedAtMs = state.openedAtMs + nowMs - state.stalledAtMs
  return step(
    { ...state, isStalled: false, progressAtMs: nowMs, openedAtMs },
    { type: 'resume' },
    state.name === 'stream' ? { type: 'timer', ms: timing.watchListProgressMs } : silence(inputs),
    tell(state.name === 'watch' ? 'watching' : state.hasSynced ? 'relisting' : 'syncing'),
  )
}

const beginBracket: Transition<'opened'> = (state) =>
  state.inBracket
    ? stay(accepted(state))
    : step({ ...accepted(state), inBracket: true }, { type: 'listStart', reset: state.reset })

/** Whatever a list told counts as known, even if the list breaks off. */
const known = (state: ReflectorState, version: string | undefined): ReflectorState =>
  version === undefined ? state : { ...state, knownVersion: raise(state.knownVersion, version) }

/** The rest of the time that a silent request has, or 0. */
const patienceMs = (state: ReflectorState, { nowMs, timing }: Inputs): number =>
  Math.max(0, state.progressAtMs + timing.silenceMs - nowMs)

const stream: Row = {
  ...quiet,
  opened: beginBracket,
  chunk: (state, { added, version }, { nowMs }) =>
    stay(known(added > 0 ? { ...state, progressAtMs: nowMs } : state, version)),
  bookmark: (state, { version, isEnd }, inputs) => {
    if (!isEnd) return stay(state)
    if (!state.reset && isBelow(version, state.knownBefore)) return declareReset(state)
    const { nowMs } = inputs
    return andThen(completeList(state, version), (listed) =>
      step(
        // The same stream goes on live.
        {
          ...listed,
          name: 'watch',
          plan: 'watch',
          progressAtMs: nowMs,
          openedAtMs: nowMs,
          hasProgress: true,
          healthySinceMs: nowMs,
          staleBookmarks: 0,
        },
        { type: 'count', counter: 'watches' },
        silence(inputs),
        tell('watching'),
      ),
    )
  },
  error: (state, { error }, inputs) => streamFailed(state, error, inputs),
  failed: (state, { error }, inputs) => streamFailed(state, error, inputs),
  ended: (state, _event, inputs) => streamFailed(state, cut('streamed list'), inputs),
  timer: (state, _event, inputs) => {
    const { nowMs, timing } = inputs
    const left = Math.min(
      state.progressAtMs + timing.watchListProgressMs - nowMs,
      state.openedAtMs + timing.watchListTotalMs - nowMs,
    )
    // No end bookmark in time (aggregated servers, proxies): pages, at once.
    return left > 0 ? step(state, { type: 'timer', ms: left }) : usePages(state, inputs)
  },
  full: stall,
  drained: unstall,
}

const list: Row = {
  ...quiet,
  opened: beginBracket,
  chunk: (state, { version }, { nowMs }) => stay(known({ ...state, progressAtMs: nowMs }, version)),
  page: (state, { version, continueToken }, inputs) => {
    const lowestVersion =
      state.lowestVersion !== undefined && !isBelow(version, state.lowestVersion)
        ? state.lowestVersion
        : version
    const paged: ReflectorState = {
      ...known(state, version),
      continueToken,
      lowestVersion,
      pageFailures: 0,
      pageExpiries: 0,
    }
    if (!state.reset && isBelow(lowestVersion, state.knownBefore)) return declareReset(paged)
    if (continueToken === '') {
      return andThen(completeList(paged, lowestVersion), (listed) =>
        startWatch({ ...listed, isStalled: false }, inputs),
      )
    }
    // `drained` comes at once when the queue is under half already.
    return step({ ...paged, name: 'drain', plan: 'page', isStalled: false }, { type: 'clearTimer' })
  },
  failed: (state, { error }, inputs) => pageFailed(state, error, inputs),
  timer: (state, _event, inputs) => {
    const ms = patienceMs(state, inputs)
    return ms > 0 ? step(state, { type: 'timer', ms }) : pageFailed(state, silent('list'), inputs)
  },
  full: stall,
  drained: unstall,
}

const reconnect = (step_: Step): Step => ({
  ...step_,
  effects: [{ type: 'count', counter: 'reconnects' }, ...step_.effects],
})

const watch: Row = {
  ...quiet,
  opened: (state) =>
    step(accepted(state), { type: 'watchStart', version: state.version ?? '' }, tell('watching')),
  chunk: (state, { events, version }, { nowMs }) => {
    const heard = { ...state, progressAtMs: nowMs }
    // Repeats of what we had are no progress: a server that has gone back in time gives nothing else.
    const isNews = events > 0 && version !== state.version && !isBelow(version ?? '', state.version)
    if (!isNews) return stay(heard)
    return stay(healthy(known({ ...heard, version: version ?? state.version }, version), nowMs))
  },
  bookmark: (state, { version }, inputs) => {
    const { nowMs } = inputs
    if (!isBelow(version, state.version)) {
      const next = healthy(known({ ...state, progressAtMs: nowMs, version }, version), nowMs)
      return step(next, { type: 'bookmark', version })
    }
    const staleBookmarks = state.staleBookmarks + 1
    if (staleBookmarks < staleBookmarksMax) return stay({ ...state, progressAtMs: nowMs, staleBookmarks })
    return reconnect(andThen(leave(state), (left) => startProbe(left, inputs)))
  },
  error: (state, { error }, inputs) => reconnect(watchFailed(state, error, true, inputs)),
  failed: (state, { error }, inputs) => reconnect(watchFailed(state, error, false, inputs)),
  ended: (state, _event, inputs) => {
    const next = countSilence(state)
    const isShort = inputs.nowMs - state.openedAtMs < shortWatchMs
    if (!isShort) return reconnect(resume(next, inputs))
    return reconnect(
      state.hasProgress
        ? breathe(next, inputs)
        : backOff(next, cut('watch that had only begun'), 'watch', inputs),
    )
  },
  timer: (state, _event, inputs) => {
    const ms = patienceMs(state, inputs)
    if (ms > 0) return step(state, { type: 'timer', ms })
    return reconnect(resume({ ...countSilence(state), lastError: silent('watch') }, inputs))
  },
  full: stall,
  drained: unstall,
  relist: (state) => relist(state),
}

const countSilence = (state: ReflectorState): ReflectorState => ({
  ...state,
  silentWatches: state.hasProgress ? 0 : state.silentWatches + 1,
})

/** After two watches without a word, one look whether the server has gone back behind our version. */
function resume(state: ReflectorState, inputs: Inputs): Step {
  return andThen(leave(state), (left) =>
    left.silentWatches >= silentWatchesMax ? startProbe(left, inputs) : startWatch(left, inputs),
  )
}

function healthy(state: ReflectorState, nowMs: number): ReflectorState {
  return {
    ...state,
    hasProgress: true,
    healthySinceMs: state.healthySinceMs ?? nowMs,
    errorResumes: 0,
    silentWatches: 0,
    staleBookmarks: 0,
    lastError: undefined,
    isFromPages: false,
  }
}

const probe: Row = {
  ...quiet,
  opened: (state) => stay(accepted(state)),
  page: (state, { version }, inputs) =>
    isBelow(version, state.knownVersion)
      ? declareReset(state)
      : andThen(leave(state), (left) => startWatch(left, inputs)),
  failed: (state, { error }, inputs) => fail(state, error, 'probe', inputs),
  timer: (state, _event, inputs) => fail(state, silent('look at the version'), 'probe', inputs),
  relist: (state) => relist(state),
}

/** Total: a state or event without an entry does not compile. */
export const transitions: { readonly [S in StateName]: Row } = {
  idle: {
    ...quiet,
    start: (state, { resumeVersion, knownVersion }, inputs) =>
      andThen(step({ ...state, knownVersion }, tell('connecting')), (next) =>
        resumeVersion === undefined
          ? askPermit(next)
          : startWatch({ ...known(next, resumeVersion), version: resumeVersion, hasSynced: true }, inputs),
      ),
  },
  permit: { ...quiet, permit: startPermitted },
  stream,
  list,
  drain: { ...quiet, drained: (state, _event, inputs) => openPage(state, inputs) },
  watch,
  probe,
  backoff: {
    ...quiet,
    timer: (state, _event, inputs) => startPlan(state, inputs),
    relist: listNext,
  },
  credentials: {
    ...quiet,
    connection: (state, _event, inputs) =>
      andThen(step(state, { type: 'clearTimer' }), (next) => startPlan(next, inputs)),
    connectionFailed: (state, { error }, inputs) =>
      backOff({ ...state, didRefresh: false }, error, state.plan, inputs),
    timer: (state, _event, inputs) =>
      backOff(
        { ...state, didRefresh: false },
        new KubeInformerError('ERR_CREDENTIALS', 'fresh credentials did not come in time'),
        state.plan,
        inputs,
      ),
    relist: listNext,
  },
  stopped: { ...quiet, stop: ignore },
}

function startPermitted(state: ReflectorState, _event: unknown, inputs: Inputs): Step {
  return startList({ ...state, attempt: failures(state, inputs) }, inputs)
}

/** A list that is only paused is as new as one could wish. */
function listNext(state: ReflectorState): Step {
  return stay(state.plan === 'page' ? state : { ...state, plan: 'list' })
}

export function transition(state: ReflectorState, event: ReflectorEvent, inputs: Inputs): Step {
  // The table pairs each name with its own event type; TypeScript cannot see that through an index.
  const handle = transitions[state.name][event.type] as Transition<EventName>
  return handle(state, event, inputs)
}
