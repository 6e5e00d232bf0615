import type { JsonValue, KubernetesObject } from '../kubernetes-object.ts'
import type { RenamedBesides, RenamedFields } from './renamed-fields.ts'

/**
 * An object of one of client-node's models as it really arrives: names as on the wire (`from`, not `_from`), times
 * as text, everything readonly, identity always there.
 *
 * @example
 * import type { V1Pod } from '@kubernetes/client-node'
 * type Pod = Wire<V1Pod>
 */
export type Wire<Model> = WireFields<Omit<Model, 'metadata'>> & KubernetesObject

/** A part of such an object: `WireFields<V1PodSpec>`. */
export type WireFields<Model> = {
  readonly [Key in keyof Model as WireName<Model, Key>]: WireValue<Model[Key]>
}

type WireValue<Value> = 0 extends 1 & Value
  ? // `any`: it would switch off every check of what is read from it.
    JsonValue
  : Value extends Date
    ? string
    : Value extends readonly (infer Item)[]
      ? readonly WireValue<Item>[]
      : Value extends object
        ? WireFields<Value>
        : Value

type WireName<Model, Key extends keyof Model> = Key extends keyof RenamedFields
  ? RenamedFields[Key]
  : Key extends keyof RenamedBesides
    ? RenamedBesides[Key]['mark'] extends keyof Model
      ? RenamedBesides[Key]['name']
      : Key
    : Key
