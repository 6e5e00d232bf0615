import { checkObject } from './base/check-options.ts'
import { invalidOption, printed, wrongType } from './errors.ts'
import type { NamespaceSet, NamespacesInformer } from './namespace-set.ts'
import { InformerOfNamespaces } from './namespaces-informer.ts'
import { NamespacesIndexer, NamespacesLister } from './namespaces-reads.ts'
import type { ResourceHandle, SelectOptions } from './resource-handle.ts'
import type { SharedLister } from './shared-informer.ts'

/** What options of a selection look like, where something else was given. */
export const selectShape = "must be an object such as { labelSelector: 'app=web' }"

/** By namespace. */
export type Members<T> = ReadonlyMap<string, ResourceHandle<T>>

class Facade<T> implements NamespaceSet<T> {
  readonly namespaces: readonly string[]
  readonly #members: Members<T>
  #informer: NamespacesInformer<T> | undefined
  #lister: SharedLister<T> | undefined

  constructor(members: Members<T>) {
    this.namespaces = [...members.keys()]
    this.#members = members
  }

  get informer(): NamespacesInformer<T> {
    if (this.#informer === undefined) {
      const informers = new Map([...this.#members].map(([namespace, { informer }]) => [namespace, informer]))
      const indexers = new Map([...informers].map(([namespace, { indexer }]) => [namespace, indexer]))
      this.#informer = new InformerOfNamespaces(informers, new NamespacesIndexer(indexers))
    }
    return this.#informer
  }

  get lister(): SharedLister<T> {
    this.#lister ??= new NamespacesLister(
      new Map([...this.#members].map(([namespace, { lister }]) => [namespace, lister])),
    )
    return this.#lister
  }
}

/** The sets of one factory: the same for the same members. */
export class NamespaceSets {
  readonly #ids = new Map<object, number>()
  readonly #sets = new Map<string, object>()

  /** @throws ERR_INVALID_OPTION */
  get<T>(
    namespaces: readonly string[],
    options: Omit<SelectOptions, 'namespace' | 'warmStart'>,
    select: (options: SelectOptions) => ResourceHandle<T>,
  ): NamespaceSet<T> {
    checkNamespaces(namespaces)
    checkObject('options', options, selectShape)
    const ignored: unknown = Reflect.get(options, 'namespace')
    if (ignored !== undefined) throw invalidOption('namespace', ignored, 'stands among the namespaces')
    const members = new Map(
      [...namespaces].sort().map((namespace) => [namespace, select({ ...options, namespace })]),
    )
    const key = Array.from(members.values(), (handle) => this.#idOf(handle)).join()
    const known = this.#sets.get(key)
    // Equal keys are equal handles, which have one T.
    if (known !== undefined) return known as Facade<T>
    const set = new Facade(members)
    this.#sets.set(key, set)
    return set
  }

  #idOf(handle: object): number {
    const id = this.#ids.get(handle) ?? this.#ids.size
    this.#ids.set(handle, id)
    return id
  }
}

function checkNamespaces(namespaces: readonly string[]): void {
  if (!Array.isArray(namespaces)) {
    throw wrongType('namespaces', namespaces, "must be an array of names such as ['web', 'shop']")
  }
  if (namespaces.length === 0) throw invalidOption('namespaces', '[]', 'must name at least one namespace')
  for (const [i, namespace] of namespaces.entries()) {
    if (typeof namespace !== 'string' || namespace === '') {
      throw invalidOption('namespaces', printed(namespace), 'must be names; for all, use the handle itself')
    }
    if (namespaces.indexOf(namespace) < i) {
      throw invalidOption('namespaces', printed(namespace), 'must not be named twice')
    }
  }
}
