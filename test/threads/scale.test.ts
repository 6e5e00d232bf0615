import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createInformerFactory, type InformerFactory, type InformerFactoryOptions } from '../../src/index.ts'
import {
  EmbeddedApiServer,
  type EmbeddedApiServerOptions,
  type RunningServer,
  startEmbeddedServer,
} from '../../src/testing/index.ts'
import { until } from '../support/until.ts'
import { clearPlan, type DeathPlan, deathCount, setPlan } from './death-plan.ts'

const kinds = 20
const namespaces = 10
const watchCount = kinds * namespaces
const objectsEach = 12
/** Of this one a list is several batches. */
const largeKind = 3
const maxConcurrentSyncs = 4

let server: EmbeddedApiServer
let factory: InformerFactory

/** Custom resources in namespaces, each pair of them for one informer. */
async function startCluster(options: EmbeddedApiServerOptions = {}): Promise<void> {
  server = new EmbeddedApiServer(options)
  for (let kind = 0; kind < kinds; kind++) {
    server.registerResource({ ...typeOf(kind), kind: `Thing${kind}`, namespaced: true })
    for (let i = 0; i < namespaces * objectsEach; i++) {
      const metadata = { name: `t${i}`, namespace: `ns${i % namespaces}` }
      server.create(typeOf(kind).resource, {
        metadata,
        spec: { text: `${kind}-${i} `.repeat(kind === largeKind ? 10_000 : 100) },
      })
    }
  }
  await server.start()
}

function typeOf(kind: number) {
  return { group: 'example.com', version: 'v1', resource: `thing${kind}s` }
}

function startInformers(options: InformerFactoryOptions = {}) {
  factory = createInformerFactory({
    kubeConfig: { server: server.url },
    threads: 2,
    maxConcurrentSyncs,
    ...options,
    timing: { backoffBaseMs: 20, backoffMaxMs: 200, ...options.timing },
  })
  const informers = Array.from({ length: watchCount }, (_, i) => {
    const handle = factory.forResource(typeOf(i % kinds)).select({ namespace: `ns${Math.floor(i / kinds)}` })
    return handle.informer
  })
  factory.start()
  return informers
}

async function allSynced(informers: ReturnType<typeof startInformers>): Promise<void> {
  await factory.waitForCacheSync({ signal: AbortSignal.timeout(100_000) })
  expect(new Set(informers.map((informer) => informer.stats().objects))).toEqual(new Set([objectsEach]))
}

describe('200 informers on 2 threads', { timeout: 120_000 }, () => {
  afterEach(async () => {
    await factory.close()
    await until(() => server.stats().connections === 0, 'no connection is left')
    await server.close()
  })

  it.each<[string, EmbeddedApiServerOptions, number]>([
    ['streams', {}, maxConcurrentSyncs],
    ['pages', { hasWatchList: false }, maxConcurrentSyncs],
    ['streams, no limit', {}, watchCount],
  ])('are spread evenly, and list no more at once than they may: %s', async (_, options, limit) => {
    await startCluster(options)
    // Without it each list would be over before the next request arrives.
    server.faults.delay(10)
    const informers = startInformers({ maxConcurrentSyncs: limit, timing: { pageSize: 5 } })
    await allSynced(informers)
    const { initialListsPeak, lists } = server.stats()
    if (limit === watchCount) expect(initialListsPeak).toBeGreaterThan(maxConcurrentSyncs)
    else expect(initialListsPeak).toBeLessThanOrEqual(limit)
    expect(lists).toBe(options.hasWatchList === false ? watchCount * 3 : 0)
    await until(() => server.stats().watchers === watchCount, 'all watch', 60_000)
    const perThread = Map.groupBy(informers, (informer) => informer.stats().threadId)
    expect([...perThread.values()].map((those) => those.length)).toEqual([watchCount / 2, watchCount / 2])
    expect(factory.stats().queuedWatches).toBe(0)
  })

  it('sync though more lists than may run at once fail for ever: each gives its turn back', async () => {
    await startCluster()
    server.faults.refuse({ status: 503, match: '/thing1s' })
    const informers = startInformers()
    const refused = informers.filter((_, i) => i % kinds === 1)
    const others = informers.filter((informer) => !refused.includes(informer))
    await until(() => others.every((informer) => informer.hasSynced()), 'the others sync', 100_000)
    expect(refused.some((informer) => informer.hasSynced())).toBe(false)
    server.faults.clear()
    await allSynced(informers)
  })
})

