import { Counter, Registry } from 'prom-client'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { Engine } from '../../src/engine/engine.ts'
import { createInformerFactory, type InformerFactory, WorkQueue } from '../../src/index.ts'
import { factoryMetrics } from '../../src/observe/factory-metrics.ts'
import { informerMetrics } from '../../src/observe/informer-metrics.ts'
import { ContractBed, threadCounts, until } from '../contract/contract-bed.ts'

async function linesOf(registry: { metrics(): Promise<string> }): Promise<readonly string[]> {
  return (await registry.metrics()).split('\n')
}

describe.each(threadCounts)('metrics of a factory, threads: $threads', ({ threads }) => {
  let bed: ContractBed
  beforeEach(async () => {
    bed = await ContractBed.start(threads)
    for (const name of ['a', 'b', 'c']) bed.create(name)
  })
  afterEach(() => bed.end())

  async function synced(factory: InformerFactory, onAdd: () => void = () => {}): Promise<void> {
    const registration = factory.core.v1.configmaps.informer.addEventHandler({ onAdd })
    factory.start()
    await registration.waitForSync({ signal: AbortSignal.timeout(30_000) })
    // Counters of the worker come twice a second.
    await until(() => factory.stats().informers[0]?.watch.events === 3, 'the worker has told its counters')
  }

  it('come from stats() when scraped, in each of several registries', async () => {
    const registries = [new Registry(), new Registry()]
    const factory = bed.factory({ metrics: registries, onHandlerError: () => {} })
    await synced(factory, () => {
      throw new Error('no')
    })
    const version = factory.stats().informers[0]?.lastSyncResourceVersion
    for (const registry of registries) {
      const lines = await linesOf(registry)
      expect(lines).toEqual(
        expect.arrayContaining([
          'kube_informer_objects{resource="configmaps"} 3',
          'kube_informer_events_total{resource="configmaps"} 3',
          'kube_informer_delivered_total{resource="configmaps"} 3',
          'kube_informer_handler_errors_total{resource="configmaps"} 3',
          'kube_informer_handlers{resource="configmaps"} 1',
          'kube_informer_fresh{resource="configmaps"} 1',
          'reflector_lists_total{resource="configmaps"} 1',
          'reflector_watches_total{resource="configmaps"} 1',
          `reflector_last_resource_version{resource="configmaps"} ${version}`,
          `kube_informer_threads ${threads}`,
          '# TYPE kube_informer_events_total counter',
        ]),
      )
      const transcode = lines.find((line) =>
        line.startsWith('kube_informer_transcode_seconds_total{'),
      ) as string
      expect(Number(transcode.split(' ')[1])).toBeGreaterThan(0)
      expect(lines.filter((line) => /Nan|undefined|Inf/.test(line))).toEqual([])
    }
  })

  it('do not fall when a handler is removed: what it did stays counted', async () => {
    const registry = new Registry()
    const factory = bed.factory({ metrics: registry })
    await synced(factory)
    const { informer } = factory.core.v1.configmaps
    for (const delivered of [6, 9]) {
      const registration = informer.addEventHandler({ onAdd: () => {} })
      await registration.waitForSync()
      await registration.remove()
      const lines = await linesOf(registry)
      expect(lines).toContain(`kube_informer_delivered_total{resource="configmaps"} ${delivered}`)
      expect(lines).toContain('kube_informer_handlers{resource="configmaps"} 1')
    }
  })

  it('of OpenMetrics, and as JSON, are the same', async () => {
    const registry = new Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>()
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
    const plain = new Registry()
    const factory = bed.factory({ metrics: [registry, plain] })
    await synced(factory)
    for (const _scrape of [1, 2]) {
      const lines = await linesOf(registry)
      expect(lines).toContain('# TYPE kube_informer_events counter')
      expect(lines).toContain('kube_informer_events_total{resource="configmaps"} 3')
      expect(lines).toContain('# EOF')
    }
    // What the one renamed is the other's no more than its own.
    expect(await linesOf(plain)).toContain('kube_informer_events_total{resource="configmaps"} 3')
    plain.resetMetrics()
    const json = await plain.getMetricsAsJSON()
    expect(json.find(({ name }) => name === 'kube_informer_objects')?.values).toEqual([
      { value: 3, labels: { resource: 'configmaps' } },
    ])
    await factory.close()
    expect(registry.getMetricsAsArray()).toEqual([])
  })

  it('of two factories on one registry both show, and those of a closed one go', async () => {
    const registry = new Registry()
    const [one, two, unnamed] = [
      bed.factory({ metrics: registry, name: 'one' }),
      bed.factory({ metrics: registry, name: 'two' }),
      bed.factory({ metrics: registry }),
    ]
    for (const factory of [one, two, unnamed]) await synced(factory)
    const of = (name: string): string => `kube_informer_objects{factory="${name}",resource="configmaps"} 3`
    expect(await linesOf(registry)).toEqual(expect.arrayContaining([of('one'), of('two')]))
    await one.close()
    const lines = await linesOf(registry)
    expect(lines).not.toContain(of('one'))
    expect(lines).toContain(of('two'))
    await Promise.all([two.close(), unnamed.close()])
    expect(registry.getMetricsAsArray()).toEqual([])
  })

  it('of selections of one resource are added up, ages and freshness are the worst', async () => {
    const registry = new Registry()
    const factory = bed.factory({ metrics: registry })
    // Asked for and not started: nothing is fresh of it.
    void factory.core.v1.configmaps.select({ labelSelector: 'app=web' }).informer
    await synced(factory)
    await factory.core.v1.configmaps.select({ labelSelector: 'app=web' }).informer.stop()
    const lines = await linesOf(registry)
    expect(lines).toContain('kube_informer_objects{resource="configmaps"} 3')
    expect(lines).toContain('kube_informer_fresh{resource="configmaps"} 0')
  })
})

