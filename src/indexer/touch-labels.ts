import type { VersionCell } from '../protocol/record-store.ts'

/** Header and labels lie in the first lines of a record. */
const lineBytes = 64

/**
 * Reads a byte of each cache line that a look at the labels of these records will need. Records lie far apart, and a
 * look is long: one after another, each would wait for memory several times. These reads depend on nothing, so that the
 * processor has many of them under way at once.
 *
 * @returns something that depends on every read, or the compiler would leave them out
 */
export function touchLabels<E>(cells: readonly VersionCell<E>[], start: number, end: number): number {
  let sum = 0
  for (let i = start; i < end; i++) {
    const { slab, offset } = cells[i] as VersionCell<E>
    const { bytes } = slab
    if (offset + 3 * lineBytes > bytes.length) continue
    sum +=
      (bytes[offset] as number) +
      (bytes[offset + lineBytes] as number) +
      (bytes[offset + 2 * lineBytes] as number)
  }
  return sum
}
