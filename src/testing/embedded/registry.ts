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
import { type ServedContext, ServedResource } from './served-resource.ts'

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
  readonly #types = new Map<string, { readonly type: ResourceType; readonly isBuiltIn: boolean }>()
  readonly #served = new Map<string, ServedResource>()

  constructor(context: ServedContext) {
    this.#context = context
    this.#firstVersion = context.versions.current
    const served = new Set<string>()
    for (const type of knownResources) {
      const name = `${type.group}/${type.resource}`
      // The preferred version alone: a further one would have objects of its own, a real server has them in common.
      if (!isStable(type.version) || served.has(name)) continue
      served.add(name)
      this.#types.set(collectionPath(type), { type, isBuiltIn: true })
    }
  }

  get types(): readonly ResourceType[] {
    return [...this.#types.values()].map((entry) => entry.type)
  }

  /** Those that were used at least once: others have no objects, no watches. */
  get served(): Iterable<ServedResource> {
    return this.#served.values()
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

  /** Ends its watches and forgets its objects. */
  unregister(type: NamedResource): void {
    const path = collectionPath(type)
    this.#served.get(path)?.hub.endAll()
    this.#served.delete(path)
    this.#types.delete(path)
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
    const made = new ServedResource(entry.type, entry.isBuiltIn, this.#context, this.#firstVersion)
    this.#served.set(path, made)
    return made
  }
}
