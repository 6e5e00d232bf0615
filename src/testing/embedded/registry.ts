import {
  collectionPath,
  isNamed,
  isStable,
  knownResource,
  knownResources,
  type NamedResource,
  parseResourceName,
  type ResourceType,
} from '../../resources/names.ts'
import { usualVerbs } from '../../resources/table.ts'
import { ResourceStore } from './resource-store.ts'
import { type ServedContext, ServedResource, type SharedObjects } from './served-resource.ts'
import type { WatchHub } from './watch-hub.ts'

/** A resource to be served: `EmbeddedApiServer.registerResource`. */
export interface ResourceDefinition {
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly kind: string
  readonly namespaced: boolean
  readonly shortNames?: readonly string[]
}

/** All resources that the server has. Stores of built-in ones are made when they are first used. */
export class Registry {
  readonly #context: ServedContext
  /** Nothing was there before: a store that is made later can still be taken back to this version. */
  readonly #firstVersion: number
  readonly #builtInGroups = new Set(knownResources.map((type) => type.group))
  readonly #types = new Map<string, { readonly type: ResourceType; readonly isBuiltIn: boolean }>()
  readonly #served = new Map<string, ServedResource>()
  /** By group and plural: all versions of a resource have the same objects. */
  readonly #objects = new Map<string, SharedObjects>()
  /** When a resource went with its objects: nothing from before can be watched or restored. */
  readonly #forgottenAt = new Map<string, number>()

  constructor(context: ServedContext) {
    this.#context = context
    this.#firstVersion = context.versions.current
    const served = new Set<string>()
    for (const type of knownResources) {
      const name = `${type.group}/${type.resource}`
      // The preferred version alone: objects are not converted to the form of another one.
      if (!isStable(type.version) || served.has(name)) continue
      served.add(name)
      this.#types.set(collectionPath(type), { type, isBuiltIn: true })
    }
  }

  get types(): readonly ResourceType[] {
    return [...this.#types.values()].map((entry) => entry.type)
  }

  /** Whether nothing was forgotten since, and all changes are still known. */
  canRestore(version: number): boolean {
    const isKept = [...this.#forgottenAt.values()].every((forgottenAt) => version >= forgottenAt)
    return isKept && [...this.stores].every((store) => store.canRestore(version))
  }

  hasBuiltIn(group: string): boolean {
    return this.#builtInGroups.has(group)
  }

  /** Those that were used at least once: others have no objects, no watches. */
  get served(): Iterable<ServedResource> {
    return this.#served.values()
  }

  /** Of those, one for each resource, in whatever version. */
  get distinct(): Iterable<ServedResource> {
    return new Map([...this.#served.values()].map((served) => [served.store, served])).values()
  }

  /** All objects that there are, those of resources that are not served any more included. */
  get stores(): Iterable<ResourceStore> {
    return [...this.#objects.values()].map(({ store }) => store)
  }

  /**
   * Idempotent: a resource that is there already stays as it is, with its objects. Versions of built-in resources that
   * are not served by default may be registered, too.
   */
  register(definition: ResourceDefinition): ResourceType {
    const { group, version, resource, kind, namespaced, shortNames = [] } = definition
    const path = collectionPath(definition)
    const served = this.#types.get(path)
    if (served !== undefined) return served.type
    const builtIn = knownResource(definition)
    const type = builtIn ?? { group, version, resource, kind, namespaced, shortNames, verbs: usualVerbs }
    this.#types.set(path, { type, isBuiltIn: builtIn !== undefined })
    return type
  }

  /**
   * Serves a resource in exactly these versions. If they are others than before, all its watches end and its history is
   * forgotten, as on a real server, which makes the storage anew.
   */
  serve(group: string, resource: string, versions: readonly ResourceDefinition[]): void {
    const before = this.#versionsOf(group, resource).map(({ version }) => version)
    const after = versions.map(({ version }) => version)
    if (before.length > 0 && before.toSorted().join() !== after.toSorted().join()) {
      this.#withdraw(group, resource)
      this.#objects.get(nameOf(group, resource))?.store.compact()
    }
    for (const definition of versions) this.register(definition)
  }

  /** Ends its watches and forgets its objects. */
  forget(group: string, resource: string): void {
    this.#withdraw(group, resource)
    this.#objects.delete(nameOf(group, resource))
    this.#forgottenAt.set(nameOf(group, resource), this.#context.versions.current)
  }

  find(group: string, version: string, resource: string): ServedResource | undefined {
    return this.#at(collectionPath({ group, version, resource }))
  }

  of(type: NamedResource): ServedResource {
    const served = this.#at(collectionPath(type))
    if (served === undefined) throw new RangeError(`no resource ${collectionPath(type)}`)
    return served
  }

  /** By any name: `pods`, `deploy`, `deployments.apps`, `apps/v1/deployments`. */
  byName(text: string): ServedResource | undefined {
    const parts = text.split('/')
    if (parts.length === 3) return this.find(parts[0] as string, parts[1] as string, parts[2] as string)
    const wanted = parseResourceName(text)
    if (wanted === undefined) return undefined
    const type = this.types.find(
      (each) =>
        isNamed(each, wanted.name) &&
        (wanted.group === undefined || wanted.group === each.group) &&
        (wanted.version === undefined || wanted.version === each.version),
    )
    return type && this.of(type)
  }

  #at(path: string): ServedResource | undefined {
    const served = this.#served.get(path)
    if (served !== undefined) return served
    const entry = this.#types.get(path)
    if (entry === undefined) return undefined
    const made = new ServedResource(entry.type, entry.isBuiltIn, this.#context, this.#objectsOf(entry.type))
    this.#served.set(path, made)
    return made
  }

  #objectsOf(type: ResourceType): SharedObjects {
    const name = nameOf(type.group, type.resource)
    const known = this.#objects.get(name)
    if (known !== undefined) return known
    const { versions, history } = this.#context
    const floor = this.#forgottenAt.get(name) ?? this.#firstVersion
    const made = { store: new ResourceStore(type, versions, history, floor), hubs: new Set<WatchHub>() }
    this.#objects.set(name, made)
    return made
  }

  #versionsOf(group: string, resource: string): readonly ResourceType[] {
    return this.types.filter((type) => type.group === group && type.resource === resource)
  }

  #withdraw(group: string, resource: string): void {
    for (const type of this.#versionsOf(group, resource)) {
      const path = collectionPath(type)
      this.#served.get(path)?.end()
      this.#served.delete(path)
      this.#types.delete(path)
    }
  }
}

function nameOf(group: string, resource: string): string {
  return `${resource}.${group}`
}
