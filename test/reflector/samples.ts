import { type ErrorCode, type ErrorFacts, KubeInformerError } from '../../src/errors.ts'
import {
  type EventName,
  initialState,
  type ReflectorEvent,
  type ReflectorState,
  type StateName,
} from '../../src/reflector/state.ts'

type ErrorName =
  | 'connection'
  | 'internal'
  | 'throttled'
  | 'unauthorized'
  | 'forbidden'
  | 'notFound'
  | 'expired'
  | 'expiredWithToken'
  | 'tooLarge'
  | 'refusedStream'
  | 'badVersion'
  | 'badRequest'

const nowMs = 1_000_000
const synced: ReflectorState = { ...initialState, hasSynced: true, version: '100', knownVersion: '100' }
const listing: ReflectorState = {
  ...initialState,
  holdsPermit: true,
  inBracket: true,
  openedAtMs: nowMs - 100_000,
  progressAtMs: nowMs - 100_000,
}
const watching: ReflectorState = {
  ...synced,
  plan: 'watch',
  openedAtMs: nowMs - 100_000,
  progressAtMs: nowMs - 100_000,
}

/** One state of each name as it is in the middle of an ordinary life, 100 s after its request was opened. */
export const samples: Readonly<Record<StateName, ReflectorState>> = {
  idle: initialState,
  permit: { ...initialState, name: 'permit' },
  stream: { ...listing, name: 'stream' },
  list: { ...listing, name: 'list', listMode: 'paged', streamAgainAtMs: nowMs * 2 },
  drain: {
    ...listing,
    name: 'drain',
    plan: 'page',
    listMode: 'paged',
    continueToken: 'token',
    lowestVersion: '90',
  },
  watch: { ...watching, name: 'watch' },
  probe: { ...watching, name: 'probe', plan: 'probe' },
  backoff: { ...watching, name: 'backoff', attempt: 2 },
  credentials: { ...watching, name: 'credentials', didRefresh: true },
  stopped: { ...initialState, name: 'stopped' },
}

const status = (code: ErrorCode, facts: ErrorFacts = {}, message = 'because'): KubeInformerError =>
  new KubeInformerError(code, message, { facts })

export const errors: Readonly<Record<ErrorName, KubeInformerError>> = {
  connection: status('ERR_CONNECTION'),
  internal: status('ERR_API_STATUS', { status: 500 }),
  throttled: status('ERR_THROTTLED', { status: 429, retryAfterMs: 7_000 }),
  unauthorized: status('ERR_UNAUTHORIZED', { status: 401 }),
  forbidden: status('ERR_FORBIDDEN', { status: 403 }),
  notFound: status('ERR_NOT_FOUND', { status: 404 }),
  expired: status('ERR_VERSION_EXPIRED', { status: 410 }),
  expiredWithToken: status('ERR_VERSION_EXPIRED', { status: 410, continueToken: 'fresh' }),
  tooLarge: status('ERR_VERSION_TOO_LARGE', { status: 504 }),
  refusedStream: status('ERR_API_STATUS', { status: 422, fields: ['sendInitialEvents'] }),
  badVersion: status('ERR_API_STATUS', { status: 400 }, 'Invalid resourceVersion'),
  badRequest: status('ERR_API_STATUS', { status: 400 }),
}

/** One event of each name. */
export const events: { readonly [E in EventName]: Extract<ReflectorEvent, { type: E }> } = {
  start: { type: 'start', resumeVersion: undefined, knownVersion: undefined },
  permit: { type: 'permit' },
  opened: { type: 'opened' },
  chunk: { type: 'chunk', added: 1, events: 1, version: '110' },
  bookmark: { type: 'bookmark', version: '120', isEnd: true },
  error: { type: 'error', error: errors.internal },
  ended: { type: 'ended' },
  failed: { type: 'failed', error: errors.connection },
  page: { type: 'page', version: '130', continueToken: '' },
  timer: { type: 'timer' },
  full: { type: 'full' },
  drained: { type: 'drained' },
  connection: { type: 'connection' },
  connectionFailed: { type: 'connectionFailed', error: errors.connection },
  relist: { type: 'relist' },
  stop: { type: 'stop' },
}
