import type { DeltaSink } from '../delta.ts'

/** For answers of which only the version is wanted. */
export const nothing: DeltaSink = {
  object() {},
  typeMeta() {},
  lastVersion: () => Number.NaN,
  lastVersionText: () => undefined,
  listStart: () => 0,
  listEnd() {},
  listAbort() {},
  bookmark() {},
  watchStart() {},
}
