import type { Informer } from './informer.ts'
import type { PartialObjectMetadata } from './kubernetes-object.ts'
import type { Lister } from './lister.ts'
import type { NamespaceSet } from './namespace-set.ts'
import type { ResourceOptions } from './options.ts'
import type { LabelSelectorInput } from './selectors/label-selector.ts'

/** A resource as its paths name it. */
export interface GroupVersionResource {
  /** Empty or left out for core. */
  readonly group?: string
  readonly version: string
  /** Plural, as in paths: `pods`. */
  readonly resource: string
}

/** What to watch of a resource, and how. Equal selections share one watch and one cache. */
export interface SelectOptions extends ResourceOptions {
  readonly namespace?: string
  readonly labelSelector?: LabelSelectorInput
  /** Evaluated by the server: `'spec.nodeName=node-1'`. */
  readonly fieldSelector?: string
  /**
   * A file of `informer.saveSnapshot()`: the cache begins with what it holds, and the watch resumes from there. Missing: as
   * without. Damaged, or of something else: a process warning (ERR_WARM_START), then as without. It is no part of the
   * selection: equal ones share one informer, which may have one file, said before its start (ERR_INVALID_OPTION).
   */
  readonly warmStart?: string
}

/** Of every object its metadata, and nothing else is sent: a fraction of the bytes, for who wants names, labels or owners. */
export interface MetadataOnly {
  readonly metadataOnly: true
}

/** {@link SelectOptions} of one handle. */
export interface HandleSelectOptions extends SelectOptions {
  /**
   * A watch and a cache of its own, at each call, shared with nobody; one registration at a time, which may have
   * `buffer: { overflow: 'backpressure' }`. It lives until its informer or the factory is closed. @default false
   */
  readonly private?: boolean
}

/** One resource of one cluster: its shared informer, and the lister over the same cache. */
export interface ResourceHandle<T> {
  readonly informer: Informer<T>
  readonly lister: Lister<T>
  /** The metadata of the resource, or of a part of it, with a watch and cache of its own. */
  select(options: HandleSelectOptions & MetadataOnly): ResourceHandle<PartialObjectMetadata>
  /** A part of the resource with a watch and cache of its own. The same handle for equal options, unless it is private. */
  select(options: HandleSelectOptions): ResourceHandle<T>
  /**
   * The resource in these namespaces, as one informer and one lister over a watch and a cache for each. The same set for
   * the same namespaces and options, in any order; its parts are those of `select({ ...options, namespace })`.
   *
   * @throws ERR_INVALID_OPTION for no namespace, for `''`, for one that is named twice, for a resource without namespaces
   * @example
   * const { informer, lister } = pods.selectNamespaces(['shop', 'web'], { labelSelector: 'tier=front' })
   */
  selectNamespaces(
    namespaces: readonly string[],
    options?: Omit<SelectOptions, 'namespace' | 'warmStart'>,
  ): NamespaceSet<T>
}
