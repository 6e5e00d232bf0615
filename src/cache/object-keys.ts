import { invalidOption, KubeInformerError } from '../errors.ts'
import { DeletedFinalStateUnknown } from './deleted-final-state-unknown.ts'

/** An object's key in a store. Must give the same text for every state of one object. */
export type KeyFunc<T> = (object: T) => string

/** What keys and versions are read from. Anything may come from a source of the user's. */
export interface MetaFields {
  readonly name?: unknown
  readonly namespace?: unknown
  readonly uid?: unknown
  readonly resourceVersion?: unknown
}

/** `{}` for what is no object, or has no metadata. */
export function metaOf(object: unknown): MetaFields {
  if (typeof object !== 'object' || object === null || !('metadata' in object)) return {}
  const { metadata } = object
  return typeof metadata === 'object' && metadata !== null ? metadata : {}
}

/**
 * `'namespace/name'`; `'name'` for what has no namespace.
 *
 * @throws ERR_OBJECT_IDENTITY for anything without a `metadata.name`
 */
export function metaNamespaceKeyFunc(object: unknown): string {
  const { name, namespace } = metaOf(object)
  if (typeof name !== 'string' || name === '') {
    throw new KubeInformerError('ERR_OBJECT_IDENTITY', 'the object has no metadata.name')
  }
  return typeof namespace === 'string' && namespace !== '' ? `${namespace}/${name}` : name
}

/** {@link metaNamespaceKeyFunc} for what delete handlers get: knows the key of a {@link DeletedFinalStateUnknown}, too. */
export function deletionHandlingMetaNamespaceKeyFunc(object: unknown): string {
  return object instanceof DeletedFinalStateUnknown ? object.key : metaNamespaceKeyFunc(object)
}

/** For messages: `''` for what has no key. */
export function keyIfAny(object: unknown): string {
  try {
    return deletionHandlingMetaNamespaceKeyFunc(object)
  } catch {
    return ''
  }
}

/**
 * The parts of what {@link metaNamespaceKeyFunc} gives; `namespace` is `''` for a key without one.
 *
 * @throws ERR_INVALID_OPTION for more than two parts
 */
export function splitMetaNamespaceKey(key: string): { readonly namespace: string; readonly name: string } {
  const parts = key.split('/')
  if (parts.length > 2) throw invalidOption('key', key, "must be 'name' or 'namespace/name'")
  const [first = '', second] = parts
  return second === undefined ? { namespace: '', name: first } : { namespace: first, name: second }
}

/** An index function: the object's namespace, `''` for a cluster-scoped one. Commonly under `'namespace'`. */
export function metaNamespaceIndexFunc(object: unknown): readonly string[] {
  const { namespace } = metaOf(object)
  return [typeof namespace === 'string' ? namespace : '']
}

/** Its `metadata.resourceVersion`; `''` if it has none. */
export function resourceVersionOf(object: unknown): string {
  const { resourceVersion } = metaOf(object)
  return typeof resourceVersion === 'string' ? resourceVersion : ''
}
