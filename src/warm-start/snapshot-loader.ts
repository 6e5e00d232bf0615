import type { Slicer } from '../base/slicer.ts'
import { CacheEpoch } from '../indexer/cache-epoch.ts'
import type { Indexer } from '../indexer/indexer.ts'
import type { IncomingRecords } from '../indexer/indexer-options.ts'
import type { Slab, VersionCell } from '../protocol/record-store.ts'
import { parseResourceVersion } from '../protocol/resource-version.ts'
import { inSlices } from './slices.ts'
import { type DictionaryPart, rowBytes } from './snapshot-format.ts'
import type { EpochRead, RecordsRead, SnapshotRead } from './snapshot-reader.ts'

/**
 * Then the listeners have their turn: a load is faster than handlers are, and with a whole slice to itself it would fill their
 * buffers beyond the bound above which each change costs more. One whose handlers are slow to settle is not waited for.
 */
const rowsPerTurn = 64

export interface SnapshotLoaderOptions {
  readonly indexer: Indexer
  readonly slicer: Slicer
  readonly nowMs: () => number
  /** Asked before each change of the cache. */
  readonly isOver: () => boolean
}

/**
 * Applies a snapshot to an empty cache as the rows of a list that stays open: broken off, it is a list that broke off,
 * and what it brought is compared with the next one.
 */
export class SnapshotLoader implements IncomingRecords {
  readonly #options: SnapshotLoaderOptions
  #slab: Slab<CacheEpoch> | undefined
  epoch: CacheEpoch = new CacheEpoch(-1, -1)
  bytes: Buffer = Buffer.alloc(0)

  constructor(options: SnapshotLoaderOptions) {
    this.#options = options
  }

  /** Returns whether all of it was applied. Gives the buffers away: the snapshot is empty afterwards. */
  async load({ header, epochs }: SnapshotRead, generation: number): Promise<boolean> {
    const { indexer, isOver } = this.#options
    if (isOver()) return false
    indexer.listStart(generation, false)
    // Large ones last: too many epochs are thinned out from the first one, and rewriting that must be little work.
    for (const epoch of [...epochs.values()].sort((a, b) => a.bytes - b.bytes)) {
      if (!(await this.#loadEpoch(epoch, generation))) return false
    }
    if (isOver()) return false
    indexer.adoptSafeVersion(header.safeVersion, parseResourceVersion(header.safeVersion))
    return true
  }

  place(offset: number, length: number, generation: number): VersionCell<CacheEpoch> {
    return this.#options.indexer.store.adopt(this.#slab as Slab<CacheEpoch>, offset, length, generation)
  }

  async #loadEpoch({ dictionary, chunks }: EpochRead, generation: number): Promise<boolean> {
    const { slicer, nowMs, isOver } = this.#options
    const epoch = new CacheEpoch(-1, -1)
    this.epoch = epoch
    await inSlices(slicer, (deadlineMs) => {
      for (let part = dictionary.shift(); part !== undefined && !isOver(); part = dictionary.shift()) {
        const { structures, values }: DictionaryPart = JSON.parse(part.toString())
        epoch.reader.extend(structures, values)
        if (nowMs() >= deadlineMs) return dictionary.length > 0
      }
      return false
    })
    for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
      if (!(await this.#loadChunk(chunk, generation))) return false
    }
    return true
  }

  async #loadChunk({ rows, keys, records }: RecordsRead, generation: number): Promise<boolean> {
    const { indexer, slicer, nowMs, isOver } = this.#options
    if (isOver()) return false
    const { store } = indexer
    const slab = store.addSlab(records, this.epoch)
    this.#slab = slab
    this.bytes = records
    const receivedAtMs = nowMs()
    let row = 0
    let keyAt = 0
    let offset = 0
    try {
      await inSlices(slicer, (deadlineMs) => {
        const end = Math.min(row + rowsPerTurn * rowBytes, rows.length)
        while (row < end && !isOver()) {
          const keyEnd = keyAt + rows.readUInt32LE(row)
          const length = rows.readUInt32LE(row + 4)
          const key = keys.toString('utf8', keyAt, keyEnd)
          indexer.applyUpsert(key, this, offset, length, generation, 'list', receivedAtMs)
          row += rowBytes
          keyAt = keyEnd
          offset += length
          if ((row & 31) === 0 && nowMs() >= deadlineMs) break
        }
        return row < rows.length && !isOver()
      })
    } finally {
      // Also one that is not full: unsealed it could never be freed.
      store.sealSlab(slab)
      this.#slab = undefined
    }
    return row >= rows.length
  }
}
