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

export type JsonObject = Readonly<Record<string, unknown>>

export interface AuditedCache {
  readonly size: number
  get(key: string): unknown
  keys(): Iterable<string>
}

const examplesMax = 10

/**
 * Compares three independent views of one collection: what the server lists (page by page), the cache, and what a
 * listener was told.
 *
 * Deep equality per object, less the dropped fields; `apiVersion` and `kind` are not missed where the list lacks them
 * (lists of built-in kinds do). Nothing may change meanwhile: the cache is read once per object.
 */
export class Audit {
  readonly #cache: AuditedCache
  readonly #fold: Fold
  readonly #droppedPaths: readonly (readonly string[])[]
  readonly #listed = new Set<string>()
  readonly #examples: string[] = []
  #missing = 0
  #different = 0

  constructor(options: {
    readonly cache: AuditedCache
    readonly fold: Fold
    /** Dotted paths that the cache leaves out. */
    readonly dropFields: readonly string[]
  }) {
    this.#cache = options.cache
    this.#fold = options.fold
    this.#droppedPaths = options.dropFields.map((path) => path.split('.'))
  }

  /** Some of the server's objects, as JSON.parse gave them; they are ours to change. */
  compare(items: Iterable<JsonObject>): void {
    for (const item of items) {
      const key = keyOfItem(item)
      this.#listed.add(key)
      const cached = this.#cache.get(key) as JsonObject | undefined
      if (cached === undefined) {
        this.#missing++
        this.#note(key, 'listed, not cached')
        continue
      }
      const place = firstDifference(expected(item, cached, this.#droppedPaths), cached)
      if (place === undefined) continue
      this.#different++
      this.#note(key, `differs at ${place}`)
    }
  }

  /** Call once, after the last page. */
  finish(): AuditResult {
    const fold = this.#fold
    let extra = 0
    let isFolded = fold.violations === 0 && fold.size === this.#cache.size
    if (!isFolded) this.#note('fold', `${fold.size} objects, ${fold.violations} contradictions`)
    for (const key of this.#cache.keys()) {
      if (!this.#listed.has(key)) {
        extra++
        this.#note(key, 'cached, not listed')
      }
      const told = fold.get(key)
      const cached = this.#cache.get(key) as
        | { metadata: { uid: string; resourceVersion: string } }
        | undefined
      if (
        told === undefined ||
        told.uid !== cached?.metadata.uid ||
        told.resourceVersion !== cached.metadata.resourceVersion
      ) {
        isFolded = false
        this.#note(
          key,
          `cached at ${cached?.metadata.resourceVersion}, told ${told?.resourceVersion ?? 'nothing'}`,
        )
      }
    }
    return {
      ok: this.#missing === 0 && extra === 0 && this.#different === 0 && isFolded,
      compared: this.#listed.size,
      missing: this.#missing,
      extra,
      different: this.#different,
      fold: isFolded,
      examples: this.#examples,
    }
  }

  #note(key: string, text: string): void {
    if (this.#examples.length < examplesMax) this.#examples.push(`${key}: ${text}`)
  }
}

export function keyOfItem(item: JsonObject): string {
  const { namespace, name } = item['metadata'] as { readonly namespace?: string; readonly name: string }
  return namespace ? `${namespace}/${name}` : name
}

/** The listed object as the cache should hold it. */
function expected(item: JsonObject, cached: JsonObject, dropped: readonly (readonly string[])[]): JsonObject {
  const result: Record<string, unknown> = { ...item }
  for (const name of ['apiVersion', 'kind']) {
    if (!(name in item) && name in cached) result[name] = cached[name]
  }
  for (const path of dropped) removePath(result, path)
  return result
}

function removePath(object: Record<string, unknown>, path: readonly string[]): void {
  let at = object
  for (const name of path.slice(0, -1)) {
    const next = at[name]
    if (typeof next !== 'object' || next === null) return
    at = next as Record<string, unknown>
  }
  delete at[path.at(-1) as string]
}

/** undefined: deeply equal. Else where, for the one who has to find the bug: `spec.containers.0.image`. */
export function firstDifference(a: unknown, b: unknown): string | undefined {
  if (isDeepStrictEqual(a, b)) return undefined
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return 'value'
  const left = a as JsonObject
  const right = b as JsonObject
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    if (!Object.hasOwn(left, key) || !Object.hasOwn(right, key)) return key
    const inner = firstDifference(left[key], right[key])
    if (inner !== undefined) return inner === 'value' ? key : `${key}.${inner}`
  }
  return 'value'
}
