import type { Slicer } from '../base/slicer.ts'
import type { CacheEpoch } from '../indexer/cache-epoch.ts'
import type { VersionCell } from '../protocol/record-store.ts'
import { RecordChunk } from './record-chunk.ts'
import { inSlices } from './slices.ts'
import type { SnapshotFile } from './snapshot-file.ts'
import {
  chunkKinds,
  type DictionaryPart,
  encodeHeader,
  type SnapshotHeader,
  writeChunkHead,
} from './snapshot-format.ts'

/** Entries and text of one part of a dictionary: to read it must not take a whole slice. */
const partCountMax = 2_000
const partTextMax = 128 * 1024

export interface SnapshotContent {
  readonly header: SnapshotHeader
  /** Everything cached, while it changes. */
  readonly cells: Generator<VersionCell<CacheEpoch>, void>
  /** Keys that stay out of the file. */
  readonly leftOut: ReadonlySet<string>
  /** Asked before anything is read: throws when the cache is no longer what the header says. */
  readonly check: () => void
  readonly slicer: Slicer
  readonly nowMs: () => number
}

/** Writes a cache that may change meanwhile: each record as it is when its turn comes, copied in the slicer's turns. */
export class SnapshotWriter {
  readonly #file: SnapshotFile
  readonly #content: SnapshotContent
  readonly #chunks = new Map<CacheEpoch, RecordChunk>()
  #full: RecordChunk | undefined
  #isDone = false
  #rowCount = 0

  constructor(file: SnapshotFile, content: SnapshotContent) {
    this.#file = file
    this.#content = content
  }

  async write(): Promise<void> {
    const file = this.#file
    const { header, cells, slicer, check } = this.#content
    await file.write(encodeHeader(header))
    try {
      while (!this.#isDone) {
        await inSlices(slicer, (deadlineMs) => this.#fill(deadlineMs))
        if (this.#full !== undefined) await file.write(this.#full.take())
      }
    } finally {
      // One that stands still would keep the cache from moving what it holds.
      cells.return()
    }
    for (const chunk of this.#chunks.values()) if (chunk.rowCount > 0) await file.write(chunk.take())
    for (const [{ reader }, { epoch }] of this.#chunks) {
      for (const part of dictionaryParts(reader.structures, reader.values)) {
        const bytes = Buffer.from(JSON.stringify(part))
        const head = { kind: chunkKinds.dictionary, epoch, rows: 0, keyBytes: 0, bytes: bytes.length }
        await file.write([writeChunkHead(head), bytes])
      }
    }
    // The last look: what came after the last record counts as well.
    check()
    const end = { kind: chunkKinds.end, epoch: 0, rows: this.#rowCount, keyBytes: 0, bytes: 0 }
    await file.write([writeChunkHead(end)])
  }

  /** Until a chunk is full, or everything was seen (false), or time is up (true). */
  #fill(deadlineMs: number): boolean {
    const { cells, leftOut, check, nowMs } = this.#content
    this.#full = undefined
    check()
    for (let seen = 1; ; seen++) {
      const next = cells.next()
      if (next.done === true) {
        this.#isDone = true
        return false
      }
      if (!leftOut.has(next.value.key) && this.#add(next.value)) return false
      if ((seen & 63) === 0 && nowMs() >= deadlineMs) return true
    }
  }

  #add(cell: VersionCell<CacheEpoch>): boolean {
    const { epoch } = cell.slab
    let chunk = this.#chunks.get(epoch)
    if (chunk === undefined) this.#chunks.set(epoch, (chunk = new RecordChunk(this.#chunks.size)))
    this.#rowCount++
    if (!chunk.add(cell)) return false
    this.#full = chunk
    return true
  }
}

/** At least one: an epoch without entries is one, too. */
function* dictionaryParts(
  structures: readonly (readonly string[])[],
  values: readonly string[],
): Generator<DictionaryPart, void> {
  let part: { structures: (readonly string[])[]; values: string[] } = { structures: [], values: [] }
  let text = 0
  const isFull = (): boolean =>
    text >= partTextMax || part.structures.length + part.values.length >= partCountMax
  for (const keys of structures) {
    part.structures.push(keys)
    for (const key of keys) text += key.length
    if (!isFull()) continue
    yield part
    part = { structures: [], values: [] }
    text = 0
  }
  for (const value of values) {
    part.values.push(value)
    text += value.length
    if (!isFull()) continue
    yield part
    part = { structures: [], values: [] }
    text = 0
  }
  yield part
}
