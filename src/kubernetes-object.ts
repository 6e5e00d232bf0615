/** What every Kubernetes object has, as it stands on the wire: names unchanged, times as text. Deep readonly. */
export interface KubernetesObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: ObjectMeta
}

/**
 * What `metadataOnly` gives of an object, as `PartialObjectMetadata` of `meta.k8s.io/v1`; from a server that does not know
 * it, cut to the same members here, under the object's own type.
 */
export interface PartialObjectMetadata {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
}

/** What identifies and describes an object; `name`, `uid` and `resourceVersion` are always there. */
export interface ObjectMeta {
  readonly name: string
  readonly namespace?: string
  readonly uid: string
  readonly resourceVersion: string
  readonly generation?: number
  readonly generateName?: string
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly deletionGracePeriodSeconds?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly finalizers?: readonly string[]
  readonly ownerReferences?: readonly OwnerReference[]
  /** Dropped, unless `dropFields` or `keepFields` says otherwise. */
  readonly managedFields?: readonly ManagedFieldsEntry[]
}

/** An object that this one belongs to, and is deleted with. */
export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
  readonly blockOwnerDeletion?: boolean
}

/** Which fields one manager set last, as server-side apply keeps it. */
export interface ManagedFieldsEntry {
  readonly manager?: string
  readonly operation?: string
  readonly apiVersion?: string
  readonly time?: string
  readonly fieldsType?: string
  readonly fieldsV1?: JsonValue
  readonly subresource?: string
}

/** What a model leaves open: any JSON. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue }
