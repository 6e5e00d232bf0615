import { isRecord } from './json-object.ts'
import type { Registry, ResourceDefinition } from './registry.ts'
import type { ServedResource } from './served-resource.ts'
import { failures } from './status.ts'
import { parseStored, type StoredObject } from './stored-object.ts'

/** Makes CustomResourceDefinitions do something: their resources come and go with them. */
export class CustomResources {
  readonly #registry: Registry

  constructor(registry: Registry) {
    this.#registry = registry
  }

  /** A definition as it is stored: established at once. Anything else passes as it is. */
  prepare(served: ServedResource, body: unknown): unknown {
    if (!isDefinition(served) || !isRecord(body)) return body
    definitionsIn(body)
    const condition = (type: string): Record<string, string> => ({ type, status: 'True', reason: 'Accepted' })
    const { names } = body['spec'] as { names: unknown }
    const status = {
      acceptedNames: names,
      conditions: [condition('NamesAccepted'), condition('Established')],
    }
    return { ...body, status }
  }

  created(served: ServedResource, object: StoredObject): void {
    if (!isDefinition(served)) return
    for (const definition of definitionsIn(parseStored(object))) this.#registry.register(definition)
  }

  deleted(served: ServedResource, object: StoredObject): void {
    if (!isDefinition(served) || served.store.get(object.key) !== undefined) return
    for (const definition of definitionsIn(parseStored(object))) {
      this.#registry.unregister(definition)
    }
  }
}

function isDefinition({ type }: ServedResource): boolean {
  return type.group === 'apiextensions.k8s.io' && type.resource === 'customresourcedefinitions'
}

/** One resource per served version; each keeps objects of its own, there is no conversion. Throws 400. */
function definitionsIn(object: Readonly<Record<string, unknown>>): ResourceDefinition[] {
  const spec = isRecord(object['spec']) ? object['spec'] : {}
  const names = isRecord(spec['names']) ? spec['names'] : {}
  const versions = Array.isArray(spec['versions']) ? spec['versions'].filter(isRecord) : []
  const { group } = spec
  const { plural, kind } = names
  if (typeof group !== 'string' || typeof plural !== 'string' || typeof kind !== 'string') {
    throw failures.badRequest('a definition needs spec.group, spec.names.plural and spec.names.kind')
  }
  const shortNames = Array.isArray(names['shortNames']) ? names['shortNames'].map(String) : []
  return versions
    .filter((version) => version['served'] !== false)
    .map((version) => ({
      group,
      version: String(version['name']),
      resource: plural,
      kind,
      namespaced: spec['scope'] !== 'Cluster',
      shortNames,
    }))
}
