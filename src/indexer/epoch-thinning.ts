import { expandRecord } from '../protocol/record-expand.ts'
import type { RecordStore } from '../protocol/record-store.ts'
import { CacheEpoch } from './cache-epoch.ts'

/** Dictionaries of up to 4 MiB each: so many generations of them may be alive. */
const epochCountMax = 4

/** Keeps the dictionaries of old epochs from living as long as the last record that names one of their strings. */
export class EpochThinning {
  readonly #store: RecordStore<CacheEpoch>
  /** Of records without references. */
  readonly #plainEpoch = new CacheEpoch(-1, -1)

  constructor(store: RecordStore<CacheEpoch>) {
    this.#store = store
  }

  /**
   * Lets go of the oldest dictionaries while more than four epochs are alive: the last records of the oldest one are
   * rewritten with their references expanded, about `bytesMax` a call. Returns whether there is more to do.
   */
  step(bytesMax: number): boolean {
    const { slabsByEpoch } = this.#store
    if (slabsByEpoch.size <= epochCountMax) return false
    for (const [epoch, slabs] of slabsByEpoch) {
      if (epoch === this.#plainEpoch) continue
      for (const slab of slabs) {
        // The one that is being filled goes once it is full: its epoch is the newest of its watch.
        if (!slab.sealed) continue
        this.#store.rewriteSlab(
          slab,
          this.#plainEpoch,
          (cell) => expandRecord(slab.bytes, cell.offset, epoch.reader),
          bytesMax,
        )
        return slabsByEpoch.size > epochCountMax
      }
    }
    return false
  }
}
