import { cut, overdue, pageFailed, pagesCircle, silent, streamFailed, usePages } from './faults.ts'
import { known, patienceMs, quiet, type Row, stall, type Transition, unstall } from './rows.ts'
import type { ReflectorState } from './state.ts'
import {
  accepted,
  andThen,
  completeList,
  declareReset,
  openPage,
  silence,
  startWatch,
  stay,
  step,
  tell,
} from './steps.ts'
import { isBelow } from './versions.ts'

/** While a list is read: by a stream, or page by page. */

const beginBracket: Transition<'opened'> = (state) =>
  state.inBracket
    ? stay(accepted(state))
    : step({ ...accepted(state), inBracket: true }, { type: 'listStart', reset: state.reset })

export const stream: Row = {
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
          newsAtMs: nowMs,
          openedAtMs: nowMs,
          hasProgress: true,
          healthySinceMs: nowMs,
          staleBookmarks: 0,
        },
        { type: 'count', counter: 'watches' },
        silence(inputs),
        tell(listed.isStalled ? 'stalled' : 'watching'),
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

export const list: Row = {
  ...quiet,
  // What may take long is the body: until it begins, silence bounds the waiting.
  opened: (state, event, inputs) => beginBracket({ ...state, openedAtMs: inputs.nowMs }, event, inputs),
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
      pageCount: state.pageCount + 1,
    }
    if (!state.reset && isBelow(lowestVersion, state.knownBefore)) return declareReset(paged)
    if (continueToken === '') {
      return andThen(completeList(paged, lowestVersion), (listed) =>
        startWatch({ ...listed, isStalled: false }, inputs),
      )
    }
    if (continueToken === state.markedToken) return pagesCircle(paged, inputs)
    const isMarked = Number.isInteger(Math.log2(paged.pageCount))
    const markedToken = isMarked ? continueToken : state.markedToken
    // `drained` comes at once when the queue is under half already.
    return step(
      { ...paged, markedToken, name: 'drain', plan: 'page', isStalled: false },
      { type: 'clearTimer' },
    )
  },
  failed: (state, { error }, inputs) => pageFailed(state, error, inputs),
  timer: (state, _event, inputs) => {
    const { watchListTotalMs } = inputs.timing
    const patience = patienceMs(state, inputs)
    const ms = Math.min(patience, state.openedAtMs + watchListTotalMs - inputs.nowMs)
    if (ms > 0) return step(state, { type: 'timer', ms })
    return pageFailed(state, patience > 0 ? overdue(watchListTotalMs) : silent('list'), inputs)
  },
  full: stall,
  drained: unstall,
}

/** Between two pages. */
export const drain: Row = { ...quiet, drained: (state, _event, inputs) => openPage(state, inputs) }
