import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createEngine,
  createInformerFactory,
  type EngineOptions,
  type InformerEngine,
  type InformerFactory,
  type InformerFactoryOptions,
} from '../../src/index.ts'
import { EmbeddedApiServer, type RunningServer, startEmbeddedServer } from '../../src/testing/index.ts'
import { threadCounts } from '../contract/contract-bed.ts'
import { until } from '../support/until.ts'
import { clearPlan, type DeathPlan, deathCount, setPlan } from './death-plan.ts'

let engine: InformerEngine

function factoryFor(url: string, options: InformerFactoryOptions = {}): InformerFactory {
  const timing = { backoffBaseMs: 20, backoffMaxMs: 200 }
  return createInformerFactory({ engine, kubeConfig: { server: url }, timing, ...options })
}

describe('an engine shared by two clusters', () => {
  let east: EmbeddedApiServer
  let west: EmbeddedApiServer

  beforeEach(async () => {
    east = await new EmbeddedApiServer().start()
    west = await new EmbeddedApiServer().start()
    for (const server of [east, west]) server.populate({ resource: 'pods', objects: 20 })
  })
  afterEach(async () => {
    await engine.close()
    for (const server of [east, west]) {
      await until(() => server.stats().connections === 0, 'no connection is left')
      await server.close()
    }
  })

  function started(options: EngineOptions) {
    engine = createEngine(options)
    const factories = [factoryFor(east.url), factoryFor(west.url)] as const
    const [inEast, inWest] = factories.map((factory) => factory.core.v1.pods.informer)
    return {
      factories,
      inEast: inEast as NonNullable<typeof inEast>,
      inWest: inWest as NonNullable<typeof inWest>,
    }
  }

  it.each(threadCounts)(
    'outlives its factories, and ends with what is left of them: %j',
    async ({ threads }) => {
      const { factories, inEast, inWest } = started({ threads })
      for (const factory of factories) factory.start()
      await until(() => inEast.indexer.size === 20 && inWest.indexer.size === 20, 'both have synced')
      expect(engine.stats()).toMatchObject({ threads, factories: 2, watches: 2, queuedWatches: 0, syncs: 0 })
      expect(inEast.stats().threadId).toBe(inWest.stats().threadId)
      await factories[0].close()
      expect(engine.stats()).toMatchObject({ factories: 1, watches: 1 })
      west.create('pods', { metadata: { namespace: 'default', name: 'late' } })
      await until(() => inWest.indexer.size === 21, 'the other goes on')
      const third = factoryFor(east.url)
      third.start()
      const closing = engine.close()
      expect(engine.close()).toBe(closing)
      await closing
      expect(engine.stats()).toMatchObject({ factories: 0, watches: 0, memoryBytes: 0 })
      for (const factory of [factories[1], third]) {
        expect(() => factory.start()).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }))
      }
      expect(() => factoryFor(east.url)).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }))
    },
  )

  it.each(threadCounts)('lists one after the other, whichever cluster it is: %j', async ({ threads }) => {
    const { inEast, inWest } = started({ threads, maxConcurrentSyncs: 1 })
    east.faults.silence(true)
    inEast.start()
    await until(() => inEast.state === 'syncing', 'the only turn is taken')
    inWest.start()
    await until(() => inWest.state === 'waiting', 'the other cluster waits')
    await until(() => engine.stats().waitingSyncs === 1, 'its request is heard')
    expect(engine.stats()).toMatchObject({ syncs: 1, waitingSyncs: 1 })
    east.faults.clear()
    await until(() => inEast.hasSynced() && inWest.hasSynced(), 'both had their turn')
  })

  it('a thread that dies takes the watches of both with it, and both come back', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'kube-informer-'))
    const plan: DeathPlan = {
      log: join(directory, 'log'),
      count: 1,
      path: 'configmaps',
      when: 'unstarted',
      how: 'exit',
    }
    writeFileSync(plan.log, '')
    setPlan(plan)
    try {
      const { factories, inWest } = started({
        threads: 1,
        workerUrl: new URL('./dying-worker.ts', import.meta.url),
      })
      inWest.start()
      await until(() => inWest.hasSynced() && inWest.state === 'watching', 'one cluster is watched')
      east.create('configmaps', { metadata: { namespace: 'default', name: 'a' } })
      const killer = factories[0].core.v1.configmaps.informer
      killer.start()
      await until(() => killer.indexer.size === 1, 'the killer is back', 30_000)
      west.create('pods', { metadata: { namespace: 'default', name: 'late' } })
      await until(() => inWest.indexer.size === 21, 'the other cluster is back', 30_000)
      expect(deathCount(plan)).toBe(1)
      expect(killer.stats().workerRestarts).toBeGreaterThanOrEqual(1)
      expect(inWest.stats().workerRestarts).toBeGreaterThanOrEqual(1)
      // It resumed where it was.
      expect(west.stats().lists + west.stats().watchLists).toBe(1)
    } finally {
      clearPlan()
      rmSync(directory, { recursive: true, force: true })
    }
  })
})

it('one memory bound holds for both clusters together', { timeout: 60_000 }, async () => {
  const memoryBytesMax = 2 ** 20
  const queueBytesMax = 256 * 1024
  const watchesEach = 5
  engine = createEngine({ threads: 1, memoryBytesMax })
  const servers: RunningServer[] = []
  try {
    for (let i = 0; i < 2; i++) {
      servers.push(await startEmbeddedServer({ thread: true, objects: 400, closesSlowWatchers: false }))
    }
    const informers = servers.flatMap(({ url }) => {
      const { pods } = factoryFor(url, { queueBytesMax }).core.v1
      return Array.from(
        { length: watchesEach },
        (_, i) => pods.select({ labelSelector: `none!=v${i}` }).informer,
      )
    })
    for (const informer of informers) informer.start()
    await until(() => informers.every((informer) => informer.hasSynced()), 'all have synced', 30_000)
    for (const server of servers) void server.control('rewrite')
    const cell = new Int32Array(new SharedArrayBuffer(4))
    const seen: number[] = [0]
    const last = (back: number): number => seen.at(-back) ?? 0
    // This thread stands still until the worker has read what it will: at the bound, then a second without growth.
    while (seen.length < 150 && (last(1) < memoryBytesMax || last(1) > last(5))) {
      Atomics.wait(cell, 0, 0, 200)
      seen.push(engine.stats().memoryBytes)
    }
    // A watch that holds next to nothing reads on: one chunk of its socket, which Node makes 64 KiB.
    const eachBytes = queueBytesMax / 64 + 64 * 1024
    expect(Math.max(...seen)).toBeGreaterThanOrEqual(memoryBytesMax)
    expect(Math.max(...seen)).toBeLessThan(memoryBytesMax + informers.length * eachBytes)
    await until(() => engine.stats().memoryBytes === 0, 'all is taken', 30_000)
  } finally {
    await engine.close()
    for (const server of servers) await server.close()
  }
})
