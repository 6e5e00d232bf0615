import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Informer } from '../../src/index.ts'
import { type ConfigMap, ContractBed, sleep, until } from '../contract/contract-bed.ts'
import { cached, Recorder, sameState } from '../contract/recorder.ts'
import { clearPlan, type DeathPlan, deathCount, readLog, setPlan, writeLog } from './death-plan.ts'

const workerUrl = new URL('./dying-worker.ts', import.meta.url)
/** A list of several batches. */
const objectCount = 1_500
const limitMs = 60_000

describe('a worker thread that dies', () => {
  let bed: ContractBed
  let directory: string
  let plan: DeathPlan
  const unhandled: unknown[] = []
  const onUnhandled = (error: unknown): void => void unhandled.push(error)

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'kube-informer-'))
    bed = await ContractBed.start(1)
    unhandled.length = 0
    process.on('unhandledRejection', onUnhandled)
  })
  afterEach(async () => {
    await bed.end()
    process.off('unhandledRejection', onUnhandled)
    clearPlan()
    rmSync(directory, { recursive: true, force: true })
    expect(unhandled).toEqual([])
  })

  function planFor(when: DeathPlan['when'], how: DeathPlan['how'], count: number): void {
    plan = { log: join(directory, 'log'), count, path: 'configmaps', when, how }
    writeFileSync(plan.log, '')
    setPlan(plan)
  }

  /** A recorder that also notices a change that is told twice. */
  function follow(informer: Informer<ConfigMap>): Recorder {
    const recorder = new Recorder()
    const { onUpdate } = recorder.handlers
    informer.addEventHandler({
      ...recorder.handlers,
      onUpdate: (event) => {
        if (recorder.fold.get(event.key)?.version === BigInt(event.resourceVersion)) {
          recorder.problems.push(`${event.key} at ${event.resourceVersion} is told twice`)
        }
        return onUpdate?.(event)
      },
    })
    return recorder
  }

  /** Life that goes on while threads die. */
  async function churnUntil(done: () => boolean): Promise<void> {
    const end = Date.now() + limitMs
    for (let i = 0; !done(); i++) {
      if (Date.now() > end) throw new Error(`only ${deathCount(plan)} deaths`)
      bed.update(`m${i % 50}`, { i: String(i) })
      bed.create(`new${i}`, { i: String(i) })
      if (i >= 20) bed.delete(`new${i - 20}`)
      await sleep(2)
    }
  }

  it.each([
    { when: 'unstarted', how: 'exit', count: 1 },
    { when: 'unstarted', how: 'throw', count: 2 },
    { when: 'unstarted', how: 'out-of-memory', count: 1 },
    { when: 'listing', how: 'exit', count: 1 },
    { when: 'listing', how: 'throw', count: 2 },
    { when: 'unsent', how: 'exit', count: 2 },
    { when: 'unsent', how: 'out-of-memory', count: 1 },
    { when: 'in-flight', how: 'exit', count: 2 },
    { when: 'in-flight', how: 'throw', count: 1 },
  ] as const)(
    'loses nothing and doubles nothing: $when, $how, $count times',
    { timeout: 2 * limitMs },
    async ({ when, how, count }) => {
      planFor(when, how, count)
      const padding = 'x'.repeat(500)
      for (let i = 0; i < objectCount; i++) bed.create(`m${i}`, { padding: `${padding}${i}` })
      const factory = bed.factory({ workerUrl, workerHeapMbMax: 64 })
      const informer = factory.core.v1.configmaps.informer as unknown as Informer<ConfigMap>
      const recorder = follow(informer)
      factory.start()
      if (when === 'unsent' || when === 'in-flight') {
        await until(() => informer.lastSyncResourceVersion !== undefined, 'main has the whole list', limitMs)
        writeLog(plan, 'listed', '')
      }
      await churnUntil(() => deathCount(plan) === count && informer.stats().workerRestarts >= count)
      await until(
        () => sameState(cached(informer), bed.truth()) && sameState(recorder.state(), bed.truth()),
        'cache and listener show what the server holds',
        limitMs,
      )
      expect(recorder.problems).toEqual([])
      await until(() => informer.state === 'watching', 'the successor is well', limitMs)
      // Once watching, a successor resumes where main was: it must not ask for everything again.
      const { lists, watchLists } = bed.server.stats()
      const needed = when === 'listing' ? 1 + count : 1
      // More only where a busy machine took too long to start a thread: each is a run, and each is counted.
      const slowStarts = informer.stats().workerRestarts - count
      expect(lists + watchLists).toBeGreaterThanOrEqual(needed)
      expect(lists + watchLists).toBeLessThanOrEqual(needed + slowStarts)
      const runs = readLog(plan).filter(({ what }) => what === 'start').length
      expect(runs).toBe(1 + informer.stats().workerRestarts)
    },
  )

  it('after two deaths brings its watches back one at a time', { timeout: 2 * limitMs }, async () => {
    planFor('unstarted', 'exit', 3)
    for (let i = 0; i < 10; i++) bed.create(`m${i}`)
    bed.server.populate({ resource: 'pods', objects: 20 })
    const factory = bed.factory({ workerUrl })
    const killer = factory.core.v1.configmaps.informer as unknown as Informer<ConfigMap>
    const { informer: other } = factory.core.v1.pods
    const recorder = follow(killer)
    factory.start()
    await until(
      () => other.indexer.size === 20 && sameState(recorder.state(), bed.truth()),
      'both watches live',
      limitMs,
    )
    expect(recorder.problems).toEqual([])
    expect(killer.stats().workerRestarts).toBe(3)
    expect(other.stats().workerRestarts).toBe(3)
    const log = readLog(plan)
    expect(log.filter(({ what }) => what === 'death')).toHaveLength(3)
    // Neither comes back twice. How long the second one waits: test/engine/restart-gate.test.ts.
    const [first, second] = log.slice(-2)
    expect([first?.what, second?.what]).toEqual(['start', 'start'])
    expect(first?.path).not.toBe(second?.path)
  })
})
