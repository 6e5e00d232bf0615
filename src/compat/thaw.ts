import { setOwn } from '../protocol/json-text.ts'

/** A copy that may be changed: cached objects are frozen, and shared by whoever reads them. */
export function thaw<T>(value: T): T {
  return copy(value) as T
}

function copy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copy)
  const made: Record<string, unknown> = {}
  for (const key of Object.keys(value)) setOwn(made, key, copy((value as Record<string, unknown>)[key]))
  return made
}
