import { expectTypeOf, test } from 'vitest'
import type {
  BuiltInObjects,
  DeepReadonly,
  Informer,
  NamespacesInformer,
  ReplayEventHandlers,
  ReplayListenerOptions,
  ResourceHandle,
  SharedInformer,
} from '../../src/index.ts'

type Pod = BuiltInObjects['core']['v1']['pods']

/** Never called: its types are the test. */
function register(
  informer: Informer<Pod>,
  set: NamespacesInformer<Pod>,
  shared: SharedInformer<Pod>,
  handle: ResourceHandle<Pod>,
): void {
  // What is not kept may be undefined with 'replay', and with nothing else.
  for (const one of [informer, set, shared]) {
    one.addEventHandler(
      {
        onAdd: ({ object }) => expectTypeOf(object).toEqualTypeOf<DeepReadonly<Pod>>(),
        onUpdate({ object, oldObject }) {
          expectTypeOf(object).toEqualTypeOf<DeepReadonly<Pod>>()
          expectTypeOf(oldObject).toEqualTypeOf<DeepReadonly<Pod> | undefined>()
        },
        onDelete: ({ object }) => expectTypeOf(object).toEqualTypeOf<DeepReadonly<Pod> | undefined>(),
        onDesynced() {},
      },
      { concurrency: 4, buffer: { countMax: 10, overflow: 'replay' } },
    )
    for (const overflow of ['coalesce', 'backpressure'] as const) {
      one.addEventHandler(
        {
          onUpdate: ({ oldObject }) => expectTypeOf(oldObject).toEqualTypeOf<DeepReadonly<Pod>>(),
          onDelete: ({ object }) => expectTypeOf(object).toEqualTypeOf<DeepReadonly<Pod>>(),
        },
        { buffer: { overflow } },
      )
    }
    one.addEventHandler({ onDelete: ({ object }) => expectTypeOf(object).toEqualTypeOf<DeepReadonly<Pod>>() })
  }
  const handlers: ReplayEventHandlers<Pod> = { onDelete: ({ object }) => void object?.metadata }
  const options: ReplayListenerOptions = { buffer: { overflow: 'replay' } }
  informer.addEventHandler(handlers, options)
  // @ts-expect-error: handlers that rely on an object that is not kept
  informer.addEventHandler({ onDelete: ({ object }) => object.metadata.name }, options)
  // @ts-expect-error: nothing is ever lost that it could be told of
  informer.addEventHandler({ onAdd() {}, onDesynced() {} }, {})
  // @ts-expect-error: no such policy
  informer.addEventHandler({ onAdd() {} }, { buffer: { overflow: 'drop' } })
  // @ts-expect-error: no set of namespaces is private
  handle.selectNamespaces(['a'], { private: true })
  expectTypeOf(handle.select({ private: true })).toEqualTypeOf<ResourceHandle<Pod>>()
}

test("with overflow: 'replay' objects that are not kept may be undefined", () => {
  expectTypeOf(register).toBeFunction()
})
