import { tailOffset } from './record-header.ts'
import { recordFlags, recordHeaderBytes, recordOffsets } from './record-layout.ts'
import { skipValue } from './record-scalar.ts'

const textFlags = recordFlags.uidText | recordFlags.versionText

/** The version and the uid stand in the header, as numbers and bytes; no text of theirs is in the tail. */
export function hasPlainIdentity(bytes: Uint8Array, offset: number): boolean {
  return ((bytes[offset] as number) & textFlags) === 0
}

/** A record of uid and version alone: whatever reads a record's header reads this one, and there is no body to unpack. */
export function identityRecord(bytes: Buffer, offset: number): Buffer {
  const flags = (bytes[offset] as number) & textFlags
  const tail = tailOffset(bytes, offset)
  let end = tail
  if ((flags & recordFlags.versionText) !== 0) end = skipValue(bytes, end, [])
  if ((flags & recordFlags.uidText) !== 0) end = skipValue(bytes, end, [])
  const record = plainIdentityRecord(bytes, offset + recordOffsets.version, end - tail)
  record[0] = flags
  bytes.copy(record, recordHeaderBytes, tail, end)
  return record
}

/** Of version and uid as they stand side by side in a header, see {@link identityBytes}; `tailBytes` is left to the caller. */
export function plainIdentityRecord(bytes: Buffer, at: number, tailBytes = 0): Buffer {
  const record = Buffer.alloc(recordHeaderBytes + tailBytes)
  record.writeUInt32LE(recordHeaderBytes, recordOffsets.tail)
  bytes.copy(record, recordOffsets.version, at, at + identityBytes)
  return record
}

/** Version and uid, from the version's place in the header on. */
export const identityBytes: number = recordHeaderBytes - recordOffsets.version
