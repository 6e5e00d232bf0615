import { isRecord, type JsonRecord } from './json-object.ts'

/** RFC 7386. Strategic merge patches are taken as merge patches: lists are replaced, not merged by key. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch
  const result: JsonRecord = isRecord(target) ? { ...target } : {}
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete result[field]
    else result[field] = mergePatch(result[field], value)
  }
  return result
}
