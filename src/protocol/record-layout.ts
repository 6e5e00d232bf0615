/**
 * How one object lies in a slab: a header both threads read without unpacking, the body, then the tail.
 *
 * ```
 *  0  u8   flags
 *  1  u8   number of columns
 *  2  u16  zero
 *  4  u32  tail offset        (from the record's start; the body ends there)
 *  8  u32  labels offset      (from the record's start, at the MessagePack map of metadata.labels; 0: no labels)
 * 12  f64  resourceVersion    (NaN: the tail has its text)
 * 20  16 bytes uid            (the UUID's bytes; zero: the tail has its text)
 * 36  body
 *     tail: versionText?, uidText? (MessagePack strings), then for each column a MessagePack array of strings, or of a
 *           hash column a MessagePack uint64 (zero: the path leads nowhere)
 * ```
 * Header integers are little endian. Columns lie behind the body because their values are known only when it is
 * written: in front they would cost a move of every record.
 *
 * The body is MessagePack with these additions, none of which a plain MessagePack reader would survive (see
 * record-expand.ts for the plain form):
 *
 * - `0x60–0x7f, b`: an object as a record of the structure dictionary, id = (first & 31) | b << 5, then its values.
 * - `0x40–0x5f, b`: string of the value dictionary, id = (first & 31) | b << 5; `0xc1, u16` for ids of 8,192 and more.
 *   Integers 64–127 are therefore written as 0xcc.
 * - `0xc1, 0xffff`: the uid in this record's header, as text.
 * - or, flagged, the object's JSON text: what MessagePack cannot hold (deep nesting, lone surrogates).
 */
export const recordHeaderBytes = 36

export const recordFlags: {
  /** The body is JSON text; there is no labels offset then. */
  readonly rawJson: 1
  /** The uid is not a canonical lower-case UUID: it stands as a text, the 16 bytes are zero. */
  readonly uidText: 2
  /** The resourceVersion is not a safe integer in canonical form: it stands as a text. */
  readonly versionText: 4
  /** With rawJson: a key is written with an escape, which V8's JSON.parse cannot be trusted with. */
  readonly escapedKeys: 8
} = { rawJson: 1, uidText: 2, versionText: 4, escapedKeys: 8 }

export const recordOffsets: {
  readonly flags: 0
  readonly columnCount: 1
  readonly tail: 4
  readonly labels: 8
  readonly version: 12
  readonly uid: 20
} = { flags: 0, columnCount: 1, tail: 4, labels: 8, version: 12, uid: 20 }

/** Two-byte references: 13 bits for structures, and for the values that came first. */
export const shortIdCount = 8192
/** Structure ids are two bytes only. msgpackr's own limit for shared structures; ours for the same reason. */
export const structureCountMax = 8160
/** Value ids are 16 bits, the last one being {@link uidReference}. */
export const valueCountMax = 65_535
export const uidReference = 65_535

/** First bytes of the additions. */
export const recordTags: {
  readonly value: 0x40
  readonly structure: 0x60
  readonly longValue: 0xc1
} = { value: 0x40, structure: 0x60, longValue: 0xc1 }
