import { type ContinueToken, decodeContinue } from './continue-token.ts'
import { failures } from './status.ts'
import { isTrue, parseVersion } from './watch-request.ts'

/** Which state a LIST wants. `notOlderThan` 0: any will do. */
export type ListVersion =
  | { readonly kind: 'newest' }
  | { readonly kind: 'notOlderThan'; readonly version: number }
  | { readonly kind: 'exact'; readonly version: number }
  | { readonly kind: 'continue'; readonly token: ContinueToken }

export interface ListRequest {
  readonly wants: ListVersion
  /** 0: everything in one answer. */
  readonly limit: number
  readonly namespace: string | undefined
  readonly labelSelector: string
  readonly fieldSelector: string
}

export function parseListRequest(query: URLSearchParams, namespace: string | undefined): ListRequest {
  const limitText = query.get('limit') ?? ''
  if (!/^\d{0,9}$/.test(limitText))
    throw failures.badRequest(`Invalid value: ${JSON.stringify(limitText)}: limit`)
  if (isTrue(query.get('sendInitialEvents'))) {
    throw failures.invalidField('sendInitialEvents', 'Forbidden: sendInitialEvents is forbidden for list')
  }
  const limit = Number(limitText)
  const wants = parseListVersion(query, limit)
  return {
    wants,
    // A list from the cache at "any version" comes whole, whatever its limit.
    limit: wants.kind === 'notOlderThan' && wants.version === 0 ? 0 : limit,
    namespace,
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
  }
}

function parseListVersion(query: URLSearchParams, limit: number): ListVersion {
  const versionText = query.get('resourceVersion') ?? ''
  const match = query.get('resourceVersionMatch') ?? ''
  const token = query.get('continue') ?? ''
  if (token !== '') {
    if (match !== '') {
      throw failures.invalidField(
        'resourceVersionMatch',
        'Forbidden: resourceVersionMatch is forbidden with continue',
      )
    }
    if (versionText !== '' && versionText !== '0') {
      throw failures.badRequest('specifying resource version is not allowed when using continue')
    }
    return { kind: 'continue', token: decodeContinue(token) }
  }
  const version = parseVersion(versionText)
  if (version === undefined) {
    if (match === '') return { kind: 'newest' }
    throw failures.invalidField(
      'resourceVersionMatch',
      'Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
    )
  }
  if (match === 'Exact') {
    if (version === 0) {
      throw failures.invalidField(
        'resourceVersionMatch',
        'Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
      )
    }
    return { kind: 'exact', version }
  }
  if (match !== '' && match !== 'NotOlderThan') {
    throw failures.invalidField('resourceVersionMatch', `Unsupported value: ${JSON.stringify(match)}`)
  }
  // A paged list at a version without a match means that very version, for ever (API concepts, "get and list").
  if (match === '' && version > 0 && limit > 0) return { kind: 'exact', version }
  return { kind: 'notOlderThan', version }
}
