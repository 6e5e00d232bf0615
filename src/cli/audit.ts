import { isDeepStrictEqual } from 'node:util'
import type { Fold } from './fold.ts'

export interface AuditResult {
  readonly ok: boolean
  /** Objects of the server's list that were compared with the cache. */
  readonly compared: number
  readonly missing: number
  readonly extra: number
  readonly different: number
  /** The listener's fold equals the cache, and no change contradicted an earlier one. */
  readonly fold: boolean
  /** Up to ten keys, for people: what is wrong with them. */
  readonly examples: readonly string[]
}

type Json = Readonly<Record<string, unknown>>

export interface AuditInput {
  /** The server's plain list, as JSON.parse gave it. */
  readonly items: Iterable<Json>
  readonly cache: { readonly size: number; get(key: string): unknown; keys(): Iterable<string> }
  readonly fold: Fold
  /** Dotted paths that the cache leaves out. */
  readonly dropFields: readonly string[]
}

/**
 * Compares three independent views of one collection: what the server lists, the cache, and what a listener was told.
 *
 * Deep equality per object, less the dropped fields; `apiVersion` and `kind` count only where both have them (lists of
 * built-in kinds leave them out).
 */
export function audit(input: AuditInput): AuditResult {
  const { cache, fold } = input
  const paths = input.dropFields.map((path) => path.split('.'))
  const listed = new Set<string>()
  const examples: string[] = []
  const note = (key: string, text: string) => {
    if (examples.length < 10) examples.push(`${key}: ${text}`)
  }
  let missing = 0
  let different = 0
  for (const item of input.items) {
    const key = keyOfItem(item)
    listed.add(key)
    const cached = cache.get(key)
    if (cached === undefined) {
      missing++
      note(key, 'listed, not cached')
      continue
    }
    const place = firstDifference(expected(item, cached as Json, paths), cached as Json)
    if (place !== undefined) {
      different++
      note(key, `differs at ${place}`)
    }
  }
  let extra = 0
  let isFolded = fold.violations === 0 && fold.size === cache.size
  if (!isFolded) note('fold', `${fold.size} objects, ${fold.violations} contradictions`)
  for (const key of cache.keys()) {
    if (!listed.has(key)) {
      extra++
      note(key, 'cached, not listed')
    }
    const told = fold.get(key)
    const metadata = (cache.get(key) as { metadata?: { uid?: string; resourceVersion?: string } } | undefined)
      ?.metadata
    if (told?.uid !== metadata?.uid || told?.resourceVersion !== metadata?.resourceVersion) {
      isFolded = false
      note(
        key,
        `listener was told version ${told?.resourceVersion ?? 'none'}, cached is ${metadata?.resourceVersion}`,
      )
    }
  }
  return {
    ok: missing === 0 && extra === 0 && different === 0 && isFolded,
    compared: listed.size,
    missing,
    extra,
    different,
    fold: isFolded,
    examples,
  }
}

export function keyOfItem(item: Json): string {
  const { namespace, name } = item['metadata'] as { namespace?: string; name: string }
  return namespace ? `${namespace}/${name}` : name
}

/** The listed object as the cache should hold it; changes `item` in place: it is ours. */
function expected(item: Json, cached: Json, dropped: readonly (readonly string[])[]): Json {
  const result: Record<string, unknown> = { ...item }
  for (const name of ['apiVersion', 'kind']) {
    if (!(name in item) && name in cached) result[name] = cached[name]
    // The reverse cannot be: a watch names both, a list of built-in kinds neither.
  }
  for (const path of dropped) removePath(result, path)
  return result
}

function removePath(object: Record<string, unknown>, path: readonly string[]): void {
  let at: unknown = object
  for (let i = 0; i < path.length - 1; i++) {
    at = (at as Record<string, unknown>)[path[i] as string]
    if (typeof at !== 'object' || at === null) return
  }
  delete (at as Record<string, unknown>)[path.at(-1) as string]
}

/** undefined: deeply equal. Else the path of the first difference, for the one who has to find the bug. */
export function firstDifference(a: unknown, b: unknown): string | undefined {
  if (isDeepStrictEqual(a, b)) return undefined
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return '.'
  const left = a as Json
  const right = b as Json
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const inner = firstDifference(left[key], right[key])
    if (inner === '.') return key
    if (inner !== undefined) return `${key}.${inner}`
    if (!(key in left) || !(key in right)) return key
  }
  return '.'
}
