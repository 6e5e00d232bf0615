import { type ErrorCode, type ErrorFacts, KubeInformerError } from '../src/errors.ts'

/** What of a Kubernetes `Status` decides what happens next. Everything is optional: the sender may be a proxy. */
export interface ApiStatus {
  readonly code: number
  readonly reason: string
  readonly message: string
  readonly causes: readonly {
    readonly reason: string
    readonly field: string
    readonly message: string
  }[]
  readonly retryAfterMs?: number
  /** On an expired page: where a list may go on, at a newer version. */
  readonly continueToken?: string
}

/** A server that asks for more patience than this is asked again anyway. */
const retryAfterMsMax = 5 * 60_000
const messageLengthMax = 500
const causeCountMax = 16

/** Never throws, whatever `body` is; `code` stands in when it says none. */
export function readStatus(body: unknown, code = 0): ApiStatus {
  const status = record(body)
  const details = record(status['details'])
  const causes = Array.isArray(details['causes']) ? details['causes'].slice(0, causeCountMax) : []
  const seconds = details['retryAfterSeconds']
  const token = record(status['metadata'])['continue']
  return {
    code: typeof status['code'] === 'number' ? status['code'] : code,
    reason: text(status['reason']),
    message: text(status['message']),
    causes: causes.map((cause: unknown) => ({
      reason: text(record(cause)['reason']),
      field: text(record(cause)['field']),
      message: text(record(cause)['message']),
    })),
    ...(typeof seconds === 'number' && seconds > 0 && { retryAfterMs: boundRetryAfter(seconds * 1000) }),
    ...(typeof token === 'string' && token !== '' && { continueToken: token }),
  }
}

/** `Retry-After`: seconds, or an HTTP date (compared with the wall clock `nowMs`). */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined
  const value = header.trim()
  if (/^\d{1,9}$/.test(value)) return boundRetryAfter(Number(value) * 1000)
  const at = Date.parse(value)
  return Number.isNaN(at) ? undefined : boundRetryAfter(at - nowMs)
}

function boundRetryAfter(ms: number): number {
  return Math.min(Math.max(ms, 0), retryAfterMsMax)
}

/** `text` is what the message says; the status' own message when absent. */
export function statusError(
  status: ApiStatus,
  options: { readonly message?: string; readonly resource?: string } = {},
): KubeInformerError {
  const facts: ErrorFacts = {
    ...(status.code > 0 && { status: status.code }),
    ...(status.reason !== '' && { reason: status.reason }),
    ...(status.retryAfterMs !== undefined && { retryAfterMs: status.retryAfterMs }),
    ...(options.resource !== undefined && { resource: options.resource }),
  }
  const message = options.message ?? status.message
  const shown = message === '' ? `the API server answered ${status.code || 'with an error'}` : message
  return new KubeInformerError(codeOf(status), shown, { facts })
}

function codeOf(status: ApiStatus): ErrorCode {
  const { code, reason } = status
  if (code === 410 || reason === 'Expired' || reason === 'Gone') return 'ERR_VERSION_EXPIRED'
  if (isVersionTooLarge(status)) return 'ERR_VERSION_TOO_LARGE'
  if (code === 401) return 'ERR_UNAUTHORIZED'
  if (code === 403) return 'ERR_FORBIDDEN'
  if (code === 404) return 'ERR_NOT_FOUND'
  if (code === 429) return 'ERR_THROTTLED'
  return 'ERR_API_STATUS'
}

/** Servers say it in three ways: a cause's reason, a cause's message, or the message of a Timeout. */
function isVersionTooLarge(status: ApiStatus): boolean {
  if (status.reason !== 'Timeout' && status.code !== 504) return false
  const texts = [status.message, ...status.causes.flatMap((cause) => [cause.reason, cause.message])]
  return texts.some((one) => one === 'ResourceVersionTooLarge' || one.includes('Too large resource version'))
}

/** Whether the server refuses what makes a watch a WatchList, rather than this user or this moment. */
export function refusesInitialEvents(status: ApiStatus): boolean {
  if ([400, 405, 406, 415, 422].includes(status.code)) return true
  const fields = status.causes.map((cause) => cause.field)
  return fields.includes('sendInitialEvents') || fields.includes('resourceVersionMatch')
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, messageLengthMax) : ''
}
