import type { NamedResource } from '../../resources/names.ts'
import { type ApiObject, isRecord, type JsonRecord } from './json-object.ts'

/** What the server itself writes into objects whose life it leads: pure, on its own copy of the object. */

type Named = Pick<NamedResource, 'group' | 'resource'>

const cleanup = 'customresourcecleanup.apiextensions.k8s.io'

export function isNamespaces({ group, resource }: Named): boolean {
  return group === '' && resource === 'namespaces'
}

export function isDefinitions({ group, resource }: Named): boolean {
  return group === 'apiextensions.k8s.io' && resource === 'customresourcedefinitions'
}

/** A namespace is active, a definition established at once; everything else stays as it was sent. */
export function begin(type: Named, object: ApiObject): ApiObject {
  if (isNamespaces(type)) {
    const labels = { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name }
    const spec = { ...recordIn(object, 'spec'), finalizers: ['kubernetes'] }
    return { ...object, metadata: { ...object.metadata, labels }, spec, status: { phase: 'Active' } }
  }
  if (!isDefinitions(type)) return object
  const status = {
    acceptedNames: recordIn(object, 'spec')['names'],
    conditions: [condition('NamesAccepted', 'NoConflicts'), condition('Established', 'InitialNamesAccepted')],
  }
  return { ...object, status }
}

/** The object as its delete leaves it while something still holds it. */
export function beginEnd(type: Named, object: ApiObject, now: string): ApiObject {
  const metadata = { ...object.metadata, deletionTimestamp: now }
  if (isNamespaces(type)) return { ...object, metadata, status: { phase: 'Terminating' } }
  if (!isDefinitions(type)) return { ...object, metadata }
  metadata.finalizers = [...(metadata.finalizers ?? []), cleanup]
  const status = recordIn(object, 'status')
  const conditions = Array.isArray(status['conditions']) ? status['conditions'] : []
  const terminating = condition('Terminating', 'InstanceDeletionInProgress')
  return { ...object, metadata, status: { ...status, conditions: [...conditions, terminating] } }
}

/** Whether a delete has to wait. */
export function isHeld(type: Named, { metadata, spec }: ApiObject): boolean {
  if ((metadata.finalizers ?? []).length > 0) return true
  return (
    isNamespaces(type) && isRecord(spec) && Array.isArray(spec['finalizers']) && spec['finalizers'].length > 0
  )
}

/** What is left to do once nothing of a namespace, or of a definition's resource, is there any more: a merge patch. */
export function endPatch(type: Named, { metadata }: ApiObject): JsonRecord {
  if (isNamespaces(type)) return { spec: { finalizers: null } }
  const finalizers = (metadata.finalizers ?? []).filter((finalizer) => finalizer !== cleanup)
  return { metadata: { finalizers } }
}

function condition(type: string, reason: string): Record<string, string> {
  return { type, status: 'True', reason }
}

function recordIn(object: ApiObject, field: string): JsonRecord {
  const value = object[field]
  return isRecord(value) ? value : {}
}
