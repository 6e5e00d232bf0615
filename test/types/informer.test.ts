import { expectTypeOf, test } from 'vitest'
import type { BatchHandlers, Change, Informer, ObjectChange, ObjectHandlers } from '../../src/index.ts'

interface Thing {
  readonly spec: { readonly size: number }
}

test('an informer shows what users need, and nothing that its own package needs', () => {
  // One way to a lister: the handle's.
  expectTypeOf<Extract<keyof Informer<unknown>, 'describe' | 'lister' | 'pending'>>().toEqualTypeOf<never>()
  expectTypeOf<keyof Informer<unknown>>().toExtend<string>()
})

test('handlers are told one by one or by batches, and infer what they get', () => {
  const listen = (informer: Informer<Thing>): void => {
    informer.addEventHandler({
      onUpdate: (event) => expectTypeOf(event.oldObject.spec.size).toEqualTypeOf<number>(),
      onSynced: () => {},
    })
    informer.addEventHandler({
      onChanges(changes) {
        expectTypeOf(changes).toEqualTypeOf<readonly ObjectChange<Thing>[]>()
        for (const change of changes) if (change.type === 'update') void change.oldObject.spec
      },
      onSynced: () => {},
    })
    // @ts-expect-error: both at once
    informer.addEventHandler({ onChanges: () => {}, onAdd: () => {} })
  }
  expectTypeOf(listen).toBeFunction()
  expectTypeOf<ObjectHandlers<Thing>['onChanges']>().toEqualTypeOf<undefined>()
  expectTypeOf<BatchHandlers<Thing>['onAdd']>().toEqualTypeOf<undefined>()
})

test('a loop tells changes of objects from marks by their type', () => {
  const loop = async (informer: Informer<Thing>): Promise<void> => {
    for await (const change of informer.changes({ buffer: { countMax: 10 } })) {
      expectTypeOf(change).toEqualTypeOf<Change<Thing>>()
      if (change.type === 'synced' || change.type === 'desynced') continue
      expectTypeOf(change).toEqualTypeOf<ObjectChange<Thing>>()
      expectTypeOf(change.object.spec.size).toEqualTypeOf<number>()
    }
    // @ts-expect-error: a loop takes one change at a time
    informer.changes({ concurrency: 2 })
  }
  expectTypeOf(loop).toBeFunction()
})
