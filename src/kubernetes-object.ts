/** What every Kubernetes object has, as it stands on the wire: names unchanged, times as text. Deep readonly. */
export interface KubernetesObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: ObjectMeta
}

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
}

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
  readonly blockOwnerDeletion?: boolean
}

/** A client-node model as it really arrives: `Date` is text, everything readonly, identity always there. */
export type Wire<T> = WireFields<Omit<T, 'metadata'>> & KubernetesObject

type WireFields<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? readonly WireFields<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: WireFields<T[Key]> }
      : T