it('a thread that dies gives back the turn of its list', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'kube-informer-'))
  const log = join(directory, 'log')
  const path = typeOf(largeKind).resource
  const plan: DeathPlan = { log, count: Number.MAX_SAFE_INTEGER, path, when: 'listing', how: 'exit' }
  writeFileSync(log, '')
  setPlan(plan)
  try {
    await startCluster()
    factory = createInformerFactory({
      kubeConfig: { server: server.url },
      threads: 2,
      maxConcurrentSyncs: 1,
      workerUrl: new URL('./dying-worker.ts', import.meta.url),
    })
    const dying = factory.forResource(typeOf(largeKind)).informer
    const other = factory.forResource(typeOf(0)).informer
    dying.start()
    await until(() => dying.state === 'syncing', 'the only turn is taken')
    other.start()
    await until(() => other.hasSynced(), 'the other had its turn', 30_000)
    expect(deathCount(plan)).toBeGreaterThan(0)
  } finally {
    await factory.close()
    await server.close()
    clearPlan()
    rmSync(directory, { recursive: true, force: true })
  }
})

describe('a list that hangs', () => {
  let hanging: Server

  afterEach(async () => {
    await factory.close()
    hanging.closeAllConnections()
    hanging.close()
  })

  it('keeps its turn no longer than a list without progress may last', async () => {
    // Of two resources one answers nothing, not even headers.
    hanging = createServer((request, response) => {
      if (request.url?.includes('/secrets') === true) return
      const metadata = { resourceVersion: '7', annotations: { 'k8s.io/initial-events-end': 'true' } }
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write(`${JSON.stringify({ type: 'BOOKMARK', object: { metadata } })}\n`)
    }).listen(0, '127.0.0.1')
    await until(() => hanging.listening, 'it listens')
    factory = createInformerFactory({
      kubeConfig: { server: `http://127.0.0.1:${(hanging.address() as AddressInfo).port}` },
      threads: 1,
      maxConcurrentSyncs: 1,
      timing: { watchListProgressMs: 100, silenceMs: 100, backoffBaseMs: 20, backoffMaxMs: 50 },
    })
    const { secrets, configmaps } = factory.core.v1
    secrets.informer.start()
    await until(() => secrets.informer.state === 'syncing', 'the only turn is taken')
    configmaps.informer.start()
    await until(() => configmaps.informer.hasSynced(), 'the other had its turn')
    expect(secrets.informer.hasSynced()).toBe(false)
  })
})

describe('memoryBytesMax', () => {
  let running: RunningServer

  afterEach(async () => {
    await factory.close()
    await running.close()
  })

  it('bounds what 200 watches hold together while nobody takes anything', { timeout: 120_000 }, async () => {
    const objects = 40
    running = await startEmbeddedServer({ thread: true, objects, closesSlowWatchers: false })
    const memoryBytesMax = 2 ** 20
    const queueBytesMax = 256 * 1024
    factory = createInformerFactory({
      kubeConfig: { server: running.url },
      threads: 2,
      memoryBytesMax,
      queueBytesMax,
    })
    const informers = Array.from({ length: watchCount }, (_, i) => {
      const { informer } = factory.core.v1.pods.select({ labelSelector: `none!=v${i}` })
      informer.start()
      return informer
    })
    await factory.waitForCacheSync({ signal: AbortSignal.timeout(100_000) })
    // Every object changes, for every watch; this thread stands still until the workers have read what they will.
    void running.control('rewrite')
    const cell = new Int32Array(new SharedArrayBuffer(4))
    const seen: number[] = [0]
    const last = (back: number): number => seen.at(-back) ?? 0
    // At the bound, and then a second without growth; what does not come in a minute fails below.
    while (seen.length < 300 && (last(1) < memoryBytesMax || last(1) > last(5))) {
      Atomics.wait(cell, 0, 0, 200)
      seen.push(factory.stats().memoryBytes)
    }
    // A watch that holds next to nothing reads on: one chunk of its socket, the batch of it.
    const eachBytes = queueBytesMax / 64 + 32 * 1024
    expect(Math.max(...seen)).toBeGreaterThanOrEqual(memoryBytesMax)
    expect(Math.max(...seen)).toBeLessThan(memoryBytesMax + watchCount * eachBytes)
    await until(
      () => informers.every((informer) => informer.stats().objects === objects),
      'all hold everything',
    )
    await until(() => factory.stats().memoryBytes === 0, 'all is taken', 60_000)
  })
})
