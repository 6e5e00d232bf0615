import { checkedListOptions, keyOf, type ListOptions, type ObjectName } from '../lister.ts'
import { ObjectList } from '../object-list.ts'
import type { Cell } from './change-fan.ts'
import { KeptState, type KeptStateOptions } from './kept-state.ts'

/**
 * The cache as it was when the snapshot was taken, for reads that span awaits. Reads are those of a lister and of an
 * indexer; objects are deep frozen. Each read after {@link dispose}, `size` included, throws ERR_CLOSED.
 */
export interface Snapshot<T> {
  /** Objects in it. */
  readonly size: number
  /** As `informer.lastSyncResourceVersion` then: everything up to it is in here. undefined while there was none. */
  readonly resourceVersion: string | undefined
  get(name: string | ObjectName): T | undefined
  has(name: string | ObjectName): boolean
  /** All keys, unordered. */
  keys(): Generator<string, void>
  /** As {@link Lister.list}; label selectors look at every object's labels, no index is used. */
  list(options?: ListOptions): ObjectList<T>
  /** Lets go of the old states it pins. Idempotent. */
  dispose(): void
  [Symbol.dispose](): void
}

class SnapshotOfCache<T> implements Snapshot<T> {
  readonly #kept: KeptState
  readonly #read: (cell: Cell) => unknown
  readonly #onDispose: () => void

  constructor(kept: KeptState, read: (cell: Cell) => unknown, onDispose: () => void) {
    this.#kept = kept
    this.#read = read
    this.#onDispose = onDispose
  }

  get size(): number {
    return this.#kept.size
  }

  get resourceVersion(): string | undefined {
    return this.#kept.resourceVersion
  }

  get(name: string | ObjectName): T | undefined {
    return this.#kept.get(keyOf(name)) as T | undefined
  }

  has(name: string | ObjectName): boolean {
    return this.#kept.cell(keyOf(name)) !== undefined
  }

  *keys(): Generator<string, void> {
    for (const { key } of this.#kept.cells()) yield key
  }

  list(options: ListOptions = {}): ObjectList<T> {
    const { namespace, selector } = checkedListOptions(options)
    const accepts =
      selector === undefined || selector.isEmpty
        ? undefined
        : ({ slab, offset }: Cell) => selector.matches(slab.bytes, offset, slab.epoch.reader)
    const cells = (): Generator<Cell, void> => this.#matching(namespace, accepts)
    const read = this.#read
    return new ObjectList<T>(
      function* () {
        for (const cell of cells()) yield read(cell) as T
      },
      () => {
        if (namespace === undefined && accepts === undefined) return this.#kept.size
        let count = 0
        for (const _ of cells()) count++
        return count
      },
    )
  }

  dispose(): void {
    forgotten.unregister(this)
    this.#onDispose()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  /** A method: its iteration holds the snapshot, whose states would be let go of were it collected in the middle. */
  *#matching(
    namespace: string | undefined,
    accepts: ((cell: Cell) => boolean) | undefined,
  ): Generator<Cell, void> {
    for (const cell of this.#kept.cells(namespace)) if (accepts === undefined || accepts(cell)) yield cell
  }
}

interface Forgotten {
  readonly resource: string
  readonly dispose: () => void
}

/** Of snapshots that nobody disposed of and nobody can read any more. */
const forgotten = new FinalizationRegistry<Forgotten>(({ resource, dispose }) => {
  dispose()
  process.emitWarning(`a snapshot of ${resource} was never disposed of: it pinned old states until now`, {
    type: 'SnapshotWarning',
    code: 'KUBE_INFORMER_SNAPSHOT_FORGOTTEN',
  })
})

/** The snapshots of one cache. */
export class Snapshots {
  readonly #options: KeptStateOptions & { readonly resource: string }
  readonly #alive = new Set<KeptState>()

  constructor(options: KeptStateOptions & { readonly resource: string }) {
    this.#options = options
  }

  /** Not disposed of. */
  get count(): number {
    return this.#alive.size
  }

  take<T>(): Snapshot<T> {
    const { cache, resource } = this.#options
    const kept = new KeptState(this.#options)
    const alive = this.#alive
    alive.add(kept)
    // Must not refer to the snapshot, or it would never be found forgotten.
    const dispose = (): void => {
      alive.delete(kept)
      kept.release()
    }
    const snapshot = new SnapshotOfCache<T>(kept, (cell) => cache.read(cell), dispose)
    forgotten.register(snapshot, { resource, dispose }, snapshot)
    return snapshot
  }
}
