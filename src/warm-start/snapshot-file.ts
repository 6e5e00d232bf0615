import { type FileHandle, open, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { threadId } from 'node:worker_threads'
import { crc32 } from 'node:zlib'

let fileCount = 0

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

  static async create(file: string): Promise<SnapshotFile> {
    // The same names in every life of a container: what a kill left behind is overwritten, and does not pile up.
    const suffix = `${process.pid}-${threadId}-${++fileCount}.tmp`
    const temporary = join(dirname(file), `.${basename(file)}.${suffix}`)
    await unlink(temporary).catch(() => {})
    // Never through a link that somebody put there.
    return new SnapshotFile(file, temporary, await open(temporary, 'wx', 0o600))
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

/** So that the new name survives, too. Not every system can do it; the file is whole without. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  await handle?.sync().catch(() => {})
  await handle?.close().catch(() => {})
}
