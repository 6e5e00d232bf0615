import { cutText } from '../base/redact.ts'
import { type ErrorCode, type ErrorFacts, KubeInformerError } from '../errors.ts'

/** Longest part of a server's message that is shown. Whoever takes secrets out later knows where it was cut. */
const messageLengthMax = 500
const causeCountMax = 16

interface Cause {
  readonly reason: string
  readonly field: string
  readonly message: string
}

/** An answer that is no success: `body` may be a Status, a proxy's HTML, or nothing. Never throws. */
export function statusError(
  httpStatus: number,
  retryAfterMs: number | undefined,
  body: string,
  who = 'the API server',
  shown: (text: string) => string = (said) => said,
): KubeInformerError {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    // The status says enough.
  }
  return statusObjectError(parsed, httpStatus, retryAfterMs, who, shown)
}

/**
 * A Status object (an ERROR event's, a body's), or whatever stood there, as a coded error. `shown` takes secrets out of
 * what it says, before it is cut.
 */
export function statusObjectError(
  object: unknown,
  httpStatus = 0,
  retryAfterMs?: number,
  who = 'the API server',
  shown: (text: string) => string = (said) => said,
): KubeInformerError {
  const status = record(object)
  const code = status['kind'] === 'Status' && typeof status['code'] === 'number' ? status['code'] : httpStatus
  const text = (value: unknown): string =>
    typeof value === 'string' ? cutText(shown(value), messageLengthMax) : ''
  const reason = text(status['reason'])
  const message = text(status['message'])
  const details = record(status['details'])
  const causes = causesOf(details, text)
  const seconds = details['retryAfterSeconds']
  const wait = retryAfterMs ?? (typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : undefined)
  const token = record(status['metadata'])['continue']
  const fields = causes.flatMap(({ field }) => (field === '' ? [] : [field]))
  const facts: ErrorFacts = {
    ...(code > 0 && { status: code }),
    ...(reason !== '' && { reason }),
    ...(wait !== undefined && { retryAfterMs: wait }),
    ...(typeof token === 'string' && token !== '' && { continueToken: shown(token) }),
    ...(fields.length > 0 && { fields }),
  }
  // Some say the same word as both.
  const words = reason === message ? [reason] : [reason, message]
  const parts = [code > 0 ? String(code) : 'with no status', ...words].filter((part) => part !== '')
  return new KubeInformerError(codeOf(code, reason, message, causes), `${who} answered ${parts.join(' ')}`, {
    facts,
  })
}

/** `Retry-After`: seconds, or an HTTP date, which is compared with `nowMs`. As the server says it, however long. */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  const value = header?.trim() ?? ''
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000
  const at = value === '' ? Number.NaN : Date.parse(value)
  return Number.isNaN(at) ? undefined : Math.max(at - nowMs, 0)
}

function codeOf(code: number, reason: string, message: string, causes: readonly Cause[]): ErrorCode {
  if (code === 401) return 'ERR_UNAUTHORIZED'
  if (code === 403) return 'ERR_FORBIDDEN'
  if (code === 404) return 'ERR_NOT_FOUND'
  if (code === 410 || reason === 'Expired' || reason === 'Gone') return 'ERR_VERSION_EXPIRED'
  if (code === 429) return 'ERR_THROTTLED'
  // Servers say it in three ways: a cause's reason, a cause's message, or the message of a Timeout.
  const said = [message, ...causes.map((cause) => cause.message)]
  const isTooLarge =
    causes.some((cause) => cause.reason === 'ResourceVersionTooLarge') ||
    (code === 504 && said.some((one) => /too large resource ?version/i.test(one)))
  return isTooLarge ? 'ERR_VERSION_TOO_LARGE' : 'ERR_API_STATUS'
}

function causesOf(details: Record<string, unknown>, text: (value: unknown) => string): Cause[] {
  const causes = Array.isArray(details['causes']) ? details['causes'].slice(0, causeCountMax) : []
  return causes.map((cause: unknown) => {
    const { reason, field, message } = record(cause)
    return { reason: text(reason), field: text(field), message: text(message) }
  })
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
