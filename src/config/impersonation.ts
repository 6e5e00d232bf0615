import type { KubeInformerError } from '../errors.ts'
import type { RequestHeaders } from '../protocol/messages.ts'

/** Whom to act as; the credentials' own user needs the right to (`kubectl --as`). */
export interface Impersonation {
  readonly user: string
  readonly groups?: readonly string[] | undefined
  readonly uid?: string | undefined
  /** Further facts of the user: a list of values each, e.g. `{ scopes: ['view'] }`. */
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined
}

/** The headers; `refuse` makes the error for a part (`user`, `groups` …) that is not what it must be. */
export function impersonationHeaders(
  options: { readonly [Part in keyof Impersonation]?: unknown },
  refuse: (part: string, why: string) => KubeInformerError,
): RequestHeaders {
  const { user, groups, uid, extra } = options
  if (typeof user !== 'string' || user === '') {
    throw refuse('user', 'must be the name of a user: groups, uid and extra are nothing without one')
  }
  if (uid !== undefined && typeof uid !== 'string') throw refuse('uid', 'must be a string')
  const extras = extra === undefined || extra === null ? {} : extra
  if (typeof extras !== 'object' || Array.isArray(extras)) {
    throw refuse('extra', 'must be an object with lists of strings')
  }
  const values = (part: string, value: unknown): string[] => {
    if (!isTexts(value)) throw refuse(part, 'must be a list of strings')
    return value.map((each) => headerValue(each, () => refuse(part, 'holds a control character')))
  }
  const headers: Record<string, string[]> = {
    'impersonate-user': values('user', [user]),
    'impersonate-group': values('groups', groups ?? []),
    'impersonate-uid': values('uid', uid === undefined ? [] : [uid]),
  }
  for (const [key, value] of Object.entries(extras)) {
    const name = `impersonate-extra-${escapeKey(key).toLowerCase()}`
    // Headers know no case: keys that differ by it alone are one, as on the server.
    headers[name] = [...(headers[name] ?? []), ...values('extra', value)]
  }
  return Object.fromEntries(Object.entries(headers).filter(([, list]) => list.length > 0))
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

/** Its UTF-8 bytes, as client-go sends them: headers are written byte by byte, other letters would be refused. */
function headerValue(text: string, refuse: () => KubeInformerError): string {
  if (/[^\t -~\u0080-\uffff]/.test(text)) throw refuse()
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** As client-go: what a header's name cannot hold goes as %XX, and the server undoes that. */
function escapeKey(key: string): string {
  const bytes = [...Buffer.from(key, 'utf8')]
  return bytes
    .map((byte) => {
      const letter = String.fromCharCode(byte)
      return /[A-Za-z0-9!#$&'*+.^_`|~-]/.test(letter)
        ? letter
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')
}
