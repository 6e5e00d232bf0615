import { isComparable, parseResourceVersion } from '../protocol/resource-version.ts'

/** False also when they cannot be compared (some aggregated APIs): nothing may follow from that. */
export function isBelow(version: string, known: string | undefined): boolean {
  if (known === undefined) return false
  const a = parseResourceVersion(version)
  const b = parseResourceVersion(known)
  return isComparable(a) && isComparable(b) && a < b
}

/** The higher one; the newer one if they cannot be compared. */
export function raise(known: string | undefined, version: string): string {
  return known !== undefined && isBelow(version, known) ? known : version
}
