import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runWorkers, WorkQueue } from '../../src/index.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'
import { Gate, settle } from './queue-bed.ts'
import { type Job, QueueModel } from './queue-model.ts'

const numRuns = Number(process.env['WORKQUEUE_RUNS'] ?? 400)

const key = fc.constantFrom('a', 'b', 'c', 'd')
const priority = fc.constantFrom(undefined, 0, -100, -200)
/** Weights: enough gets and dones that items flow, few shutdowns. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('add' as const), key, priority }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('addAfter' as const),
      key,
      priority,
      delayMs: fc.integer({ min: -1, max: 12 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('get' as const) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('done' as const), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('abort' as const), which: fc.nat() }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 9 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('shutDown' as const, 'drain' as const) }) },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

async function run(steps: readonly Step[]): Promise<void> {
  const runtime = new VirtualRuntime()
  const queue = new WorkQueue<Job>({ keyOf: (job) => job.key, runtime })
  const model = new QueueModel()
  const stops: AbortController[] = []
  const given = new Map<number, Job | undefined>()
  const inProcess = new Set<string>()
  let drains: { isCut: boolean; result: boolean | undefined }[] = []

  for (const [round, one] of steps.entries()) {
    switch (one.do) {
      case 'add':
        queue.add({ key: one.key, round }, one.priority === undefined ? {} : { priority: one.priority })
        model.add({ key: one.key, round }, one.priority ?? 0)
        break
      case 'addAfter': {
        const options = one.priority === undefined ? {} : { priority: one.priority }
        queue.addAfter({ key: one.key, round }, one.delayMs, options)
        model.addAfter({ key: one.key, round }, one.delayMs, one.priority)
        break
      }
      case 'get': {
        const stop = new AbortController()
        const taker = stops.push(stop) - 1
        void queue.get({ signal: stop.signal }).then((job) => {
          given.set(taker, job)
          if (job === undefined) return
          // Without the model: nobody may be given what somebody has.
          expect(inProcess).not.toContain(job.key)
          inProcess.add(job.key)
        })
        model.get(taker)
        break
      }
      case 'done':
        inProcess.delete(one.key)
        queue.done({ key: one.key, round })
        model.done(one.key)
        break
      case 'abort':
        stops[one.which % Math.max(1, stops.length)]?.abort()
        model.abort(one.which % Math.max(1, stops.length))
        break
      case 'advance':
        runtime.advance(one.ms)
        model.advance(one.ms)
        break
      case 'shutDown':
        queue.shutDown()
        model.shutDown()
        for (const drain of drains) drain.isCut = true
        break
      case 'drain': {
        const drain: (typeof drains)[number] = { isCut: false, result: undefined }
        drains.push(drain)
        void queue.shutDownWithDrain().then((result) => {
          drain.result = result
        })
        model.shutDown()
        break
      }
    }
    await settle()
    expect(given).toEqual(model.given)
    expect(queue.stats()).toMatchObject({
      depth: model.ready.length,
      held: model.held.length,
      processing: model.processing.length,
      delayed: model.delayed.length,
      dropped: model.dropped,
    })
    expect(runtime.timerCount).toBe(model.delayed.length > 0 ? 1 : 0)
    for (const drain of drains) {
      expect(drain.result).toBe(model.isDrained ? true : drain.isCut ? false : undefined)
    }
    // They have told their result; it does not change with what comes.
    drains = drains.filter((drain) => drain.result === undefined)
  }
}

test('gives to whom, what and when the model says, and never an item twice at a time', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), run), { numRuns })
})

const workerStep = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('add' as const), key }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constantFrom('succeed' as const, 'fail' as const), which: fc.nat() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 20 }) }),
  },
)

test('workers: no two on one item, and every add is followed by a reconcile that began after it and succeeded', async () => {
  const steps = fc.array(workerStep, { maxLength: 60 })
  const property = fc.asyncProperty(steps, fc.integer({ min: 1, max: 4 }), async (all, concurrency) => {
    const runtime = new VirtualRuntime()
    const queue = new WorkQueue({ runtime })
    const running = new Map<string, Gate>()
    // What a reconcile that began knows of, and what one that succeeded has seen.
    const added = new Map<string, number>()
    const seen = new Map<string, number>()
    let overlaps = 0
    const reconcile = async (item: string): Promise<void> => {
      if (running.has(item)) overlaps++
      const knows = added.get(item) as number
      const gate = new Gate()
      running.set(item, gate)
      await gate.passed.finally(() => running.delete(item))
      seen.set(item, knows)
    }
    const workers = runWorkers(queue, reconcile, { concurrency })
    const end = async (): Promise<void> => {
      await settle()
      // Longer than any limiter makes an item wait.
      runtime.advance(2_000_000)
      await settle()
      for (const gate of running.values()) gate.open()
    }

    for (const [round, one] of all.entries()) {
      const gates = [...running.values()]
      if (one.do === 'add') {
        added.set(one.key, round)
        queue.add(one.key)
      } else if (one.do === 'advance') runtime.advance(one.ms)
      else if (one.do === 'succeed') gates[one.which % gates.length]?.open()
      else gates[one.which % gates.length]?.fail(new Error('failed'))
      await settle()
      expect(running.size).toBeLessThanOrEqual(concurrency)
    }
    const isBusy = (): boolean => {
      const { depth, processing, delayed } = queue.stats()
      return depth + processing + delayed > 0
    }
    while (isBusy()) await end()
    queue.shutDown()
    await workers
    expect(overlaps).toBe(0)
    expect(seen).toEqual(added)
    expect(queue.stats()).toMatchObject({ failing: 0, processing: 0, held: 0, dropped: 0 })
  })
  await fc.assert(property, { numRuns: numRuns / 4 })
})
