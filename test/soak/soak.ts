/**
 * `npm run soak -- --minutes 10`: memory must stay flat though one handler never returns. V8 takes four
 * to ten minutes to grow main's heap to where its full collections keep it; `--warm-minutes 10` looks behind that.
 *
 * The stuck handler is given every object, then the first update, and never returns. Every object is changed once, so
 * that one old state per handed key is held for it; from then on the server deletes objects and creates others under
 * names never seen before. The server is a process of its own: RSS is the engine's. Exit code 1 when RSS grows, when
 * more is pinned than one state per handed key, or when the healthy listener does not end with what the server holds.
 */
import { parseArgs } from 'node:util'
import type { Worker } from 'node:worker_threads'
import { createInformerFactory, type Informer, type KubernetesObject } from '../../src/index.ts'
import { until } from '../support/until.ts'
import { collect } from './collect.ts'
import { type ServerProcess, startServerProcess } from './server-process.ts'
import { type Sample, slopeOf } from './slope.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    'warm-minutes': { type: 'string', default: '0' },
    // More than a buffer keeps unmerged: only above that is the net change per key all that is kept.
    objects: { type: 'string', default: '20000' },
    rate: { type: 'string', default: '1000' },
    threads: { type: 'string', default: '1' },
    // Main is collected before each look: tells growth from garbage that V8 lets lie. Not what users' processes do.
    collect: { type: 'boolean', default: false },
    'sample-seconds': { type: 'string', default: '10' },
  },
})
const minutes = Number(values.minutes)
const warmMinutes = Number(values['warm-minutes'])
const objects = Number(values.objects)
const rate = Number(values.rate)
const sampleMs = Number(values['sample-seconds']) * 1000

const slopeMax = 1
const MB = 1e6
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Where a thread's heap stands; what neither it nor main's figures explain is the allocator's. */
const workers = new Set<Worker>()
process.on('worker', (worker) => {
  workers.add(worker)
  worker.once('exit', () => workers.delete(worker))
})

async function workerHeapBytes(): Promise<number> {
  const all = await Promise.all([...workers].map((worker) => worker.getHeapStatistics()))
  return all.reduce((sum, each) => sum + each.total_heap_size + each.external_memory, 0)
}

interface Figures {
  readonly samples: Sample[]
  /** The largest of what the samples saw. */
  pinnedBytesMax: number
  recordBytesMean: number
  handed: number
}

async function run(server: ServerProcess): Promise<readonly string[]> {
  const factory = createInformerFactory({
    kubeConfig: { server: server.url },
    threads: Number(values.threads),
    drainMs: 100,
  })
  const { informer } = factory.core.v1.pods
  const handed = new Set<string>()
  const stuck = informer.addEventHandler({
    onAdd: (event) => void handed.add(event.key),
    onUpdate: () => new Promise<void>(() => {}),
    onDelete: () => new Promise<void>(() => {}),
  })
  const seen = new Set<string>()
  const healthy = informer.addEventHandler({
    onAdd: (event) => void seen.add(event.key),
    onDelete: (event) => void seen.delete(event.key),
  })
  factory.start()
  const signal = AbortSignal.timeout(120_000)
  await Promise.all([stuck.waitForSync({ signal }), healthy.waitForSync({ signal })])
  await server.control('rewrite', { times: 1 })
  await until(() => stuck.stats().depth >= objects - 1, 'every object is changed once', 120_000)
  await server.control('churn', { rate, mode: 'names' })
  const figures: Figures = { samples: [], pinnedBytesMax: 0, recordBytesMean: 0, handed: handed.size }
  await sampleFor(figures, informer, server)
  await server.control('stop-churn')
  const problems = judge(figures)
  const truth = await keysOf(server.url)
  await until(
    () => sameKeys(seen, truth) && sameKeys(new Set(informer.indexer.keys()), truth),
    'cache and healthy listener have what the server holds',
    60_000,
  ).catch(() => {
    problems.push(`server ${truth.size}, cache ${informer.indexer.size}, healthy listener ${seen.size}`)
  })
  await factory.close()
  return problems
}

