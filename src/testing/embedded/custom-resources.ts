import type { Runtime } from '../../base/runtime.ts'
import { definitionOf } from './definition.ts'
import type { ChangeType } from './history.ts'
import { isDefinitions } from './object-lifecycle.ts'
import type { Registry } from './registry.ts'
import type { ServedResource } from './served-resource.ts'
import { failures } from './status.ts'
import { parseStored, type StoredObject } from './stored-object.ts'
import { isEnding, Sweeper } from './sweeper.ts'

/** Makes CustomResourceDefinitions do something: their resources come, change and go with them. */
export class CustomResources {
  readonly #registry: Registry
  readonly #sweeper: Sweeper

  constructor(registry: Registry, runtime: Runtime) {
    this.#registry = registry
    this.#sweeper = new Sweeper(runtime, {
      owner: () => this.#definitions,
      contents: (name) => [...registry.distinct].filter((served) => definitionName(served) === name),
      holds: () => true,
    })
  }

  changed(served: ServedResource, change: ChangeType, object: StoredObject): void {
    if (!isDefinitions(served.type)) {
      if (change === 'DELETED' && !served.isBuiltIn) this.#sweeper.contentGone(definitionName(served))
      return
    }
    const { group, resource, versions } = definitionOf(parseStored(object))
    if (change === 'DELETED') this.#registry.forget(group, resource)
    else this.#registry.serve(group, resource, versions)
    this.#sweeper.ownerChanged(change, object)
  }

  /** Throws 403 for an object whose definition is being deleted. */
  check(served: ServedResource, name: string): void {
    if (served.isBuiltIn) return
    const found = this.#definitions.store.get(definitionName(served))
    if (found !== undefined && isEnding(found)) throw failures.definitionTerminating(served.type, name)
  }

  get #definitions(): ServedResource {
    return this.#registry.of({
      group: 'apiextensions.k8s.io',
      version: 'v1',
      resource: 'customresourcedefinitions',
    })
  }
}

function definitionName({ type }: ServedResource): string {
  return `${type.resource}.${type.group}`
}
