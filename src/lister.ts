import { checkNames, checkType } from './base/check-options.ts'
import { wrongType } from './errors.ts'
import type { Indexer } from './indexer/indexer.ts'
import { Selection } from './indexer/selection.ts'
import { ObjectList } from './object-list.ts'
import {
  type LabelSelector,
  type LabelSelectorInput,
  parseLabelSelector,
} from './selectors/label-selector.ts'

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
   * what matches is unpacked. With an index of one of the labels (`addIndexers({ byApp: { label: 'app' } })`) and a
   * condition `=` or `in` on it, only what stands there is looked at. See {@link ObjectList} for what may change while you iterate.
   *
   * @throws ERR_INVALID_SELECTOR, ERR_INVALID_OPTION at once, not while iterating
   */
  list(options: ListOptions = {}): ObjectList<T> {
    const indexer = this.#indexer
    const { namespace, selector } = checkedListOptions(options)
    const selection = new Selection(indexer, namespace, selector)
    return new ObjectList<T>(
      function* () {
        for (const cell of selection.cells()) yield indexer.read(cell) as T
      },
      () => selection.count(),
    )
  }
}

/** @throws ERR_INVALID_SELECTOR, ERR_INVALID_OPTION */
export function checkedListOptions(options: ListOptions): {
  readonly namespace: string | undefined
  readonly selector: LabelSelector | undefined
} {
  // A misspelt selector would list everything.
  checkNames('', options, ['namespace', 'labelSelector'])
  const { namespace, labelSelector } = options
  checkType('namespace', namespace, 'string')
  return { namespace, selector: labelSelector === undefined ? undefined : parseLabelSelector(labelSelector) }
}

/** @throws ERR_INVALID_OPTION */
export function keyOf(name: string | ObjectName): string {
  if (typeof name === 'string') return name
  if (typeof name?.name !== 'string')
    throw wrongType('name', name, "must be 'namespace/name' or { namespace, name }")
  checkType('namespace', name.namespace, 'string')
  return name.namespace === undefined || name.namespace === '' ? name.name : `${name.namespace}/${name.name}`
}
