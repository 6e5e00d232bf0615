// Held by the compiler (`npm run check`); running it only shows that the files are there.

import type {
  V1JSONSchemaProps,
  V1ListMeta,
  V1ManagedFieldsEntry,
  V1ObjectMeta,
  V1OwnerReference,
} from '@kubernetes/client-node'
import { expectTypeOf, test } from 'vitest'
import type {
  BuiltInObjects,
  BuiltInResources,
  InformerFactory,
  JsonValue,
  KubernetesObject,
  ManagedFieldsEntry,
  ObjectList,
  ObjectMeta,
  OwnerReference,
  ResourceHandle,
  Wire,
  WireFields,
} from '../../src/index.ts'

type Pod = BuiltInObjects['core']['v1']['pods']

declare const factory: InformerFactory
/** The compiler reads it, nobody calls it. */
function typed(_body: () => void): void {}

test('every group of client-go has its property, with its versions', () => {
  type Versions = { [Group in keyof BuiltInResources]: keyof BuiltInResources[Group] }
  expectTypeOf<Versions>().toEqualTypeOf<{
    readonly core: 'v1'
    readonly admissionregistration: 'v1' | 'v1beta1' | 'v1alpha1'
    readonly apiextensions: 'v1'
    readonly apiregistration: 'v1'
    readonly apps: 'v1'
    readonly autoscaling: 'v1' | 'v2'
    readonly batch: 'v1'
    readonly certificates: 'v1' | 'v1beta1' | 'v1alpha1'
    readonly coordination: 'v1' | 'v1beta1' | 'v1alpha2'
    readonly discovery: 'v1'
    readonly events: 'v1'
    readonly flowcontrol: 'v1'
    readonly internal: 'v1alpha1'
    readonly networking: 'v1' | 'v1beta1'
    readonly node: 'v1'
    readonly policy: 'v1'
    readonly rbac: 'v1'
    readonly resource: 'v1' | 'v1beta2' | 'v1beta1' | 'v1alpha3'
    readonly scheduling: 'v1' | 'v1alpha2'
    readonly storage: 'v1' | 'v1beta1'
    readonly storagemigration: 'v1beta1'
  }>()
  expectTypeOf<keyof BuiltInResources['apps']['v1']>().toEqualTypeOf<
    'controllerrevisions' | 'daemonsets' | 'deployments' | 'replicasets' | 'statefulsets'
  >()
  expectTypeOf<InformerFactory>().toExtend<BuiltInResources>()
})

test('identity is always there, on every object', () => {
  type Objects = {
    [Group in keyof BuiltInObjects]: {
      [Version in keyof BuiltInObjects[Group]]: BuiltInObjects[Group][Version][keyof BuiltInObjects[Group][Version]]
    }[keyof BuiltInObjects[Group]]
  }[keyof BuiltInObjects]
  expectTypeOf<Objects>().toExtend<KubernetesObject>()
  expectTypeOf<Objects['metadata']['name']>().toEqualTypeOf<string>()
  expectTypeOf<Objects['metadata']['uid']>().toEqualTypeOf<string>()
  expectTypeOf<Objects['metadata']['resourceVersion']>().toEqualTypeOf<string>()
})

test('the metadata are those of the model', () => {
  type Model = WireFields<Omit<V1ObjectMeta, 'selfLink'>>
  expectTypeOf<Omit<ObjectMeta, 'name' | 'uid' | 'resourceVersion'>>().toEqualTypeOf<
    Omit<Model, 'name' | 'uid' | 'resourceVersion'>
  >()
  expectTypeOf<OwnerReference>().toEqualTypeOf<WireFields<V1OwnerReference>>()
  expectTypeOf<ManagedFieldsEntry>().toEqualTypeOf<WireFields<V1ManagedFieldsEntry>>()
})

test('names are those on the wire', () => {
  type Policy = BuiltInObjects['networking']['v1']['networkpolicies']
  type Rule = NonNullable<NonNullable<Policy['spec']>['ingress']>[number]
  expectTypeOf<keyof Rule>().toEqualTypeOf<'from' | 'ports'>()
  expectTypeOf<WireFields<V1ListMeta>['continue']>().toEqualTypeOf<string | undefined>()
  type Limit = NonNullable<BuiltInObjects['core']['v1']['limitranges']['spec']>['limits'][number]
  expectTypeOf<NonNullable<Limit['default']>>().toEqualTypeOf<{ readonly [key: string]: string }>()
  type Schema = WireFields<V1JSONSchemaProps>
  expectTypeOf<Schema>().toHaveProperty('$ref')
  expectTypeOf<Schema>().toHaveProperty('$schema')
  expectTypeOf<Schema>().toHaveProperty('enum')
  expectTypeOf<Schema>().not.toHaveProperty('schema')
  expectTypeOf<Schema['x-kubernetes-preserve-unknown-fields']>().toEqualTypeOf<boolean | undefined>()
  // The same name in another model stays as it is.
  type Version =
    BuiltInObjects['apiextensions']['v1']['customresourcedefinitions']['spec']['versions'][number]
  expectTypeOf<NonNullable<NonNullable<Version['schema']>['openAPIV3Schema']>>().toEqualTypeOf<Schema>()
  type Device = NonNullable<BuiltInObjects['resource']['v1']['resourceslices']['spec']['devices']>[number]
  expectTypeOf<NonNullable<Device['attributes']>[string]['int']>().toEqualTypeOf<number | undefined>()
})

