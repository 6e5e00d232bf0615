// The engine in a process of its own, for one measurement: prints a report when its handler has finished the initial
// list, then obeys one line of stdin at a time and prints a report after each, and ends with its stdin.
//   mark           report now
//   reset          forget maxima and the lag histogram
//   block MS       keep the main thread busy that long, without letting go
//   save FILE      save a snapshot, while the watch runs
//   audit          compare the cache with the server's plain list, and the handler's fold with the cache
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { nodeRuntime } from '../../src/base/runtime.ts'
import { Fold } from '../../src/cli/fold.ts'
import { MsHistogram } from '../../src/cli/process-meter.ts'
import {
  type Compression,
  createInformerFactory,
  type KubernetesObject,
  type ResourceHandle,
} from '../../src/index.ts'
import { auditCache } from './engine-audit.ts'
import { MainMeter } from './main-meter.ts'

const { values } = parseArgs({
  options: {
    server: { type: 'string' },
    read: { type: 'string', default: 'two' },
    threads: { type: 'string', default: '1' },
    resource: { type: 'string', default: 'pods' },
    fold: { type: 'boolean', default: false },
    compression: { type: 'string', default: 'none' },
    warm: { type: 'string' },
    count: { type: 'string', default: '0' },
  },
})
const server = values.server ?? ''
const meter = new MainMeter(values.read !== 'none')
const lag = new MsHistogram()
const fold = values.fold ? new Fold() : undefined
const counts = { added: 0, updated: 0, deleted: 0, handled: 0 }
/** Summed and printed, so that no compiler may leave the reading out. */
let checksum = 0
let bufferDepthPeak = 0
let firstCallAtMs: number | undefined
let countedAtMs: number | undefined

function take(event: { readonly cause: string; readonly receivedAtMs: number }): void {
  counts.handled++
  firstCallAtMs ??= performance.now()
  if (counts.handled === Number(values.count)) countedAtMs = performance.now()
  if (event.cause === 'watch' && event.receivedAtMs > 0) lag.record(nodeRuntime.nowMs() - event.receivedAtMs)
}

function read(object: unknown): void {
  if (values.read === 'all') checksum += walk(object)
  else if (values.read === 'two') {
    const { metadata, status, spec } = object as TwoFields
    const second = status?.phase ?? spec?.holderIdentity ?? spec?.text ?? ''
    checksum += metadata.name.length + second.length
  }
}

interface TwoFields {
  readonly metadata: { readonly name: string }
  /** A pod's second field. */
  readonly status?: { readonly phase?: string }
  /** A lease's, a landscape's. */
  readonly spec?: { readonly holderIdentity?: string; readonly text?: string }
}

function walk(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 1
  let sum = 0
  for (const inner of Object.values(value)) sum += walk(inner)
  return sum
}

const factory = createInformerFactory({
  kubeConfig: { server },
  threads: Number(values.threads),
  compression: values.compression as Compression,
  onHandlerError: (error) => {
    throw error
  },
})
const resources: Readonly<Record<string, () => ResourceHandle<KubernetesObject>>> = {
  pods: () => factory.core.v1.pods as unknown as ResourceHandle<KubernetesObject>,
  leases: () => factory.forResource({ group: 'coordination.k8s.io', version: 'v1', resource: 'leases' }),
  landscapes: () => factory.forResource({ group: 'example.com', version: 'v1', resource: 'landscapes' }),
}
const handle = resources[values.resource]
if (handle === undefined) throw new Error(`unknown resource ${values.resource}`)
const { informer, lister } =
  values.warm === undefined ? handle() : handle().select({ warmStart: values.warm })
const isReading = values.read !== 'none'
const registration = informer.addEventHandler({
  onAdd(event) {
    counts.added++
    take(event)
    if (isReading) read(event.object)
    fold?.apply('add', event.key, event.uid, event.resourceVersion)
  },
  onUpdate(event) {
    counts.updated++
    take(event)
    if (isReading) read(event.object)
    fold?.apply('update', event.key, event.uid, event.resourceVersion)
  },
  onDelete(event) {
    counts.deleted++
    take(event)
    fold?.apply('delete', event.key, event.uid, event.resourceVersion)
  },
})

const startMs = performance.now()
const startLoop = performance.eventLoopUtilization()
const startCpuMs = threadCpuMs()
factory.start()
await informer.waitForSync({})
const wallMs = performance.now() - startMs
await registration.waitForSync({})
const handlerWallMs = performance.now() - startMs
report()

function report(extra: Readonly<Record<string, unknown>> = {}): void {
  meter.flush()
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed, heapTotal, external, arrayBuffers } = process.memoryUsage()
  const stats = informer.stats()
  const depth = stats.listeners.reduce((sum, listener) => sum + listener.depth, 0)
  bufferDepthPeak = Math.max(bufferDepthPeak, depth)
  console.log(
    JSON.stringify({
      wallMs,
      handlerWallMs,
      firstCallMs: (firstCallAtMs ?? Number.NaN) - startMs,
      countedMs: (countedAtMs ?? Number.NaN) - startMs,
      cpuMs: (user + system) / 1000,
      rssBytes: rss,
      peakRssBytes: peakRssBytes(),
      heapUsedBytes: heapUsed,
      heapTotalBytes: heapTotal,
      externalBytes: external,
      arrayBufferBytes: arrayBuffers,
      objects: stats.objects,
      ...counts,
      mainCpuMs: threadCpuMs() - startCpuMs,
      mainBusyMs: performance.eventLoopUtilization(startLoop).active,
      sliceCpuMsMax: meter.sliceCpuMsMax,
      sliceWallMsMax: meter.sliceWallMsMax,
      gcMsMax: meter.gcMsMax,
      gcMs: meter.gcMs,
      lagMs: lag.percentiles(),
      state: stats.state,
      bytesRead: stats.watch.bytesRead,
      wireBytesRead: stats.watch.wireBytesRead,
      received: stats.watch.events,
      merged: stats.watch.merged + stats.listeners.reduce((sum, listener) => sum + listener.merged, 0),
      relists: stats.watch.relists,
      reconnects: stats.watch.reconnects,
      queueBytes: stats.watch.queueBytes,
      queueBytesPeak: stats.watch.queueBytesPeak,
      pendingBatchBytes: stats.pendingBatchBytes,
      slabBytes: stats.slabBytes,
      liveBytes: stats.liveBytes,
      pinnedBytes: stats.pinnedBytes,
      bufferDepth: depth,
      bufferDepthPeak,
      checksum,
      ...extra,
    }),
  )
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

/** VmHWM: getrusage's figure of a spawned process begins at that of its parent. */
function peakRssBytes(): number {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  return Number(kib) * 1024
}

for await (const line of createInterface({ input: process.stdin })) {
  const [command, argument] = line.split(' ')
  switch (command) {
    case 'mark':
      report()
      break
    case 'reset':
      meter.reset()
      lag.reset()
      bufferDepthPeak = 0
      report()
      break
    case 'block': {
      const end = performance.now() + Number(argument)
      while (performance.now() < end);
      report()
      break
    }
    case 'save': {
      meter.reset()
      const start = performance.now()
      await informer.saveSnapshot(argument ?? '')
      report({ saveMs: performance.now() - start })
      break
    }
    case 'audit':
      report({ audit: await auditCache(server, lister, fold) })
      break
    default:
      throw new Error(`unknown command ${line}`)
  }
}
await factory.close()
