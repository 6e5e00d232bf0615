/**
 * A batch: one ArrayBuffer, written by a watch, transferred, read by main.
 *
 * ```
 *  0  u32 magic   4 u32 extras bytes   8 u32 rows   12 u32 keys offset   16 u32 records offset   20 u32 used bytes
 * 24  f64 incarnation   32 f64 epoch   40 f64 structures from   48 f64 values from   56 f64 safe version; NaN: see extras.safe
 * 64  extras: msgpackr, {@link BatchExtras}; padded to 8. No bytes when there are none, as in most batches
 *  …  rows: rowFloats × f64 each
 *  …  keys: UTF-8, back to back
 *  …  records (record-layout.ts), back to back
 * ```
 * Rows are fixed numbers and keys plain bytes, not msgpackr: its strings are slices of one long string, so that a
 * single key that lives on would keep the text of a whole batch alive.
 */
export const batchMagic = 0x4b494231
export const batchPrefixBytes = 64
export const rowFloats = 9

/** Columns of a row. Offsets count from the records offset; a length of 0 means: no such record. */
export const rowFields: {
  readonly keyBytes: 0
  readonly generation: 1
  /** The version `gone` counts at: the entry's newest if no `here` follows, else its own. NaN: see header.versions. */
  readonly goneVersion: 2
  readonly goneOffset: 3
  readonly goneBytes: 4
  readonly hereOffset: 5
  readonly hereBytes: 6
  readonly receivedAtMs: 7
  readonly flags: 8
} = {
  keyBytes: 0,
  generation: 1,
  goneVersion: 2,
  goneOffset: 3,
  goneBytes: 4,
  hereOffset: 5,
  hereBytes: 6,
  receivedAtMs: 7,
  flags: 8,
}

/** Row flags. */
export const rowFromList = 1

export type MarkerKind = 'start' | 'end' | 'abort' | 'stamp'

export interface BatchMarker {
  /** Applied before the row of this index. */
  readonly row: number
  readonly kind: MarkerKind
  readonly generation: number
  readonly version?: string
  /** `end`: the newest version of any page, if it is another one. */
  readonly knownVersion?: string
  readonly reset?: boolean
  readonly key?: string
}

/** What only some batches have. */
export interface BatchExtras {
  readonly structures: readonly (readonly string[])[]
  readonly values: readonly string[]
  readonly markers: readonly BatchMarker[]
  /** The safe version, if it is no safe integer. */
  readonly safe?: string
  /** Versions that are no safe integers, by row: [row, text, …]. */
  readonly versions?: readonly (readonly [number, string])[]
}

export const noExtras: BatchExtras = { structures: [], values: [], markers: [] }

export interface BatchHeader extends BatchExtras {
  readonly incarnation: number
  readonly epoch: number
  /** Lengths main's dictionaries must have before the additions; anything else is a mix-up and refused. */
  readonly structuresFrom: number
  readonly valuesFrom: number
  /** Everything up to here is on main once this batch is applied; absent: nothing can be said. */
  readonly safe?: string
}
