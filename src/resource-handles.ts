import { checkObject } from './base/check-options.ts'
import { Informer } from './informer.ts'
import type { KubernetesObject, PartialObjectMetadata } from './kubernetes-object.ts'
import type { Lister } from './lister.ts'
import type { NamespaceSet } from './namespace-set.ts'
import { type NamespaceSets, selectShape } from './namespace-sets.ts'
import type { HandleSelectOptions, MetadataOnly, ResourceHandle, SelectOptions } from './resource-handle.ts'
import { WarmStartFile } from './warm-start/warm-start-file.ts'

/** `isSet`: the namespace is one of a set. */
export type Select = (options: AnySelectOptions, isSet?: boolean) => ResourceHandle<KubernetesObject>

export type AnySelectOptions = HandleSelectOptions & Partial<MetadataOnly>

/** The informer is made when it is first asked for: handles are free. */
export class Handle<T> implements ResourceHandle<T> {
  readonly #make: (warmStart: WarmStartFile) => Informer<T>
  readonly #select: Select
  readonly #sets: NamespaceSets
  readonly #warmStart = new WarmStartFile()
  #informer: Informer<T> | undefined
  #lister: Lister<T> | undefined

  constructor(make: (warmStart: WarmStartFile) => Informer<T>, select: Select, sets: NamespaceSets) {
    this.#make = make
    this.#select = select
    this.#sets = sets
  }

  get hasInformer(): boolean {
    return this.#informer !== undefined
  }

  /** Somebody relies on what it will hold. */
  get isInUse(): boolean {
    return this.#lister !== undefined || this.#informer?.hasHandlers === true
  }

  /** What it holds will come, or is missed by somebody. */
  get isAwaited(): boolean {
    return this.informer.state !== 'idle' && (this.isInUse || !Informer.isClosed(this.informer))
  }

  get informer(): Informer<T> {
    this.#informer ??= this.#make(this.#warmStart)
    return this.#informer
  }

  get lister(): Lister<T> {
    this.#lister ??= Informer.listerOf(this.informer)
    return this.#lister
  }

  select(options: AnySelectOptions): ResourceHandle<T> & ResourceHandle<PartialObjectMetadata> {
    // Spread below, all of these would be no options.
    if (options !== undefined) checkObject('options', options, selectShape)
    const { warmStart, ...selection } = options ?? {}
    const handle = this.#select(selection)
    if (warmStart !== undefined && handle instanceof Handle) handle.#warmStart.choose(warmStart)
    return handle as unknown as ResourceHandle<T> & ResourceHandle<PartialObjectMetadata>
  }

  selectNamespaces(
    namespaces: readonly string[],
    options: Omit<SelectOptions, 'namespace' | 'warmStart'> = {},
  ): NamespaceSet<T> {
    return this.#sets.get(
      namespaces,
      options,
      (one) => this.#select(one, true) as unknown as ResourceHandle<T>,
    )
  }
}
