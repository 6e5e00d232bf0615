import { nodeRuntime } from '../src/base/runtime.ts'
import { type ErrorCode, type ErrorFacts, KubeInformerError } from '../src/errors.ts'

/** The parts of a `Status` that decide what to do. */
interface StatusBody {
  readonly kind?: unknown
  readonly code?: unknown
  readonly message?: unknown
  readonly reason?: unknown
  readonly details?: {
    readonly retryAfterSeconds?: unknown
    readonly causes?: readonly {
      readonly reason?: unknown
      readonly field?: unknown
      readonly message?: unknown
    }[]
  }
  readonly metadata?: { readonly continue?: unknown }
}

/** Longest part of a server's message that is shown. */
const messageLengthMax = 500

/** An answer that is no success, or an ERROR event, as a coded error. `retryAfter`: the header's text, or empty. */
export function statusError(httpStatus: number, retryAfter: string, body: string): KubeInformerError {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    parsed = undefined
  }
  return statusObjectError(parsed, httpStatus, retryAfter)
}

/** The object of an ERROR event. */
export function statusObjectError(object: unknown, httpStatus = 0, retryAfter = ''): KubeInformerError {
  const status: StatusBody = typeof object === 'object' && object !== null ? object : {}
  const code = typeof status.code === 'number' && status.kind === 'Status' ? status.code : httpStatus
  const reason = typeof status.reason === 'string' ? status.reason : ''
  const message = typeof status.message === 'string' ? status.message.slice(0, messageLengthMax) : ''
  const causes = Array.isArray(status.details?.causes) ? status.details.causes : []
  const seconds = status.details?.retryAfterSeconds
  const retryAfterMs =
    parseRetryAfter(retryAfter) ?? (typeof seconds === 'number' ? seconds * 1000 : undefined)
  const token = status.metadata?.continue
  const fields = causes.flatMap(({ field }) => (typeof field === 'string' ? [field] : []))
  const facts: ErrorFacts = {
    status: code,
    ...(reason !== '' && { reason }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(typeof token === 'string' && token !== '' && { continueToken: token }),
    ...(fields.length > 0 && { fields }),
  }
  const shown = [code || 'no status', reason, message].filter((part) => part !== '').join(' ')
  return new KubeInformerError(codeOf(code, reason, message, causes), `the API server answered ${shown}`, {
    facts,
  })
}

function codeOf(
  code: number,
  reason: string,
  message: string,
  causes: readonly { readonly reason?: unknown; readonly message?: unknown }[],
): ErrorCode {
  if (code === 401) return 'ERR_UNAUTHORIZED'
  if (code === 403) return 'ERR_FORBIDDEN'
  if (code === 404) return 'ERR_NOT_FOUND'
  if (code === 410 || reason === 'Expired' || reason === 'Gone') return 'ERR_VERSION_EXPIRED'
  if (code === 429) return 'ERR_THROTTLED'
  const tooLarge =
    causes.some((cause) => cause.reason === 'ResourceVersionTooLarge') ||
    (code === 504 && message.includes('Too large resource version'))
  if (tooLarge) return 'ERR_VERSION_TOO_LARGE'
  return 'ERR_API_STATUS'
}

/** Seconds or an HTTP date; undefined when it is neither. A date is compared with the header's own clock: ours. */
export function parseRetryAfter(text: string, nowMs: number = nodeRuntime.nowMs()): number | undefined {
  if (text === '') return undefined
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs)
}