async function sampleFor(
  figures: Figures,
  informer: Informer<KubernetesObject>,
  server: ServerProcess,
): Promise<void> {
  const start = performance.now() + warmMinutes * 60_000
  for (;;) {
    if (values.collect) await collect()
    const { rss, heapUsed, heapTotal, external } = process.memoryUsage()
    const elapsed = (performance.now() - start) / 60_000
    const stats = informer.stats()
    if (elapsed >= 0) figures.samples.push({ minutes: elapsed, megabytes: rss / MB })
    // Of the stuck listener: what the healthy one has not handled yet is pinned for moments, too.
    const pinned = stats.listeners[0]?.pinnedBytes ?? 0
    figures.pinnedBytesMax = Math.max(figures.pinnedBytesMax, pinned)
    const mean = (stats.liveBytes - stats.pinnedBytes) / Math.max(1, stats.objects)
    figures.recordBytesMean = Math.max(figures.recordBytesMean, mean)
    const { changes = 0 } = await server.stats()
    console.log(
      [
        `${(elapsed * 60).toFixed(0).padStart(5)} s`,
        `rss ${mb(rss)}`,
        `heap ${mb(heapUsed)}/${mb(heapTotal)}`,
        `worker ${mb(await workerHeapBytes())}`,
        `external ${mb(external)}`,
        `objects ${stats.objects}`,
        `changes ${changes}`,
        `slabs ${mb(stats.slabBytes)}`,
        `live ${mb(stats.liveBytes)}`,
        `pinned ${mb(stats.pinnedBytes)}`,
        `tombstones ${stats.tombstones}`,
        `epochs ${stats.epochs}`,
        `queue ${mb(stats.watch.queueBytes)}`,
        `buffers ${stats.listeners.map((each) => each.depth).join('/')}`,
      ].join('  '),
    )
    if (elapsed >= minutes) return
    await sleep(Math.min(sampleMs, Math.max(0, (minutes - elapsed) * 60_000)))
  }
}

function judge(figures: Figures): string[] {
  const slope = slopeOf(figures.samples)
  // One state per handed key, the mean record with a tenth more: final states carry a little more than first ones.
  const pinnedMax = figures.handed * figures.recordBytesMean * 1.1
  console.log(
    JSON.stringify({
      minutes,
      objects,
      rate,
      collected: values.collect,
      rssMbPerMinute: Number(slope.toFixed(3)),
      rssMbFirst: Math.round(figures.samples[0]?.megabytes ?? 0),
      rssMbLast: Math.round(figures.samples.at(-1)?.megabytes ?? 0),
      handedKeys: figures.handed,
      pinnedBytesMax: figures.pinnedBytesMax,
      pinnedBytesAllowed: Math.round(pinnedMax),
    }),
  )
  const problems: string[] = []
  if (!(slope < slopeMax)) problems.push(`RSS grows by ${slope.toFixed(2)} MB/min, allowed are ${slopeMax}`)
  if (figures.handed !== objects) problems.push(`only ${figures.handed} of ${objects} keys were handed`)
  if (figures.pinnedBytesMax === 0) problems.push('nothing was ever pinned: this run shows nothing')
  if (figures.pinnedBytesMax > pinnedMax) problems.push('more is pinned than one state per handed key')
  return problems
}

async function keysOf(url: string): Promise<ReadonlySet<string>> {
  const list = (await (await fetch(`${url}/api/v1/pods`)).json()) as { readonly items: KubernetesObject[] }
  return new Set(list.items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`))
}

function sameKeys(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((key) => b.has(key))
}

function mb(bytes: number): string {
  return `${(bytes / MB).toFixed(1)}`
}

if (!(minutes > 0 && warmMinutes >= 0 && objects > 0 && rate > 0 && sampleMs > 0)) {
  console.error(
    '--minutes, --objects, --rate and --sample-seconds take numbers above 0, --warm-minutes from 0',
  )
  process.exit(2)
}
const server = await startServerProcess({ objects })
try {
  const problems = await run(server)
  for (const problem of problems) console.error(problem)
  process.exitCode = problems.length === 0 ? 0 : 1
} finally {
  await server.stop()
}
