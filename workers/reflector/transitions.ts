import { KubeInformerError } from '../../src/errors.ts'
import { type Inputs, openList } from './requests.ts'
import type { EventName, ReflectorEvent, ReflectorState, StateName, Step } from './state.ts'
import {
  andThen,
  askPermit,
  avoidStream,
  backOff,
  completeList,
  declareReset,
  fail,
  isBelow,
  isStreamRefused,
  leave,
  needsList,
  relist,
  shortWatchMs,
  startList,
  startPlan,
  startProbe,
  startWatch,
  stay,
  step,
  streamFailed,
  tell,
  watchFailed,
} from './steps.ts'

type Transition<E extends EventName> = (
  state: ReflectorState,
  event: Extract<ReflectorEvent, { type: E }>,
  inputs: Inputs,
) => Step
type Row = { readonly [E in EventName]: Transition<E> }

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

const stall: Transition<'full'> = (state) =>
  state.isStalled
    ? stay(state)
    : step({ ...state, isStalled: true }, { type: 'pause' }, { type: 'clearTimer' }, tell('stalled'))

/** What waits for main says nothing of the server: the clocks of progress and silence start anew. */
const unstall: Transition<'drained'> = (state, _event, { nowMs, timing }) =>
  state.isStalled
    ? step(
        {
          ...state,
          isStalled: false,
          progressAtMs: nowMs,
          openedAtMs: state.openedAtMs + nowMs - state.progressAtMs,
        },
        { type: 'resume' },
        { type: 'timer', ms: state.name === 'stream' ? timing.watchListProgressMs : timing.silenceMs },
        tell(state.name === 'watch' ? 'watching' : state.hasSynced ? 'relisting' : 'syncing'),
      )
    : stay(state)

const silent = (what: string): KubeInformerError =>
  new KubeInformerError('ERR_SILENT_CONNECTION', `no byte came for too long during a ${what}`)
const cut = (what: string): KubeInformerError =>
  new KubeInformerError('ERR_STREAM_ENDED', `the stream ended during a ${what}`)

const stream: Row = {
  ...quiet,
  opened: (state) => step({ ...state, inBracket: true }, { type: 'listStart', reset: state.reset }),
  chunk: (state, event, { nowMs }) =>
    event.added > 0 ? stay({ ...state, progressAtMs: nowMs }) : stay(state),
  bookmark: (state, event, inputs) => {
    if (!event.isEnd) return stay(state)
    const done = completeList(state, event.version, inputs)
    if (done === 'reset') return declareReset(state)
    return andThen(done, (listed) =>
      step(
        {
          ...listed,
          name: 'watch',
          plan: 'watch',
          progressAtMs: inputs.nowMs,
          openedAtMs: inputs.nowMs,
          hasProgress: true,
        },
        { type: 'count', counter: 'watches' },
        { type: 'timer', ms: inputs.timing.silenceMs },
        tell('watching'),
      ),
    )
  },
  error: (state, { error }, inputs) =>
    isStreamRefused(error)
      ? andThen(leave(avoidStream(state, inputs)), askPermit)
      : streamFailed(state, error, inputs),
  ended: (state, _event, inputs) => streamFailed(state, cut('streamed list'), inputs),
  failed: (state, { error }, inputs) => {
    if (isStreamRefused(error)) return andThen(leave(avoidStream(state, inputs)), askPermit)
    // Before the list began a fault says nothing about streams.
    return state.inBracket ? streamFailed(state, error, inputs) : fail(state, error, 'list', inputs)
  },
  timer: (state, _event, inputs) => {
    const { nowMs, timing } = inputs
    const left = Math.min(
      state.progressAtMs + timing.watchListProgressMs - nowMs,
      state.openedAtMs + timing.watchListTotalMs - nowMs,
    )
    if (left > 0) return step(state, { type: 'timer', ms: left })
    // No end bookmark in time (aggregated servers, proxies): pages, at once.
    return andThen(leave(avoidStream(state, inputs)), askPermit)
  },
  full: stall,
  drained: unstall,
  relist: ignore,
}

const list: Row = {
  ...quiet,
  opened: (state) =>
    state.inBracket
      ? stay(state)
      : step({ ...state, inBracket: true }, { type: 'listStart', reset: state.reset }),
  chunk: (state, _event, { nowMs }) => stay({ ...state, progressAtMs: nowMs }),
  page: (state, { version, continueToken }, inputs) => {
    const lowestVersion =
      state.lowestVersion === undefined || isBelow(version, state.lowestVersion)
        ? version
        : state.lowestVersion
    const paged: ReflectorState = { ...state, continueToken, lowestVersion }
    if (continueToken !== '') {
      // `drained` comes at once when the queue is under half already.
      return step({ ...paged, name: 'drain', isStalled: false }, { type: 'clearTimer' })
    }
    const done = completeList(paged, lowestVersion, inputs)
    return done === 'reset' ? declareReset(paged) : andThen(done, (listed) => startWatch(listed, inputs))
  },
  failed: (state, { error }, inputs) => {
    if (error.code === 'ERR_VERSION_EXPIRED') {
      const token = error.facts.continueToken
      if (token !== undefined) {
        const next = { ...state, continueToken: token }
        return step(next, openList(next, inputs), { type: 'timer', ms: inputs.timing.silenceMs })
      }
      return relist(state, { listMode: 'unpaged' })
    }
    return fail(state, error, 'list', inputs)
  },
  ended: (state, _event, inputs) => fail(state, cut('list'), 'list', inputs),
  error: (state, { error }, inputs) => fail(state, error, 'list', inputs),
  timer: (state, _event, inputs) => {
    const left = state.progressAtMs + inputs.timing.silenceMs - inputs.nowMs
    return left > 0 ? step(state, { type: 'timer', ms: left }) : fail(state, silent('list'), 'list', inputs)
  },
  full: stall,
  drained: unstall,
}

