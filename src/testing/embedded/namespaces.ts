import type { Runtime } from '../../base/runtime.ts'
import type { ChangeType } from './history.ts'
import { isNamespaces } from './object-lifecycle.ts'
import type { Registry } from './registry.ts'
import type { ServedResource } from './served-resource.ts'
import { failures } from './status.ts'
import type { StoredObject } from './stored-object.ts'
import { isEnding, Sweeper } from './sweeper.ts'

/** The namespace controller: a namespace that was deleted takes its content along, and goes once that is gone. */
export class Namespaces {
  readonly #registry: Registry
  readonly #sweeper: Sweeper

  constructor(registry: Registry, runtime: Runtime) {
    this.#registry = registry
    this.#sweeper = new Sweeper(runtime, {
      owner: () => this.#served,
      contents: () => registry.distinct,
      holds: (name, { namespace }) => namespace === name,
    })
  }

  changed({ type }: ServedResource, change: ChangeType, object: StoredObject): void {
    if (isNamespaces(type)) this.#sweeper.ownerChanged(change, object)
    else if (change === 'DELETED') this.#sweeper.contentGone(object.namespace)
  }

  /** Throws 404 for a namespace that is not there if one is needed, 403 for one that is being deleted. */
  check(served: ServedResource, namespace: string, name: string, isNeeded: boolean): void {
    if (!served.type.namespaced) return
    const found = this.#served.store.get(namespace)
    if (found === undefined && isNeeded) throw failures.notFound(this.#served.type, namespace)
    if (found !== undefined && isEnding(found))
      throw failures.namespaceTerminating(served.type, namespace, name)
  }

  get #served(): ServedResource {
    return this.#registry.of({ group: '', version: 'v1', resource: 'namespaces' })
  }
}
