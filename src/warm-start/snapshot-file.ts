import { randomBytes } from 'node:crypto'
import { type FileHandle, lstat, open, readdir, readlink, rename, unlink } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, sep } from 'node:path'
import { crc32 } from 'node:zlib'
import { unsaved } from './snapshot-format.ts'

/** As many as Linux follows. */
const linksMax = 40
/** Who writes does so many times a second: after this he is dead. One who was only frozen finds his file gone, and fails. */
const leftoverMs = 600_000

/** A file being written beside the one it will replace, for its owner alone; checksummed as it grows. */
export class SnapshotFile {
  readonly #file: string
  readonly #temporary: string
  readonly #handle: FileHandle
  #crc = 0

  private constructor(file: string, temporary: string, handle: FileHandle) {
    this.#file = file
    this.#temporary = temporary
    this.#handle = handle
  }

  /** @throws ERR_SNAPSHOT for what is there and no regular file; errors of the file system */
  static async create(file: string): Promise<SnapshotFile> {
    const target = await targetOf(file)
    // Random: in two containers that share a folder, process and thread have the same ids.
    const temporary = `${temporaryStart(target)}${randomBytes(8).toString('hex')}.tmp`
    // Never through a link that somebody put there.
    const handle = await open(temporary, 'wx', 0o600)
    await removeLeftovers(target, handle).catch(() => {})
    return new SnapshotFile(target, temporary, handle)
  }

  async write(parts: readonly Buffer[]): Promise<void> {
    for (const part of parts) {
      this.#crc = crc32(part, this.#crc)
      let written = 0
      while (written < part.length) {
        written += (await this.#handle.write(part, written, part.length - written)).bytesWritten
      }
    }
  }

  /** Takes the old file's place at once: whoever looks finds the one or the other, after a crash of the machine, too. */
  async publish(): Promise<void> {
    const trailer = Buffer.alloc(4)
    trailer.writeUInt32LE(this.#crc)
    await this.write([trailer])
    await this.#handle.sync()
    await this.#handle.close()
    await rename(this.#temporary, this.#file)
    await syncFolder(dirname(this.#file))
  }

  /** After a failure: nothing is left of it. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => {})
    await unlink(this.#temporary).catch(() => {})
  }
}

/** What is to be replaced: a link stays one, and a pipe or a device must not become a file. */
async function targetOf(file: string): Promise<string> {
  let target = file
  for (let links = 0; links <= linksMax; links++) {
    const stats = await lstat(target).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
    if (stats === undefined || stats.isFile()) return target
    if (!stats.isSymbolicLink()) throw unsaved('not-regular', `${target} is no regular file`)
    const link = await readlink(target)
    // Not `join`: it would take `..` for the parent of a folder that is itself a link.
    target = isAbsolute(link) ? link : `${dirname(target)}${sep}${link}`
  }
  throw unsaved('not-regular', `${file} is a link without an end`)
}

function temporaryStart(target: string): string {
  return join(dirname(target), `.${basename(target)}.`)
}

/** Of savers that were killed; by the clock of the file system, which is that of whoever else writes there. */
async function removeLeftovers(target: string, own: FileHandle): Promise<void> {
  const { mtimeMs } = await own.stat()
  const folder = dirname(target)
  const start = basename(temporaryStart(target))
  for (const name of await readdir(folder)) {
    if (!name.startsWith(start) || !/^[0-9a-f]{16}\.tmp$/.test(name.slice(start.length))) continue
    const leftover = join(folder, name)
    const stats = await lstat(leftover)
    if (stats.isFile() && mtimeMs - stats.mtimeMs > leftoverMs) await unlink(leftover)
  }
}

/** So that the new name survives, too. Not every system can do it; the file is whole without. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  await handle?.sync().catch(() => {})
  await handle?.close().catch(() => {})
}
