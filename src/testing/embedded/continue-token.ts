import { failures } from './status.ts'

/** Where the next page of a list begins. */
export interface ContinueToken {
  /** undefined: at the newest version, a list that was carried on after its own version expired. */
  readonly version: number | undefined
  /** Last key of the page before. */
  readonly after: string
}

export function encodeContinue(token: ContinueToken): string {
  const text = JSON.stringify({ v: 'meta.k8s.io/v1', rv: token.version ?? -1, start: `${token.after}\u0000` })
  return Buffer.from(text, 'utf8').toString('base64url')
}

export function decodeContinue(text: string): ContinueToken {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    const { v, rv, start } = parsed as { v?: unknown; rv?: unknown; start?: unknown }
    if (
      v === 'meta.k8s.io/v1' &&
      typeof rv === 'number' &&
      typeof start === 'string' &&
      start.endsWith('\u0000')
    ) {
      return { version: rv === -1 ? undefined : rv, after: start.slice(0, -1) }
    }
  } catch {
    // Not base64, not JSON, not an object: refused below with the others.
  }
  throw failures.badRequest('continue key is not valid')
}
