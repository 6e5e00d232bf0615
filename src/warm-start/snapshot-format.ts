import { crc32 } from 'node:zlib'
import { KubeInformerError } from '../errors.ts'
import type { RefusedObject } from '../informer-stats.ts'

/**
 * A snapshot: one cache in one file.
 *
 * ```
 *  0  8 bytes magic   8 u32 format   12 u32 record format   16 u32 header bytes   20 u32 CRC-32 of the header
 * 24  header: JSON, {@link SnapshotHeader}
 *  …  chunks: a head of 24 bytes, then what it counts
 *       0 u32 kind   4 u32 dictionary epoch, by number of appearance   8 u32 rows   12 u32 keys' bytes   16 u32 bytes   20 u32 zero
 *       records:    rows × (u32 key's bytes, u32 record's bytes), keys as UTF-8, records (record-layout.ts), back to back
 *       dictionary: JSON, {@link DictionaryPart}: what it adds to the epoch's lists
 *       end:        rows of all record chunks; then u32 CRC-32 of everything before these four bytes; the file ends there
 * ```
 * All integers are little endian. Records lie apart from their keys, so that a chunk's records are read into the buffer
 * that becomes a slab of the cache. An epoch's dictionaries come behind its records: they grow while these are written.
 */
export const magic: Buffer = Buffer.from('kubeinf\n', 'latin1')
export const formatVersion = 1
/**
 * Raise it whenever a record made by this version could be read differently by the next: record-layout.ts, references,
 * columns. A test pins the bytes.
 */
export const recordFormat = 1

export const prefixBytes = 24
export const chunkHeadBytes = 24
export const rowBytes = 8
/** Records of one chunk, about: a slab of the cache. */
export const chunkBytes: number = 1024 * 1024
export const headerBytesMax: number = 4 * 1024 * 1024
/** Larger caches than this are not saved, larger files not looked at. */
export const fileBytesMax: number = 16 * 1024 * 1024 * 1024

export const chunkKinds: { readonly records: 1; readonly dictionary: 2; readonly end: 3 } = {
  records: 1,
  dictionary: 2,
  end: 3,
}

/** Whose objects these are. Every part must be the same, text for text, or the file is foreign. */
export interface SnapshotIdentity {
  readonly resource: string
  /** What is watched and what is kept of it: path, selectors, fields, columns and whatever else a watch is told. */
  readonly watch: string
  /** The API server's address, without a user; empty for a source. */
  readonly server: string
  /** SHA-256 of the certificate authorities; empty: Node's own. */
  readonly authorities: string
}

export interface SnapshotHeader {
  readonly identity: SnapshotIdentity
  /** The watch goes on here. */
  readonly safeVersion: string
  /** Their last good states are not in the file: nothing would tell that they are old. */
  readonly refused: readonly RefusedObject[]
  /** For people. */
  readonly savedAtMs: number
}

export interface DictionaryPart {
  readonly structures: readonly (readonly string[])[]
  readonly values: readonly string[]
}

export interface ChunkHead {
  readonly kind: number
  readonly epoch: number
  readonly rows: number
  readonly keyBytes: number
  readonly bytes: number
}

export function encodeHeader(header: SnapshotHeader): readonly Buffer[] {
  const text = Buffer.from(JSON.stringify(header))
  const prefix = Buffer.alloc(prefixBytes)
  magic.copy(prefix)
  prefix.writeUInt32LE(formatVersion, 8)
  prefix.writeUInt32LE(recordFormat, 12)
  prefix.writeUInt32LE(text.length, 16)
  prefix.writeUInt32LE(crc32(text), 20)
  return [prefix, text]
}

/** Bytes of the header behind the prefix. @throws ERR_WARM_START for a file that is none, or of another format */
export function headerBytes(prefix: Buffer): number {
  if (prefix.length < prefixBytes || !prefix.subarray(0, magic.length).equals(magic)) {
    throw refusal('format', 'it is no snapshot')
  }
  const format = prefix.readUInt32LE(8)
  const records = prefix.readUInt32LE(12)
  if (format !== formatVersion || records !== recordFormat) {
    throw refusal('format', `its format is ${format}.${records}, not ${formatVersion}.${recordFormat}`)
  }
  const bytes = prefix.readUInt32LE(16)
  if (bytes > headerBytesMax) throw refusal('damaged', 'its header is too long')
  return bytes
}

/** @throws ERR_WARM_START */
export function decodeHeader(prefix: Buffer, text: Buffer): SnapshotHeader {
  // Before anything of it is believed: a damaged name must not make the file look foreign.
  if (crc32(text) !== prefix.readUInt32LE(20)) throw refusal('damaged', 'its header is damaged')
  return JSON.parse(text.toString())
}

export function writeChunkHead(head: ChunkHead): Buffer {
  const bytes = Buffer.alloc(chunkHeadBytes)
  for (const [i, field] of [head.kind, head.epoch, head.rows, head.keyBytes, head.bytes].entries()) {
    bytes.writeUInt32LE(field, i * 4)
  }
  return bytes
}

export function readChunkHead(bytes: Buffer): ChunkHead {
  const [kind, epoch, rows, keyBytes, size] = [0, 4, 8, 12, 16].map((at) => bytes.readUInt32LE(at))
  return { kind, epoch, rows, keyBytes, bytes: size } as ChunkHead
}

/** Why a file is not used. `foreign`: of another resource, selection or server. */
export type RefusalReason = 'damaged' | 'foreign' | 'format' | 'permissions' | 'too-large' | 'unreadable'

export function refusal(reason: RefusalReason, why: string, cause?: unknown): KubeInformerError {
  return new KubeInformerError('ERR_WARM_START', why, { facts: { reason }, cause })
}

/** Of a save. */
export function unsaved(reason: string, why: string, cause?: unknown): KubeInformerError {
  return new KubeInformerError('ERR_SNAPSHOT', `no snapshot was saved: ${why}`, { facts: { reason }, cause })
}
