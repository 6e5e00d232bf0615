/**
 * A resourceVersion made comparable (KEP-5504: decimal, up to 2^128 - 1, ordered within one resource type).
 *
 * `number` when it is a safe integer, `bigint` above, `NaN` when the server's text is not a decimal number (some
 * aggregated APIs). `<`, `<=` and `===` work across the first two; every comparison with `NaN` is false, so rules
 * must be written so that false means "do not drop": `if (version <= cached) drop`, never `if (!(version > cached))`.
 */
export type ResourceVersion = number | bigint

/** The version of nothing: below every version a server gives. */
export const noVersion = 0

export function parseResourceVersion(text: string): ResourceVersion {
  const length = text.length
  if (length === 0 || length > 39) return Number.NaN
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i)
    if (c < 48 || c > 57) return Number.NaN
  }
  // A leading zero is not a version (KEP-5504); "0" itself means "any" in requests and never names an object.
  if (text.charCodeAt(0) === 48 && length > 1) return Number.NaN
  if (length <= 15) return Number(text)
  const big = BigInt(text)
  return big <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(big) : big
}

export function isComparable(version: ResourceVersion): boolean {
  return !Number.isNaN(version)
}

export function maxVersion(a: ResourceVersion, b: ResourceVersion): ResourceVersion {
  return a < b ? b : a
}
