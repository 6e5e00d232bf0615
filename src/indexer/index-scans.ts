import type { Slicer } from '../base/slicer.ts'
import { KubeInformerError } from '../errors.ts'
import type { Indexers } from './index-definition.ts'
import { IndexScan } from './index-scan.ts'
import type { Indexer } from './indexer.ts'

interface Running {
  readonly scan: IndexScan
  readonly done: PromiseWithResolvers<void>
}

/** Adds indices to a cache that is in use; those that lack what is cached already are filled on the slicer's time. */
export class IndexScans {
  readonly #indexer: Indexer
  readonly #slicer: Slicer
  readonly #nowMs: () => number
  /** By the names of the indices. */
  readonly #running = new Map<string, Running>()

  constructor(indexer: Indexer, slicer: Slicer, nowMs: () => number) {
    this.#indexer = indexer
    this.#slicer = slicer
    this.#nowMs = nowMs
  }

  /** Resolves when all of them are complete, those being filled for an earlier call included. @throws ERR_INDEX_CONFLICT */
  add(indexers: Indexers): Promise<void> {
    const isComplete = this.#indexer.size === 0
    const indices = this.#indexer.indices.define(indexers, isComplete)
    if (indices.length > 0 && !isComplete) {
      const names = indices.map(({ name }) => name)
      const done = Promise.withResolvers<void>()
      const scan = new IndexScan({
        cells: this.#indexer.cells(),
        indices,
        nowMs: this.#nowMs,
        onDone: () => {
          for (const name of names) this.#running.delete(name)
          done.resolve()
        },
      })
      for (const name of names) this.#running.set(name, { scan, done })
      this.#slicer.wake(scan)
    }
    const waits = Object.keys(indexers).map((name) => this.#running.get(name)?.done.promise)
    const all = Promise.all(waits).then(() => {})
    // Who does not wait for it must not be ended by its rejection.
    all.catch(() => {})
    return all
  }

  /** Final: what is not complete never will be. */
  close(): void {
    for (const { scan, done } of this.#running.values()) {
      this.#slicer.remove(scan)
      scan.cancel()
      done.reject(new KubeInformerError('ERR_CLOSED', 'closed before the index was complete'))
    }
    this.#running.clear()
  }
}