const drain: Row = {
  ...quiet,
  drained: (state, _event, inputs) =>
    step({ ...state, name: 'list', progressAtMs: inputs.nowMs }, openList(state, inputs), {
      type: 'timer',
      ms: inputs.timing.silenceMs,
    }),
}

const watch: Row = {
  ...quiet,
  opened: (state) => step(state, { type: 'watchStart', version: state.version ?? '' }, tell('watching')),
  chunk: (state, { events, version }, { nowMs }) =>
    events === 0
      ? stay({ ...state, progressAtMs: nowMs })
      : stay(healthy({ ...state, progressAtMs: nowMs, version: version ?? state.version })),
  bookmark: (state, { version }, { nowMs }) =>
    isBelow(version, state.version)
      ? stay({ ...state, progressAtMs: nowMs })
      : step(healthy({ ...state, progressAtMs: nowMs, version }), { type: 'bookmark', version }),
  error: (state, { error }, inputs) => watchFailed(state, error, inputs),
  failed: (state, { error }, inputs) =>
    andThen({ state, effects: [{ type: 'count', counter: 'reconnects' }] }, (counted) =>
      watchFailed(counted, error, inputs),
    ),
  ended: (state, _event, inputs) => {
    const silentWatches = state.hasProgress ? 0 : state.silentWatches + 1
    const lived = inputs.nowMs - state.openedAtMs
    const next = {
      ...state,
      silentWatches,
      attempt: lived >= inputs.timing.backoffResetMs ? 0 : state.attempt,
    }
    return andThen({ state: next, effects: [{ type: 'count', counter: 'reconnects' }] }, (counted) => {
      if (!state.hasProgress && lived < shortWatchMs) {
        return backOff(counted, cut('watch that had only begun'), 'watch', inputs)
      }
      return resume(counted, inputs)
    })
  },
  timer: (state, _event, inputs) => {
    const left = state.progressAtMs + inputs.timing.silenceMs - inputs.nowMs
    if (left > 0) return step(state, { type: 'timer', ms: left })
    const silentWatches = state.hasProgress ? 0 : state.silentWatches + 1
    return andThen(leave({ ...state, silentWatches, lastError: silent('watch') }), (left_) =>
      andThen({ state: left_, effects: [{ type: 'count', counter: 'reconnects' }] }, (counted) =>
        resume(counted, inputs),
      ),
    )
  },
  full: stall,
  drained: unstall,
  relist: (state) => relist(state),
}

/** After two watches without a word, one look whether the server has gone back behind our version. */
function resume(state: ReflectorState, inputs: Inputs): Step {
  return state.silentWatches >= 2 ? startProbe(state, inputs) : startWatch(state, inputs)
}

function healthy(state: ReflectorState): ReflectorState {
  return {
    ...state,
    hasProgress: true,
    attempt: 0,
    errorResumes: 0,
    silentWatches: 0,
    didRefresh: false,
    notFoundSinceMs: undefined,
    lastError: undefined,
    isFromPages: false,
  }
}

const probe: Row = {
  ...quiet,
  page: (state, { version }, inputs) =>
    isBelow(version, state.version)
      ? declareReset(state)
      : startWatch({ ...state, silentWatches: 0 }, inputs),
  failed: (state, { error }, inputs) =>
    needsList(error) ? relist(state) : fail(state, error, 'probe', inputs),
  ended: (state, _event, inputs) => fail(state, cut('look at the version'), 'probe', inputs),
  timer: (state, _event, inputs) => fail(state, silent('look at the version'), 'probe', inputs),
  relist: (state) => relist(state),
}

/** Total: a state or event without an entry does not compile. */
export const transitions: { readonly [S in StateName]: Row } = {
  idle: {
    ...quiet,
    start: (state, { resumeVersion }, inputs) =>
      resumeVersion === undefined
        ? andThen(step(state, tell('connecting')), askPermit)
        : andThen(step({ ...state, version: resumeVersion, hasSynced: true }, tell('connecting')), (next) =>
            startWatch(next, inputs),
          ),
  },
  permit: { ...quiet, permit: (state, _event, inputs) => startList(state, inputs) },
  stream,
  list,
  drain,
  watch,
  probe,
  backoff: {
    ...quiet,
    timer: (state, _event, inputs) => startPlan(state, inputs),
    relist: (state) => stay({ ...state, plan: 'list' }),
  },
  credentials: {
    ...quiet,
    connection: (state, _event, inputs) => startPlan(state, inputs),
    connectionFailed: (state, { error }, inputs) =>
      backOff({ ...state, didRefresh: false }, error, state.plan, inputs),
    relist: (state) => stay({ ...state, plan: 'list' }),
  },
  stopped: { ...quiet, stop: ignore },
}

export function transition(state: ReflectorState, event: ReflectorEvent, inputs: Inputs): Step {
  // The table pairs each name with its own event type; TypeScript cannot see that through an index.
  const handle = transitions[state.name][event.type] as Transition<EventName>
  return handle(state, event, inputs)
}
