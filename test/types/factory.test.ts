import { expectTypeOf, test } from 'vitest'
import {
  createEngine,
  createInformerFactory,
  type EngineOptions,
  type InformerFactory,
  type InformerFactoryOptions,
  type KubernetesObject,
  type Lister,
  type PartialObjectMetadata,
  type SelectOptions,
} from '../../src/index.ts'

interface Widget extends KubernetesObject {
  readonly spec: { readonly size: number }
}

declare const factory: InformerFactory
const widgets = { group: 'example.com', version: 'v1', resource: 'widgets' }

/** Never called: the compiler is the test. */
const metadataOnly = (): void => {
  const { pods } = factory.core.v1
  expectTypeOf(pods.select({ metadataOnly: true }).lister).toEqualTypeOf<Lister<PartialObjectMetadata>>()
  expectTypeOf(pods.select({ namespace: 'web' }).lister).toEqualTypeOf(pods.lister)
  expectTypeOf(factory.forResource({ ...widgets, metadataOnly: true }).lister).toEqualTypeOf<
    Lister<PartialObjectMetadata>
  >()
  expectTypeOf(factory.forResource<Widget>(widgets).lister).toEqualTypeOf<Lister<Widget>>()
  // @ts-expect-error what it would hold is no widget
  factory.forResource<Widget>({ ...widgets, metadataOnly: true })
  // @ts-expect-error neither one nor the other
  pods.select({ metadataOnly: Boolean(pods) })
}

test('an engine and a factory take what is theirs', () => {
  expectTypeOf(createEngine).parameter(0).toEqualTypeOf<EngineOptions | undefined>()
  expectTypeOf(createInformerFactory).parameter(0).toEqualTypeOf<InformerFactoryOptions | undefined>()
  expectTypeOf<SelectOptions['transform']>().toEqualTypeOf<string | URL | false | undefined>()
  expectTypeOf(metadataOnly).returns.toBeVoid()
  // The rest is for factories.
  expectTypeOf<keyof ReturnType<typeof createEngine>>().toEqualTypeOf<'stats' | 'close'>()
})
