import type { Inputs } from './requests.ts'
import type { EventName, ReflectorEvent, ReflectorState, Step } from './state.ts'
import { silence, stay, step, tell } from './steps.ts'
import { raise } from './versions.ts'

/** What the rows of the transition table are made of. */

export type Transition<E extends EventName> = (
  state: ReflectorState,
  event: Extract<ReflectorEvent, { type: E }>,
  inputs: Inputs,
) => Step
export type Row = { readonly [E in EventName]: Transition<E> }

export const ignore = (state: ReflectorState): Step => stay(state)
const stop = (state: ReflectorState): Step =>
  step(
    { ...state, name: 'stopped', inBracket: false, holdsPermit: false },
    { type: 'abort' },
    { type: 'clearTimer' },
  )

/** What no state need say of itself: late answers of requests that were given up, and the end. */
export const quiet: Row = {
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

export const stall: Transition<'full'> = (state, _event, { nowMs }) =>
  state.isStalled
    ? stay(state)
    : step(
        { ...state, isStalled: true, hasStalled: true, stalledAtMs: nowMs },
        { type: 'pause' },
        { type: 'clearTimer' },
        tell('stalled'),
      )

/** What waits for main says nothing of the server: the clocks of progress and silence start anew. */
export const unstall: Transition<'drained'> = (state, _event, inputs) => {
  if (!state.isStalled) return stay(state)
  const { nowMs, timing } = inputs
  const openedAtMs = state.openedAtMs + nowMs - state.stalledAtMs
  return step(
    { ...state, isStalled: false, progressAtMs: nowMs, newsAtMs: nowMs, openedAtMs },
    { type: 'resume' },
    state.name === 'stream' ? { type: 'timer', ms: timing.watchListProgressMs } : silence(inputs),
    tell(state.name === 'watch' ? 'watching' : state.hasSynced ? 'relisting' : 'syncing'),
  )
}

/** Whatever a list told counts as known, even if the list breaks off. */
export const known = (state: ReflectorState, version: string | undefined): ReflectorState =>
  version === undefined ? state : { ...state, knownVersion: raise(state.knownVersion, version) }

/** The rest of the time that a silent request has, or 0. */
export const patienceMs = (state: ReflectorState, { nowMs, timing }: Inputs): number =>
  Math.max(0, state.progressAtMs + timing.silenceMs - nowMs)
