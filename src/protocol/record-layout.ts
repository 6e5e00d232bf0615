/**
 * How one object lies in a slab: a header both threads read without unpacking, then the body.
 *
 * ```
 *  0  u8   flags
 *  1  u8   number of columns
 *  2  u16  zero
 *  4  u32  body offset        (from the record's start; header texts and columns lie before it)
 *  8  u32  labels offset      (from the record's start, at the MessagePack map of metadata.labels; 0: no labels)
 * 12  f64  resourceVersion    (NaN: see versionText)
 * 20  16 bytes uid            (the UUID's bytes; see uidText)
 * 36  versionText? uidText? then the columns, each: u16 count, then that many MessagePack strings
 * ```
 * All integers little endian. A text is u16 length + UTF-8. The body is MessagePack (see workers/transcode):
 * objects as records of the structure dictionary (msgpackr's extension: 0x60–0x7f + one byte id),
 * strings of the value dictionary as 0x40–0x5f + one byte (ids < 8,192) or 0xC1 + u16 big endian (ids ≥ 8,192),
 * integers 64–127 as 0xCC; or, flagged, the object's JSON text as it came.
 */
export const recordHeaderBytes = 36
export const recordFlags: {
  /** The body is JSON text: what MessagePack records cannot hold (deep nesting, lone surrogates). */
  readonly rawJson: 1
  /** The uid is not a canonical lower-case UUID: it stands as a text, the 16 bytes are zero. */
  readonly uidText: 2
  /** The resourceVersion is not a safe integer: it stands as a text. */
  readonly versionText: 4
} = { rawJson: 1, uidText: 2, versionText: 4 }

export const recordOffsets: {
  readonly flags: 0
  readonly columnCount: 1
  readonly body: 4
  readonly labels: 8
  readonly version: 12
  readonly uid: 20
} = { flags: 0, columnCount: 1, body: 4, labels: 8, version: 12, uid: 20 }
