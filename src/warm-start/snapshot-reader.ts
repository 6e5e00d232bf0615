import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { KubeInformerError } from '../errors.ts'
import {
  type ChunkHead,
  chunkHeadBytes,
  chunkKinds,
  decodeHeader,
  fileBytesMax,
  headerBytes,
  prefixBytes,
  readChunkHead,
  refusal,
  rowBytes,
  type SnapshotHeader,
} from './snapshot-format.ts'

export interface RecordsRead {
  /** Lengths and keys of the rows. */
  readonly rows: Buffer
  readonly keys: Buffer
  /** Of its own: it becomes a slab. */
  readonly records: Buffer
}

/** An epoch as it was in the process that wrote it: its dictionaries, in parts of JSON, and its records. */
export interface EpochRead {
  readonly dictionary: Buffer[]
  readonly chunks: RecordsRead[]
  bytes: number
}

export interface SnapshotRead {
  readonly header: SnapshotHeader
  readonly epochs: ReadonlyMap<number, EpochRead>
}

/**
 * Reads a whole file and holds it against its checksum. Records are read into what becomes the cache's slabs, so that
 * a load needs hardly more memory than the cache. Nothing in the file is believed but lengths that it has room for.
 *
 * Undefined: there is no such file, or `isOver` said so. @throws ERR_WARM_START
 */
export async function readSnapshot(
  file: string,
  checkHeader: (header: SnapshotHeader) => void,
  isOver: () => boolean,
): Promise<SnapshotRead | undefined> {
  const handle = await openFile(file)
  if (handle === undefined) return undefined
  try {
    const input = new Input(handle, await trustedSize(handle))
    const prefix = await input.read(Math.min(prefixBytes, input.left))
    const header = decodeHeader(prefix, await input.read(headerBytes(prefix)))
    checkHeader(header)
    const epochs = new Map<number, EpochRead>()
    let rows = 0
    let head = readChunkHead(await input.read(chunkHeadBytes))
    for (;;) {
      if (isOver()) return undefined
      if (head.kind === chunkKinds.end) {
        const { crc } = input
        const isWhole = (await input.read(4)).readUInt32LE() === crc && input.left === 0 && head.rows === rows
        if (!isWhole) throw refusal('damaged', 'its checksum does not fit')
        return { header, epochs }
      }
      rows += head.rows
      head = await readChunk(input, head, epochs)
    }
  } catch (error) {
    if (error instanceof KubeInformerError) throw error
    throw refusal('unreadable', 'it cannot be read', error)
  } finally {
    await handle.close()
  }
}

async function openFile(file: string): Promise<FileHandle | undefined> {
  try {
    // Not blocking: a pipe of this name would keep a thread of Node's pool for ever.
    return await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw refusal('unreadable', 'it cannot be opened', error)
  }
}

/** Whoever may write the file says what the cluster looks like. */
async function trustedSize(handle: FileHandle): Promise<number> {
  const stat = await handle.stat()
  if (!stat.isFile()) throw refusal('unreadable', 'it is no regular file')
  if (process.getuid !== undefined) {
    if (stat.uid !== process.getuid()) throw refusal('permissions', 'it belongs to another user')
    if ((stat.mode & 0o022) !== 0) throw refusal('permissions', 'others may write it')
  }
  if (stat.size > fileBytesMax) throw refusal('too-large', `it has ${stat.size} bytes`)
  return stat.size
}

/** Gives the head of the next chunk: both in one read, or a load would wait for Node's pool most of the time. */
async function readChunk(input: Input, head: ChunkHead, epochs: Map<number, EpochRead>): Promise<ChunkHead> {
  const sizes = [head.rows * rowBytes, head.keyBytes, head.bytes, chunkHeadBytes]
  const [rows, keys, records, next] = (await input.readAll(sizes)) as [Buffer, Buffer, Buffer, Buffer]
  let epoch = epochs.get(head.epoch)
  if (epoch === undefined) epochs.set(head.epoch, (epoch = { dictionary: [], chunks: [], bytes: 0 }))
  if (head.kind === chunkKinds.dictionary) epoch.dictionary.push(records)
  else if (head.kind === chunkKinds.records) {
    epoch.chunks.push({ rows, keys, records })
    epoch.bytes += records.length
  } else throw refusal('damaged', 'it has a part of unknown kind')
  return readChunkHead(next)
}

class Input {
  readonly #handle: FileHandle
  left: number
  /** Of all that was read. */
  crc = 0

  constructor(handle: FileHandle, size: number) {
    this.#handle = handle
    this.left = size
  }

  async read(bytes: number): Promise<Buffer> {
    return (await this.readAll([bytes]))[0] as Buffer
  }

  /** Buffers of these lengths, each of its own, with what comes next. */
  async readAll(sizes: readonly number[]): Promise<readonly Buffer[]> {
    const total = sizes.reduce((sum, size) => sum + size, 0)
    // Before it is allocated: a damaged length must not cost memory that the file does not have.
    if (total > this.left) throw refusal('damaged', 'it ends too early')
    this.left -= total
    const buffers = sizes.map((size) => Buffer.allocUnsafeSlow(size))
    for (let done = 0; done < total; ) {
      const { bytesRead } = await this.#handle.readv(rest(buffers, done))
      if (bytesRead === 0) throw refusal('damaged', 'it ends too early')
      done += bytesRead
    }
    for (const buffer of buffers) this.crc = crc32(buffer, this.crc)
    return buffers
  }
}

/** What of the buffers lies behind their first `done` bytes. */
function rest(buffers: readonly Buffer[], done: number): Buffer[] {
  return buffers.flatMap((buffer) => {
    const used = Math.min(done, buffer.length)
    done -= used
    return used < buffer.length ? [buffer.subarray(used)] : []
  })
}
