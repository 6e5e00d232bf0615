// Held by the compiler (`npm run check`); running it only shows that the files are there.

import type { Logger as PinoLogger } from 'pino'
import { Registry } from 'prom-client'
import { expectTypeOf, test } from 'vitest'
import {
  type AddEvent,
  type BuiltInObjects,
  createInformerFactory,
  type DeepReadonly,
  type DeleteEvent,
  type InformerFactory,
  type InformerState,
  type KubeInformerError,
  type Logger,
  type MetricsRegistry,
  type Staleness,
  type UpdateEvent,
  WorkQueue,
} from '../../src/index.ts'

type Pod = BuiltInObjects['core']['v1']['pods']

declare const factory: InformerFactory
/** The compiler reads it, nobody calls it. */
function typed(_body: () => void): void {}

test('handlers know what they get: the event by its kind, readonly all the way down', () => {
  typed(() => {
    const { informer } = factory.core.v1.pods
    informer.addEventHandler({
      onAdd(event) {
        expectTypeOf(event).toEqualTypeOf<AddEvent<Pod>>()
        expectTypeOf(event.object).toEqualTypeOf<DeepReadonly<Pod>>()
        // @ts-expect-error: an add has no state before it
        event.oldObject
        // @ts-expect-error: readonly
        event.object.metadata.name = 'other'
        // @ts-expect-error: readonly
        event.object.spec?.containers.pop()
      },
      onUpdate: (event) => void expectTypeOf(event).toEqualTypeOf<UpdateEvent<Pod>>(),
      onDelete: async (event) => void expectTypeOf(event).toEqualTypeOf<DeleteEvent<Pod>>(),
    })
    informer.onStateChange(({ state, error }) => {
      expectTypeOf(state).toEqualTypeOf<InformerState>()
      expectTypeOf(error).toEqualTypeOf<KubeInformerError | undefined>()
    })
    expectTypeOf(informer.health().stale?.reason).toEqualTypeOf<Staleness['reason'] | undefined>()
  })
})

test('an option that is wrong does not compile', () => {
  typed(() => {
    // @ts-expect-error: no such option
    createInformerFactory({ thread: 1 })
    // @ts-expect-error: a number
    createInformerFactory({ threads: '4' })
    // @ts-expect-error: no such kind
    createInformerFactory({ compression: 'gzip' })
    // @ts-expect-error: no such connection
    createInformerFactory({ kubeConfig: { url: 'http://127.0.0.1' } })
    // @ts-expect-error: no logger
    createInformerFactory({ logger: { info() {} } })
    // @ts-expect-error: no registry
    createInformerFactory({ metrics: {} })
    const { pods } = factory.core.v1
    // @ts-expect-error: no such option
    pods.select({ selector: 'app=web' })
    // @ts-expect-error: no such handler
    pods.informer.addEventHandler({ onAdded() {} })
    // @ts-expect-error: a pod has no replicas
    pods.informer.addEventHandler({ onAdd: (event) => event.object.spec?.replicas })
    // @ts-expect-error: no such option
    pods.informer.addEventHandler({ onAdd() {} }, { parallel: 2 })
    // @ts-expect-error: no such policy
    pods.informer.addEventHandler({ onAdd() {} }, { buffer: { overflow: 'drop' } })
    // @ts-expect-error: a path or a function, not a number
    pods.informer.addIndexers({ byNode: 5 })
    // @ts-expect-error: a controller's signal, not the controller
    factory.waitForCacheSync({ signal: new AbortController() })
    // @ts-expect-error: items that are no keys need a keyOf
    new WorkQueue<{ readonly id: number }>()
  })
})

test('what is handed in fits without a cast: prom-client’s registries, loggers of pino’s form', () => {
  expectTypeOf<Registry>().toExtend<MetricsRegistry>()
  expectTypeOf<Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>>().toExtend<MetricsRegistry>()
  expectTypeOf<PinoLogger>().toExtend<Logger>()
  expectTypeOf<Console>().toExtend<Logger>()
  typed(() => {
    createInformerFactory({ metrics: new Registry(), logger: console })
    createInformerFactory({ metrics: [new Registry()] })
  })
})
