import { cut, newsless, silent, watchFailed } from './faults.ts'
import type { Inputs } from './requests.ts'
import { known, patienceMs, quiet, type Row, stall, unstall } from './rows.ts'
import type { ReflectorState, Step } from './state.ts'
import {
  accepted,
  andThen,
  backOff,
  breathe,
  declareReset,
  fail,
  leave,
  relist,
  startProbe,
  startWatch,
  stay,
  step,
  tell,
} from './steps.ts'
import { isBelow } from './versions.ts'

/** While a watch is read, and for the look that two silent ones lead to. */

/** A watch that ends sooner than this is not opened again at once, or it would be in a tight loop. */
const shortWatchMs = 1_000
const silentWatchesMax = 2
/** Bytes that never become an event (an endless line, empty ones) are as good as silence after so many times its limit. */
const newslessFactor = 5
const staleBookmarksMax = 2

const reconnect = (step_: Step): Step => ({
  ...step_,
  effects: [{ type: 'count', counter: 'reconnects' }, ...step_.effects],
})

export const watch: Row = {
  ...quiet,
  opened: (state) =>
    step(accepted(state), { type: 'watchStart', version: state.version ?? '' }, tell('watching')),
  chunk: (state, { events, version }, { nowMs }) => {
    const heard = { ...state, progressAtMs: nowMs, newsAtMs: events > 0 ? nowMs : state.newsAtMs }
    // Repeats of what we had are no progress: a server that has gone back in time gives nothing else.
    const isNews = events > 0 && version !== state.version && !isBelow(version ?? '', state.version)
    if (!isNews) return stay(heard)
    return stay(healthy(known({ ...heard, version: version ?? state.version }, version), nowMs))
  },
  bookmark: (state, { version }, inputs) => {
    const { nowMs } = inputs
    if (!isBelow(version, state.version)) {
      const heard = { ...state, progressAtMs: nowMs, newsAtMs: nowMs, version }
      const next = healthy(known(heard, version), nowMs)
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
    if (state.hasProgress) return reconnect(breathe(next, inputs))
    const { state: left, effects } = backOff(next, cut('watch that had only begun'), 'watch', inputs)
    return reconnect(step(left, { type: 'count', counter: 'shortWatches' }, ...effects))
  },
  timer: (state, _event, inputs) => {
    // A stream whose list ended while it was not read set the clock of silence.
    if (state.isStalled) return stay(state)
    const newsMs = state.newsAtMs + newslessFactor * inputs.timing.silenceMs - inputs.nowMs
    const patience = patienceMs(state, inputs)
    const ms = Math.min(patience, newsMs)
    if (ms > 0) return step(state, { type: 'timer', ms })
    if (patience > 0) return reconnect(backOff(countSilence(state), newsless(), 'watch', inputs))
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

export const probe: Row = {
  ...quiet,
  opened: (state) => stay(accepted(state)),
  chunk: (state, _event, { nowMs }) => stay({ ...state, progressAtMs: nowMs }),
  page: (state, { version }, inputs) =>
    isBelow(version, state.knownVersion)
      ? declareReset(state)
      : andThen(leave(state), (left) => startWatch(left, inputs)),
  failed: (state, { error }, inputs) => fail(state, error, 'probe', inputs),
  timer: (state, _event, inputs) => {
    const ms = patienceMs(state, inputs)
    return ms > 0
      ? step(state, { type: 'timer', ms })
      : fail(state, silent('look at the version'), 'probe', inputs)
  },
  relist: (state) => relist(state),
}
