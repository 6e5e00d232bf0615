import type { Pump } from '../base/slicer.ts'
import type { VersionCell } from '../protocol/record-store.ts'
import type { CacheEpoch } from './cache-epoch.ts'
import type { NamedIndex } from './named-index.ts'

export interface IndexScanOptions {
  /** Everything cached; keys may come and go meanwhile. */
  readonly cells: Generator<VersionCell<CacheEpoch>, void>
  /** Told of every change from before the scan's first step on. */
  readonly indices: readonly NamedIndex[]
  readonly nowMs: () => number
  /** Every index is complete. */
  readonly onDone: () => void
}

/**
 * Tells indices that were added late of what is cached already, in slices. Each key comes in its newest version, and
 * adding one twice is adding it once: changes meanwhile go to the indices as always, before or after the scan's turn.
 */
export class IndexScan implements Pump {
  readonly #options: IndexScanOptions
  #isCancelled = false

  constructor(options: IndexScanOptions) {
    this.#options = options
  }

  pump(deadlineMs: number): boolean {
    const { cells, indices, nowMs, onDone } = this.#options
    let seen = 0
    while (!this.#isCancelled) {
      const next = cells.next()
      if (next.done === true) {
        for (const named of indices) named.isComplete = true
        onDone()
        return false
      }
      const cell = next.value
      for (const named of indices) named.added(cell.key, cell)
      // Objects are unpacked for functions, which are the user's: a few may take a while.
      if ((++seen & 7) === 0 && nowMs() >= deadlineMs) return true
    }
    return false
  }

  /** The indices stay as they are: nobody reads a cache's incomplete index. */
  cancel(): void {
    this.#isCancelled = true
    this.#options.cells.return()
  }
}
