import { isRecord, type JsonRecord } from './json-object.ts'
import type { ResourceDefinition } from './registry.ts'
import { failures } from './status.ts'

/** The resource that a definition makes, in the versions it serves. Throws 400. */
export function definitionOf(object: JsonRecord): {
  readonly group: string
  readonly resource: string
  readonly versions: readonly ResourceDefinition[]
} {
  const spec = isRecord(object['spec']) ? object['spec'] : {}
  const names = isRecord(spec['names']) ? spec['names'] : {}
  const versions = Array.isArray(spec['versions']) ? spec['versions'].filter(isRecord) : []
  const { group } = spec
  const { plural: resource, kind } = names
  if (typeof group !== 'string' || typeof resource !== 'string' || typeof kind !== 'string') {
    throw failures.badRequest('a definition needs spec.group, spec.names.plural and spec.names.kind')
  }
  const shortNames = Array.isArray(names['shortNames']) ? names['shortNames'].map(String) : []
  const namespaced = spec['scope'] !== 'Cluster'
  return {
    group,
    resource,
    versions: versions
      .filter((version) => version['served'] !== false)
      .map(({ name }) => ({ group, version: String(name), resource, kind, namespaced, shortNames })),
  }
}
