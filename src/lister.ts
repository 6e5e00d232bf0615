import { unknownOption } from './errors.ts'
import type { CacheEpoch } from './indexer/cache-epoch.ts'
import { namespaceIndex } from './indexer/index-definition.ts'
import type { Indexer } from './indexer/indexer.ts'
import { ObjectList } from './object-list.ts'
import type { VersionCell } from './protocol/record-store.ts'
import { type LabelSelectorInput, parseLabelSelector } from './selectors/label-selector.ts'

/** Which cached objects to list; all by default. */
export interface ListOptions {
  readonly namespace?: string
  /** kubectl's language (`'app=web,tier in (a,b),!canary'`) or `{ matchLabels, matchExpressions }`. */
  readonly labelSelector?: LabelSelectorInput
}

/** One object's place in the cache. */
export interface ObjectName {
  /** Left out for cluster-scoped resources. */
  readonly namespace?: string
  readonly name: string
}

type Cell = VersionCell<CacheEpoch>

/** Reads of one cache. All calls are synchronous, on the caller's thread; what they return is deep frozen. */
export class Lister<T> {
  readonly #indexer: Indexer

  constructor(indexer: Indexer) {
    this.#indexer = indexer
  }

  /** By `'namespace/name'` (`'name'` for cluster-scoped resources) or by parts; undefined when not cached. */
  get(name: string | ObjectName): T | undefined {
    return this.#indexer.get(keyOf(name)) as T | undefined
  }

  /**
   * Objects of one namespace or of all, whose labels match. Selectors are matched on the records' label bytes: only
   * what matches is unpacked. See {@link ObjectList} for what may change while you iterate.
   *
   * @throws ERR_INVALID_SELECTOR, ERR_INVALID_OPTION at once, not while iterating
   */
  list(options: ListOptions = {}): ObjectList<T> {
    const indexer = this.#indexer
    const { namespace, labelSelector, ...unknown } = options
    // A misspelt selector would list everything.
    for (const name of Object.keys(unknown)) throw unknownOption(name, ['namespace', 'labelSelector'])
    const selector = labelSelector === undefined ? undefined : parseLabelSelector(labelSelector)
    const matches =
      selector === undefined || selector.isEmpty
        ? undefined
        : (cell: Cell) => selector.matches(cell.slab.bytes, cell.offset, cell.slab.epoch.reader)
    return new ObjectList<T>(
      function* () {
        for (const cell of candidates(indexer, namespace)) {
          if (matches === undefined || matches(cell)) yield indexer.read(cell) as T
        }
      },
      () => {
        if (matches === undefined) {
          return namespace === undefined
            ? indexer.size
            : (indexer.indices.index(namespaceIndex).keysOf(namespace)?.size ?? 0)
        }
        let count = 0
        for (const cell of candidates(indexer, namespace)) if (matches(cell)) count++
        return count
      },
    )
  }
}

export function keyOf(name: string | ObjectName): string {
  if (typeof name === 'string') return name
  return name.namespace === undefined || name.namespace === '' ? name.name : `${name.namespace}/${name.name}`
}

function candidates(indexer: Indexer, namespace: string | undefined): Generator<Cell, void> {
  return namespace === undefined ? indexer.cells() : indexer.cellsOf(namespace)
}
