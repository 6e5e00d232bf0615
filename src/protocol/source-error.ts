import { KubeInformerError } from '../errors.ts'
import { statusObjectError } from './status-error.ts'

/**
 * What a user's list or watch function threw. A number under `code` or `statusCode` is an HTTP status; a Status in `body`
 * (as client-node's ApiException has it) and a Retry-After in `headers` count as a server's. Never throws.
 */
export function sourceError(thrown: unknown, what: string): KubeInformerError {
  try {
    if (thrown instanceof KubeInformerError) return thrown
    const { code, statusCode, body, headers } = membersOf(thrown)
    const status = [code, statusCode].find(isHttpStatus)
    if (status !== undefined) {
      const said = typeof body === 'string' ? parsed(body) : body
      const isStatus = membersOf(said)['kind'] === 'Status'
      const retryAfterSeconds = Number(membersOf(headers)['retry-after'])
      return statusObjectError(
        isStatus ? said : { message: messageOf(thrown) },
        status,
        retryAfterSeconds > 0 ? retryAfterSeconds * 1000 : undefined,
        'the source',
      )
    }
    const message = messageOf(thrown)
    return new KubeInformerError('ERR_SOURCE_FAILED', `${what} failed${message && `: ${message}`}`, {
      ...(thrown instanceof Error && { cause: thrown }),
    })
  } catch {
    // Its own members throw.
    return new KubeInformerError('ERR_SOURCE_FAILED', `${what} failed`)
  }
}

function isHttpStatus(code: unknown): code is number {
  return typeof code === 'number' && code >= 400 && code <= 599
}

/** A client's message may hold a whole answer. */
const messageLengthMax = 500

function messageOf(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : typeof thrown === 'string' ? thrown : ''
  return message.slice(0, messageLengthMax)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function membersOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
