import { failures } from './status.ts'

/** What a WATCH asks for, once its parameters are found valid. */
export interface WatchRequest {
  /** Send the state as ADDED events first. */
  readonly hasInitialEvents: boolean
  readonly hasBookmarks: boolean
  /** Events after this version; with initial events: at least this version. undefined: the newest. */
  readonly version: number | undefined
  readonly timeoutSeconds: number | undefined
  readonly namespace: string | undefined
  readonly labelSelector: string
  readonly fieldSelector: string
}

export function isTrue(value: string | null): boolean {
  return value !== null && value !== 'false' && value !== '0'
}

/** undefined for '', a number otherwise; throws 400 for what is no version. */
export function parseVersion(text: string): number | undefined {
  if (text === '') return undefined
  if (!/^\d{1,15}$/.test(text)) {
    throw failures.badRequest(`Invalid value: ${JSON.stringify(text)}: invalid resource version`)
  }
  return Number(text)
}

export function parseWatchRequest(
  query: URLSearchParams,
  namespace: string | undefined,
  allowsWatchList: boolean,
): WatchRequest {
  const match = query.get('resourceVersionMatch') ?? ''
  const asked = query.get('sendInitialEvents')
  const version = parseVersion(query.get('resourceVersion') ?? '')
  if (asked !== null && !allowsWatchList) {
    throw failures.invalidField(
      'sendInitialEvents',
      'Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled',
    )
  }
  if (asked === null && match !== '') {
    throw failures.invalidField(
      'resourceVersionMatch',
      'Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
    )
  }
  if (asked !== null && match !== 'NotOlderThan') {
    throw failures.invalidField(
      'resourceVersionMatch',
      `${match === '' ? 'Forbidden' : 'Unsupported value'}: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan`,
    )
  }
  const timeout = query.get('timeoutSeconds')
  if (timeout !== null && !/^\d{1,9}$/.test(timeout)) {
    throw failures.badRequest(`Invalid value: ${JSON.stringify(timeout)}: timeoutSeconds`)
  }
  // A watch from nowhere or from 0 is promoted to the stream of initial events by the server itself.
  const isFromAny = version === undefined || version === 0
  return {
    hasInitialEvents: asked === null ? isFromAny : isTrue(asked),
    hasBookmarks: isTrue(query.get('allowWatchBookmarks')),
    version: version === 0 ? undefined : version,
    timeoutSeconds: timeout === null || timeout === '0' ? undefined : Number(timeout),
    namespace,
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
  }
}
