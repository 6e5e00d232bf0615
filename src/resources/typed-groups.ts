import type { KubernetesObject } from '../kubernetes-object.ts'
import type { GroupVersionResource, ResourceHandle } from '../resource-handle.ts'
import { groupProperty } from './group-property.ts'
import { knownResources } from './names.ts'
import type { BuiltInObjects } from './types.ts'

/**
 * Every built-in resource of Kubernetes 1.36 that can be watched, by group, version and plural; groups are named as in
 * client-go's clientset. A server has alpha and beta versions only when told to. No informer is made before its handle
 * is asked for it.
 */
export type BuiltInResources = {
  readonly [Group in keyof BuiltInObjects]: {
    readonly [Version in keyof BuiltInObjects[Group]]: {
      readonly [Resource in keyof BuiltInObjects[Group][Version]]: ResourceHandle<
        BuiltInObjects[Group][Version][Resource]
      >
    }
  }
}

abstract class Groups {
  abstract forResource<T extends KubernetesObject = KubernetesObject>(
    type: GroupVersionResource,
  ): ResourceHandle<T>
}

type Resources = Readonly<Record<string, ResourceHandle<KubernetesObject>>>

// Made on first use, one group at a time: a process uses a few of them.
for (const property of new Set(knownResources.map((type) => groupProperty(type.group)))) {
  Object.defineProperty(Groups.prototype, property, {
    get(this: Groups): Readonly<Record<string, Resources>> {
      const value = makeGroup(this, property)
      Object.defineProperty(this, property, { value, enumerable: true })
      return value
    },
  })
}

function makeGroup(owner: Groups, property: string): Readonly<Record<string, Resources>> {
  const versions: Record<string, Resources> = {}
  for (const type of knownResources) {
    if (groupProperty(type.group) !== property) continue
    const resources = (versions[type.version] ??= {})
    Object.defineProperty(resources, type.resource, { enumerable: true, get: () => owner.forResource(type) })
  }
  for (const resources of Object.values(versions)) Object.freeze(resources)
  return Object.freeze(versions)
}

/** What a factory inherits: `factory.apps.v1.deployments` is `factory.forResource()` of it, with its type. */
export const TypedGroups: abstract new () => Groups & BuiltInResources =
  Groups as unknown as abstract new () => Groups & BuiltInResources