it('a registry that is none, or has such names already, is refused at construction', () => {
  const registry = new Registry()
  new Counter({ name: 'kube_informer_events_total', help: 'mine', registers: [registry] })
  const refused = expect.objectContaining({ code: 'ERR_INVALID_OPTION', facts: { option: 'metrics' } })
  expect(() => createInformerFactory({ metrics: registry })).toThrow(refused)
  expect(() => createInformerFactory({ metrics: {} as unknown as Registry })).toThrow(refused)
  expect(() => new WorkQueue({ metrics: [{}] as unknown as Registry[] })).toThrow(refused)
  expect(registry.getMetricsAsArray()).toHaveLength(1)
})

/** prom-client's registry, one of whose methods throws from its call number `count` on. */
function throwing(
  method: 'registerMetric' | 'getSingleMetric' | 'removeSingleMetric',
  count: number,
): Registry {
  const registry = new Registry()
  let calls = 0
  const own = registry[method].bind(registry) as (argument: unknown) => unknown
  const breaking = (argument: unknown): unknown => {
    if (++calls >= count) throw new Error('the registry is broken')
    return own(argument)
  }
  return Object.assign(registry, { [method]: breaking })
}

const broken = expect.objectContaining({
  code: 'ERR_INVALID_OPTION',
  facts: { option: 'metrics' },
  cause: expect.objectContaining({ message: 'the registry is broken' }),
})

it.each([
  ['registerMetric', 1],
  ['registerMetric', 4],
  // The first of the factory's own, after all of the informers'.
  ['registerMetric', informerMetrics.length + 1],
  ['getSingleMetric', 1],
  ['getSingleMetric', informerMetrics.length + factoryMetrics.length + 4],
] as const)(
  'a registry whose %s throws from call %i on is refused, and nothing stays behind',
  async (method, count) => {
    const good = new Registry()
    const metrics = [good, throwing(method, count)]
    const close = vi.spyOn(Engine.prototype, 'close')
    onTestFinished(() => close.mockRestore())
    const options = { kubeConfig: { server: 'http://127.0.0.1:1' }, threads: 1, metrics }
    expect(() => createInformerFactory(options)).toThrow(broken)
    expect(good.getMetricsAsArray()).toEqual([])
    // The options are looked at before there is an engine; its threads are ended with it.
    expect(close).toHaveBeenCalledTimes(method === 'getSingleMetric' && count === 1 ? 0 : 1)
    await close.mock.results[0]?.value
  },
)

it('a registry that throws at the end keeps what it has, without values, and the factory closes', async () => {
  const lines: string[] = []
  const log = (_facts: object, text: string): number => lines.push(text)
  const logger = { debug: log, info: log, warn: log, error: log }
  for (const method of ['removeSingleMetric', 'getSingleMetric'] as const) {
    const good = new Registry()
    const bad = new Registry()
    const metrics = [bad, good]
    const kubeConfig = { server: 'http://127.0.0.1:1' }
    const factory = createInformerFactory({ kubeConfig, threads: 0, metrics, logger })
    void factory.core.v1.pods.informer
    const queue = new WorkQueue({ metrics })
    expect(await bad.metrics()).toContain('kube_informer_objects{resource="pods"} 0')
    bad[method] = () => {
      throw new Error('the registry is broken')
    }
    await factory.close()
    queue.shutDown()
    expect(await bad.metrics()).not.toMatch(/^[^#\n]/m)
    expect(good.getMetricsAsArray()).toEqual([])
    expect(lines.splice(0)).toContain('factory closed')
  }
})

it('a work queue refuses a registry that throws', () => {
  const good = new Registry()
  const metrics = [good, throwing('registerMetric', 3)]
  expect(() => new WorkQueue({ metrics })).toThrow(broken)
  expect(good.getMetricsAsArray()).toEqual([])
})

it('a work queue has client-go’s seven, labelled by its name, until it is shut down and done', async () => {
  const registry = new Registry()
  const queue = new WorkQueue({ name: 'web', metrics: registry })
  const other = new WorkQueue({ name: 'db', metrics: registry })
  queue.add('a')
  queue.add('b')
  const item = (await queue.get()) as string
  const lines = await linesOf(registry)
  expect(lines).toEqual(
    expect.arrayContaining([
      'workqueue_depth{name="web"} 1',
      'workqueue_depth{name="db"} 0',
      'workqueue_adds_total{name="web"} 2',
      'workqueue_retries_total{name="web"} 0',
      '# TYPE workqueue_queue_duration_seconds summary',
      'workqueue_queue_duration_seconds_count{name="web"} 1',
      'workqueue_work_duration_seconds_count{name="web"} 0',
    ]),
  )
  expect(registry.getMetricsAsArray()).toHaveLength(7)
  other.shutDown()
  queue.shutDown()
  queue.done(item)
  expect(registry.getMetricsAsArray()).toHaveLength(7)
  queue.done((await queue.get()) as string)
  expect(registry.getMetricsAsArray()).toEqual([])
})