test('times and quantities are text, ports are a number or text, what a schema leaves open is JSON', () => {
  expectTypeOf<Pod['metadata']['creationTimestamp']>().toEqualTypeOf<string | undefined>()
  expectTypeOf<NonNullable<Pod['status']>['startTime']>().toEqualTypeOf<string | undefined>()
  // client-node's V1MicroTime.
  type Lease = NonNullable<BuiltInObjects['coordination']['v1']['leases']['spec']>
  expectTypeOf<Lease['renewTime']>().toEqualTypeOf<string | undefined>()
  type Container = NonNullable<Pod['spec']>['containers'][number]
  expectTypeOf<NonNullable<NonNullable<Container['resources']>['limits']>>().toEqualTypeOf<{
    readonly [key: string]: string
  }>()
  type Port = NonNullable<NonNullable<BuiltInObjects['core']['v1']['services']['spec']>['ports']>[number]
  expectTypeOf<Port['targetPort']>().toEqualTypeOf<string | number | undefined>()
  expectTypeOf<BuiltInObjects['core']['v1']['secrets']['data']>().toEqualTypeOf<
    { readonly [key: string]: string } | undefined
  >()
  expectTypeOf<BuiltInObjects['apps']['v1']['controllerrevisions']['data']>().toEqualTypeOf<
    JsonValue | undefined
  >()
})

test('a kind that stands in two groups has the type of its own', () => {
  expectTypeOf<BuiltInObjects['core']['v1']['events']>().toHaveProperty('involvedObject')
  expectTypeOf<BuiltInObjects['events']['v1']['events']>().toHaveProperty('regarding')
  expectTypeOf<BuiltInObjects['resource']['v1']['resourceclaims']['spec']>().toHaveProperty('devices')
  type Metric = NonNullable<BuiltInObjects['autoscaling']['v2']['horizontalpodautoscalers']['spec']>
  expectTypeOf<Metric>().toHaveProperty('metrics')
})

test('nothing can be changed, at any depth', () => {
  typed(() => {
    const pod = factory.core.v1.pods.lister.get('default/web')
    if (pod?.spec === undefined) return
    // @ts-expect-error: readonly
    pod.metadata.name = 'other'
    // @ts-expect-error: readonly
    pod.spec = { containers: [] }
    // @ts-expect-error: readonly
    pod.spec.nodeName = 'node-1'
    // @ts-expect-error: readonly
    pod.spec.containers.push({ name: 'more' })
    // @ts-expect-error: readonly
    pod.spec.containers[0]!.image = 'other'
    // @ts-expect-error: readonly
    pod.metadata.labels = {}
    const labels = factory.apps.v1.statefulsets.lister.get('web/db')?.spec?.template.metadata?.labels
    if (labels === undefined) return
    // @ts-expect-error: readonly
    labels['app'] = 'other'
  })
})

test('listers, handlers and selections know their type: no cast', () => {
  typed(() => {
    const { deployments } = factory.apps.v1
    expectTypeOf(deployments.lister.list()).toExtend<
      ObjectList<BuiltInObjects['apps']['v1']['deployments']>
    >()
    for (const deployment of deployments.lister.list({ namespace: 'web' })) {
      expectTypeOf(deployment.spec?.replicas).toEqualTypeOf<number | undefined>()
      expectTypeOf(deployment.spec?.template.spec?.containers[0]?.image).toEqualTypeOf<string | undefined>()
    }
    const images = deployments.lister
      .list()
      .map((each) => each.spec?.template.spec?.containers[0]?.image ?? '')
    expectTypeOf(images).toExtend<Iterable<string>>()
    factory.networking.v1.networkpolicies.informer.addEventHandler({
      onAdd: (event) => {
        expectTypeOf(event.object.spec?.ingress?.[0]?.from?.[0]?.ipBlock?.cidr).toEqualTypeOf<
          string | undefined
        >()
      },
      onUpdate: (event) => {
        expectTypeOf(event.oldObject.metadata.resourceVersion).toEqualTypeOf<string>()
      },
    })
    expectTypeOf(factory.core.v1.pods.select({ namespace: 'web' })).toEqualTypeOf<ResourceHandle<Pod>>()
    // @ts-expect-error: no such resource
    factory.apps.v1.pods
    // @ts-expect-error: no such version
    factory.apps.v1beta1
    // @ts-expect-error: no such field
    deployments.lister.get('web/shop')?.spec?.replica
  })
})

test('custom resources bring a type of their own', () => {
  interface Widget extends KubernetesObject {
    readonly spec: { readonly ref: string; readonly size: number }
  }
  typed(() => {
    const widgets = factory.forResource<Widget>({ group: 'example.com', version: 'v1', resource: 'widgets' })
    expectTypeOf(widgets.lister.list().toArray()[0]?.spec.size).toEqualTypeOf<number | undefined>()
  })
  expectTypeOf<Wire<Widget>['spec']>().toEqualTypeOf<{ readonly ref: string; readonly size: number }>()
})

test('what an event holds and what a lister gives go to the same functions', () => {
  const nodeOf = (pod: Pod): string | undefined => pod.spec?.nodeName
  typed(() => {
    const { informer, lister } = factory.core.v1.pods
    informer.addEventHandler({ onUpdate: ({ object, oldObject }) => [nodeOf(object), nodeOf(oldObject)] })
    const pod = lister.get('web/shop')
    if (pod !== undefined) nodeOf(pod)
  })
})
