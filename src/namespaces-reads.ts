import { keyOf, type ListOptions, type ObjectName } from './lister.ts'
import { ObjectList } from './object-list.ts'
import type { SharedIndexer, SharedLister } from './shared-informer.ts'

/** Of the namespace in the key: one that is not watched holds nothing. */
export function memberOf<M>(members: ReadonlyMap<string, M>, name: string | ObjectName): M | undefined {
  const key = keyOf(name)
  return members.get(key.slice(0, Math.max(0, key.indexOf('/'))))
}

function joined<T>(lists: readonly ObjectList<T>[]): ObjectList<T> {
  return new ObjectList<T>(
    function* () {
      for (const list of lists) yield* list
    },
    () => lists.reduce((sum, list) => sum + list.size, 0),
  )
}

export class NamespacesLister<T> implements SharedLister<T> {
  readonly #members: ReadonlyMap<string, SharedLister<T>>

  constructor(members: ReadonlyMap<string, SharedLister<T>>) {
    this.#members = members
  }

  get(name: string | ObjectName): T | undefined {
    return memberOf(this.#members, name)?.get(name)
  }

  list(options?: ListOptions): ObjectList<T> {
    return joined(Array.from(this.#members.values(), (lister) => lister.list(options)))
  }
}

export class NamespacesIndexer<T> implements SharedIndexer<T> {
  readonly #members: ReadonlyMap<string, SharedIndexer<T>>

  constructor(members: ReadonlyMap<string, SharedIndexer<T>>) {
    this.#members = members
  }

  get size(): number {
    return this.#all((indexer) => indexer.size).reduce((sum, size) => sum + size, 0)
  }

  get(name: string | ObjectName): T | undefined {
    return memberOf(this.#members, name)?.get(name)
  }

  has(name: string | ObjectName): boolean {
    return memberOf(this.#members, name)?.has(name) ?? false
  }

  *keys(): Generator<string, void> {
    for (const indexer of this.#members.values()) yield* indexer.keys()
  }

  list(): ObjectList<T> {
    return joined(this.#all((indexer) => indexer.list()))
  }

  byIndex(name: string, value: string): ObjectList<T> {
    return joined(this.#all((indexer) => indexer.byIndex(name, value)))
  }

  indexKeys(name: string, value: string): string[] {
    return this.#all((indexer) => indexer.indexKeys(name, value)).flat()
  }

  indexValues(name: string): string[] {
    return [...new Set(this.#all((indexer) => indexer.indexValues(name)).flat())]
  }

  #all<R>(read: (indexer: SharedIndexer<T>) => R): R[] {
    return Array.from(this.#members.values(), read)
  }
}
