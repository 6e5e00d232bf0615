import { expectTypeOf, test } from 'vitest'
import {
  type AddEvent,
  type DeleteEvent,
  type priorityOf,
  runWorkers,
  type UpdateEvent,
  WorkQueue,
} from '../../src/index.ts'

interface Job {
  readonly id: string
}

test('items are keys, unless there is a keyOf', () => {
  expectTypeOf(new WorkQueue()).toEqualTypeOf<WorkQueue<string>>()
  expectTypeOf(new WorkQueue({ keyOf: (job: Job) => job.id })).toEqualTypeOf<WorkQueue<Job>>()
  // One argument, not none or one: without keyOf it does not compile.
  expectTypeOf<ConstructorParameters<typeof WorkQueue<Job>>['length']>().toEqualTypeOf<1>()
  expectTypeOf<ConstructorParameters<typeof WorkQueue<'a' | 'b'>>['length']>().toEqualTypeOf<0 | 1>()
})

test('a reconcile returns nothing or a result, at once or later', () => {
  const queue = new WorkQueue()
  queue.shutDown()
  const sync = (_key: string): void => {}
  const async = async (_key: string): Promise<void> => {}
  const sometimes = async (key: string) => {
    if (key === '') return
    return { requeueAfterMs: 1 }
  }
  void runWorkers(queue, sync)
  void runWorkers(queue, async)
  void runWorkers(queue, sometimes)
  expectTypeOf<{ requeueAfter: number }>().not.toExtend<ReturnType<Parameters<typeof runWorkers>[1]>>()
  expectTypeOf<Promise<number>>().not.toExtend<ReturnType<Parameters<typeof runWorkers>[1]>>()
})

test('priorityOf takes what a handler gets', () => {
  type Event = AddEvent<unknown> | UpdateEvent<unknown> | DeleteEvent<unknown>
  expectTypeOf<Event>().toExtend<Parameters<typeof priorityOf>[0]>()
})
