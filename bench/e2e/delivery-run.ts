// One informer with the listeners of one delivery measurement, in a process of its own: prints a report when all but the
// blocked one have synced, then obeys one line of stdin at a time and prints a report after each, and ends with its stdin.
//   mark      report now
//   reset     forget the lag histogram
//   release   let the blocked handler go on; reports when it has finished everything
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { nodeRuntime } from '../../src/base/runtime.ts'
import { Fold } from '../../src/cli/fold.ts'
import { MsHistogram } from '../../src/cli/process-meter.ts'
import { createInformerFactory, type Registration } from '../../src/index.ts'
import { auditCache } from './engine-audit.ts'

const { values } = parseArgs({
  options: {
    server: { type: 'string' },
    /** Listeners that only count. */
    idle: { type: 'string', default: '0' },
    /** A listener whose handler waits for `release`, with this policy. */
    blocked: { type: 'string' },
    /** A listener whose handler awaits so long, `concurrency` objects at once. */
    awaitMs: { type: 'string' },
    concurrency: { type: 'string', default: '1' },
    /** A listener that reads two fields of object and oldObject. */
    reads: { type: 'boolean', default: false },
    when: { type: 'string', multiple: true },
  },
})
const server = values.server ?? ''
const factory = createInformerFactory({
  kubeConfig: { server },
  threads: 1,
  onHandlerError: (error) => {
    throw error
  },
})
const { informer, lister } = factory.core.v1.pods
const lag = new MsHistogram()
const registrations: Registration[] = []
const counts = { handled: 0, overlaps: 0, desynced: 0, synced: 0 }
let checksum = 0

for (let i = 0; i < Number(values.idle); i++) {
  const take = (event: { readonly cause: string; readonly receivedAtMs: number }): void => {
    counts.handled++
    if (event.cause === 'watch') lag.record(nodeRuntime.nowMs() - event.receivedAtMs)
  }
  registrations.push(informer.addEventHandler({ onAdd: take, onUpdate: take, onDelete: take }))
}

if (values.awaitMs !== undefined) {
  const ms = Number(values.awaitMs)
  const running = new Set<string>()
  /** Versions of one object come in order, one call at a time. */
  const versions = new Map<string, number>()
  const handle = async (event: { readonly key: string; readonly resourceVersion: string }): Promise<void> => {
    const version = Number(event.resourceVersion)
    if (running.has(event.key) || version < (versions.get(event.key) ?? 0)) counts.overlaps++
    running.add(event.key)
    versions.set(event.key, version)
    await new Promise((resolve) => setTimeout(resolve, ms))
    running.delete(event.key)
    counts.handled++
  }
  const handlers = { onAdd: handle, onUpdate: handle, onDelete: handle }
  registrations.push(informer.addEventHandler(handlers, { concurrency: Number(values.concurrency) }))
}

if (values.reads) {
  const { when } = values
  const handlers = {
    onAdd: (): void => {},
    onUpdate: ({ object, oldObject }: PodUpdate): void => {
      counts.handled++
      checksum += read(object) - read(oldObject)
    },
  }
  registrations.push(informer.addEventHandler(handlers, when === undefined ? {} : { when }))
}

interface PodUpdate {
  readonly object: Pod
  readonly oldObject: Pod
}
interface Pod {
  readonly metadata?: { readonly name?: string }
  readonly status?: { readonly phase?: string }
}

function read({ metadata, status }: Pod): number {
  return (metadata?.name ?? '').length + (status?.phase ?? '').length
}

const fold = new Fold()
let release: (() => void) | undefined
let blocked: Registration | undefined
if (values.blocked !== undefined) {
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  // Nothing of the initial list, so that the list alone never passes a bound.
  const wait = async (event: {
    readonly type: 'add' | 'update' | 'delete'
    readonly key: string
    readonly uid: string
    readonly resourceVersion: string
    readonly cause: string
  }): Promise<void> => {
    if (event.cause === 'watch') await released
    fold.apply(event.type, event.key, event.uid, event.resourceVersion)
  }
  const overflow = values.blocked as 'replay'
  const handlers = {
    onAdd: wait,
    onUpdate: wait,
    onDelete: wait,
    onSynced: () => counts.synced++,
    onDesynced: () => counts.desynced++,
  }
  const options = { buffer: { overflow, countMax: 1_000 } }
  blocked = informer.addEventHandler(handlers, options)
}

const startMs = performance.now()
factory.start()
await informer.waitForSync()
const wallMs = performance.now() - startMs
await Promise.all(registrations.map((registration) => registration.waitForSync()))
const handlerWallMs = performance.now() - startMs
report()

function report(extra: Readonly<Record<string, unknown>> = {}): void {
  const { user, system } = process.cpuUsage()
  const main = process.threadCpuUsage()
  const stats = informer.stats()
  console.log(
    JSON.stringify({
      wallMs,
      handlerWallMs,
      cpuMs: (user + system) / 1000,
      mainCpuMs: (main.user + main.system) / 1000,
      rssBytes: process.memoryUsage.rss(),
      peakRssBytes: process.memoryUsage.rss(),
      objects: stats.objects,
      received: stats.watch.events,
      lagMs: lag.percentiles(),
      ...counts,
      blocked: blocked?.stats(),
      checksum,
      ...extra,
    }),
  )
}

async function finish(): Promise<void> {
  release?.()
  const end = performance.now() + 60_000
  let rest = 0
  // At rest for a while: a replay may still be on its way.
  while (rest < 5 && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 200))
    const { depth, inProgress } = blocked?.stats() ?? { depth: 0, inProgress: 0 }
    rest = depth === 0 && inProgress === 0 ? rest + 1 : 0
  }
  report({ audit: await auditCache(server, lister, fold) })
}

for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'reset') lag.reset()
  if (line === 'release') await finish()
  else report()
}
await factory.close()
