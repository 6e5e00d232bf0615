import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DeletedFinalStateUnknown, newInformer } from '../../src/index.ts'
import { FakeClock, FakeControllerSource } from '../../src/testing/index.ts'
import type { Thing } from '../cache/cache-support.ts'

const names = ['a', 'b', 'c', 'd']

type Act =
  | { readonly type: 'add' | 'modify' | 'delete'; readonly name: string; readonly isTold: boolean }
  | { readonly type: 'reset' | 'break' | 'mend' }
  | { readonly type: 'pass'; readonly ms: number }

const acts: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constantFrom('add', 'modify', 'delete'),
      name: fc.constantFrom(...names),
      isTold: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('reset', 'break', 'mend') }) },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('pass'), ms: fc.constantFrom(0, 1, 900, 5_000, 80_000) }),
  },
)

/** What the handler was told, checked call by call. */
function fold() {
  const told = new Map<string, Thing>()
  const mine = (object: Thing): Thing | undefined => told.get(object.metadata.name)
  return {
    told,
    add: (object: Thing) => {
      expect(mine(object)).toBeUndefined()
      told.set(object.metadata.name, object)
    },
    update: (old: Thing, object: Thing) => {
      expect(mine(object)).toBe(old)
      expect(Number(object.metadata.resourceVersion)).toBeGreaterThanOrEqual(
        Number(old.metadata.resourceVersion),
      )
      told.set(object.metadata.name, object)
    },
    delete: (object: Thing | DeletedFinalStateUnknown<Thing>) => {
      const isUnknown = object instanceof DeletedFinalStateUnknown
      const before = told.get(isUnknown ? object.key : object.metadata.name)
      if (isUnknown) expect(object.object).toBe(before)
      else expect(before).toBeDefined()
      told.delete(isUnknown ? object.key : object.metadata.name)
    },
  }
}

test('an informer ends with what its source has, whatever was dropped, reset or broken; its handler was told exactly that', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(acts, { maxLength: 40 }),
      fc.array(fc.nat({ max: 3 })),
      fc.boolean(),
      async (story, delays, resyncs) => {
        const clock = new FakeClock()
        const source = new FakeControllerSource<Thing>()
        const stop = new AbortController()
        const seen = fold()
        const wrong: unknown[] = []
        let calls = 0
        // Some callbacks take a few turns of the event loop, so that the source goes on meanwhile.
        const slowly = async (call: () => void): Promise<void> => {
          try {
            call()
          } catch (error) {
            wrong.push(error)
          }
          const turns = delays[calls++ % Math.max(1, delays.length)] ?? 0
          for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve))
        }
        const { store, controller } = newInformer<Thing>({
          listerWatcher: source,
          runtime: clock,
          resyncPeriodMs: resyncs ? 10_000 : 0,
          handler: {
            onAdd: (object) => slowly(() => seen.add(object)),
            onUpdate: (old, object) => slowly(() => seen.update(old, object)),
            onDelete: (object) => slowly(() => seen.delete(object)),
          },
        })
        const running = controller.run({ signal: stop.signal })
        for (const act of story) {
          if (act.type === 'pass') await clock.advance(act.ms)
          else if (act.type === 'reset') source.resetWatch()
          else if (act.type === 'break') source.listError = new Error('broken')
          else if (act.type === 'mend') source.listError = undefined
          else if ('name' in act) {
            const isThere = source.objects.some(({ metadata }) => metadata.name === act.name)
            const type = act.type === 'delete' ? 'DELETED' : act.type === 'add' ? 'ADDED' : 'MODIFIED'
            if (isThere !== (act.type === 'add')) {
              source.change(type, { metadata: { name: act.name } }, act.isTold ? 1 : 0)
            }
          }
        }
        source.listError = undefined
        source.resetWatch()
        await clock.advance(200_000)
        for (let i = 0; i < 100; i++) await clock.settle()
        expect(wrong).toEqual([])
        const byName = (objects: Iterable<Thing>): Thing[] =>
          [...objects].sort((a, b) => a.metadata.name.localeCompare(b.metadata.name))
        expect(byName(store.list())).toEqual(byName(source.objects))
        expect(byName(seen.told.values())).toEqual(byName(source.objects))
        expect([controller.hasSynced(), controller.lastSyncResourceVersion()]).toEqual([
          true,
          source.resourceVersion,
        ])
        stop.abort()
        await running
        expect([clock.timerCount, source.watcherCount]).toEqual([0, 0])
      },
    ),
    { numRuns: 300 },
  ))
