import { KubeInformerError } from '../errors.ts'
import type { Inputs } from './requests.ts'
import type { Plan, ReflectorState, Step } from './state.ts'
import { andThen, askPermit, backOff, fail, leave, openPage, relistAfter, relistNow } from './steps.ts'

/** What errors mean, by where they happen. */

/** A stream that was refused or failed is tried again after so long. */
const streamAgainMs = 30 * 60_000
const streamFailuresMax = 2
const errorResumesMax = 3
/** Failures, and 410s with a token, of one page in a row; then the list begins anew. */
const pageFailuresMax = 5
const pageExpiriesMax = 5

export const silent = (what: string): KubeInformerError =>
  new KubeInformerError('ERR_SILENT_CONNECTION', `no byte came for too long during a ${what}`)
export const newsless = (): KubeInformerError =>
  new KubeInformerError('ERR_SILENT_CONNECTION', 'bytes came for too long without an event or bookmark')
export const overdue = (ms: number): KubeInformerError =>
  new KubeInformerError('ERR_LIST_TIMEOUT', `a page of the list did not end in ${ms} ms`)
export const cut = (what: string): KubeInformerError =>
  new KubeInformerError('ERR_STREAM_ENDED', `the stream ended during a ${what}`)

/** The stream did not give a whole list: twice, or once because we could not read on, and pages are asked for. */
export function streamFailed(state: ReflectorState, error: KubeInformerError, inputs: Inputs): Step {
  if (isStreamRefused(error)) return usePages(state, inputs)
  // These say nothing of streams; nor does a connection that never came to be.
  const isOther = ['ERR_UNAUTHORIZED', 'ERR_FORBIDDEN', 'ERR_NOT_FOUND', 'ERR_THROTTLED'].includes(error.code)
  if (isOther || (error.code === 'ERR_CONNECTION' && !state.inBracket))
    return fail(state, error, 'list', inputs)
  const streamFailures = state.streamFailures + 1
  const givesUp = streamFailures >= streamFailuresMax || state.hasStalled
  return fail(givesUp ? avoidStream(state, inputs) : { ...state, streamFailures }, error, 'list', inputs)
}

/** Lists by pages, at once. */
export function usePages(state: ReflectorState, inputs: Inputs): Step {
  return andThen(leave(avoidStream(state, inputs)), askPermit)
}

function avoidStream(state: ReflectorState, inputs: Inputs): ReflectorState {
  return {
    ...state,
    listMode: 'paged',
    streamFailures: 0,
    streamAgainAtMs: inputs.nowMs + streamAgainMs,
  }
}

/** The server does not know streams of initial events (or forbids them): no fault, only another way. */
function isStreamRefused(error: KubeInformerError): boolean {
  const { status = 0, fields = [] } = error.facts
  if (error.code !== 'ERR_API_STATUS' && error.code !== 'ERR_FORBIDDEN') return false
  if (fields.some((field) => field.includes('sendInitialEvents') || field.includes('resourceVersionMatch')))
    return true
  return [400, 405, 406, 415, 422, 501].includes(status)
}

export function pageFailed(state: ReflectorState, error: KubeInformerError, inputs: Inputs): Step {
  if (error.code === 'ERR_VERSION_EXPIRED') return pageExpired(state, error, inputs)
  // A list of a thousand pages would hardly ever end if each fault of one began it anew.
  const goesOn =
    state.continueToken !== '' && error.code !== 'ERR_FORBIDDEN' && state.pageFailures < pageFailuresMax
  const plan: Plan = goesOn ? 'page' : 'list'
  return fail({ ...state, pageFailures: state.pageFailures + 1 }, error, plan, inputs)
}

/** A token that was followed already: the pages would never end. */
export function pagesCircle(state: ReflectorState, inputs: Inputs): Step {
  const message = "the list's pages lead back to one another: a continue token came again"
  return fail(state, new KubeInformerError('ERR_UNEXPECTED_BODY', message), 'list', inputs)
}

/** With a fresh token the list goes on at a newer version; without one, a single unpaged list is the way out. */
function pageExpired(state: ReflectorState, error: KubeInformerError, inputs: Inputs): Step {
  const token = error.facts.continueToken
  if (token !== undefined && state.pageExpiries < pageExpiriesMax) {
    const next = { ...state, continueToken: token, pageExpiries: state.pageExpiries + 1 }
    // Not counted as a failure, and without a pause the first time: the token is as good as a page.
    return state.pageExpiries === 0
      ? andThen(leave(next, 'page'), (left) => openPage(left, inputs))
      : backOff(next, error, 'page', inputs)
  }
  if (state.listMode === 'unpaged') return backOff({ ...state, listMode: 'paged' }, error, 'list', inputs)
  return relistNow(state, error, inputs, { listMode: 'unpaged' })
}

/** An error that means: this version cannot be watched from. */
function needsList(error: KubeInformerError): boolean {
  if (error.code === 'ERR_VERSION_EXPIRED' || error.code === 'ERR_VERSION_TOO_LARGE') return true
  return error.facts.status === 400 && /resource ?version/i.test(error.message)
}

/** A watch ended in an ERROR event, or its request failed. */
export function watchFailed(
  state: ReflectorState,
  error: KubeInformerError,
  isEvent: boolean,
  inputs: Inputs,
): Step {
  if (needsList(error)) {
    // Pages span versions: if their lowest is too old to watch from, one consistent list is the way out.
    if (state.isFromPages) return relistNow(state, error, inputs, { listMode: 'unpaged', isFromPages: false })
    return relistAfter(state, error, inputs)
  }
  // Only a stream that was open can show that this version leads nowhere; a server that is down shows nothing.
  if (!isEvent) return fail(state, error, 'watch', inputs)
  const errorResumes = state.hasProgress ? 0 : state.errorResumes + 1
  if (error.code === 'ERR_API_STATUS' && errorResumes >= errorResumesMax) {
    return backOff({ ...state, errorResumes: 0 }, error, 'list', inputs)
  }
  return fail({ ...state, errorResumes }, error, 'watch', inputs)
}
