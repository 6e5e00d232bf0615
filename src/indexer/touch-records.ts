import { tailOffset } from '../protocol/record-header.ts'
import type { VersionCell } from '../protocol/record-store.ts'

/**
 * Reads a byte wherever a comparison of the first `count` of these records with newer versions will look: their header and
 * their tail. As touch-labels.ts, but step by step for all of them: where the tail is stands in the header.
 *
 * @returns something that depends on every read, or the compiler would leave them out
 */
export function touchRecords<E>(cells: readonly (VersionCell<E> | undefined)[], count: number): number {
  let sum = 0
  for (let i = 0; i < count; i++) {
    const cell = cells[i]
    if (cell !== undefined) sum += (cell.slab.bytes[cell.offset] as number) + cell.key.length
  }
  for (let i = 0; i < count; i++) {
    const cell = cells[i]
    if (cell !== undefined) sum += cell.slab.bytes[tailOffset(cell.slab.bytes, cell.offset)] as number
  }
  return sum
}
