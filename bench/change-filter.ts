/**
 * What churn of the status alone costs the main thread: `when: ['spec']` against a handler that gets every update and
 * reads two fields of `object` and of `oldObject`. Batches of 64 events of 50 pods each are applied and delivered as on
 * main; making them is not timed. "read batches" is what both have in common: applying them with nobody listening.
 * Last what the hash costs the worker, beside transcoding without it.
 */
import assert from 'node:assert/strict'
import { nodeRuntime, type Runtime } from '../src/base/runtime.ts'
import { type Pump, Slicer } from '../src/base/slicer.ts'
import { BatchReader } from '../src/engine/batch-reader.ts'
import type { CacheEpoch } from '../src/indexer/cache-epoch.ts'
import { Indexer } from '../src/indexer/indexer.ts'
import type { ListenerOptions, UpdateEvent } from '../src/notify/handlers.ts'
import { Processor } from '../src/notify/processor.ts'
import type { Column } from '../src/protocol/column.ts'
import type { DictionaryEpoch } from '../src/protocol/dictionary-epoch.ts'
import { BatchWriter } from '../workers/batch-writer.ts'
import { DeltaQueue } from '../workers/delta-queue.ts'
import { Intake } from '../workers/intake.ts'
import { JsonTranscoder, maxRecordBytes } from '../workers/transcode/json-transcoder.ts'
import { makePod } from './fixtures/pod.ts'
import { median } from './support/numbers.ts'

const podCount = 2_000
const eventCount = 20_000
const batchEvents = 64
const rounds = 7
const ratioMax = 1 / 3
const columns: readonly Column[] = ['spec.nodeName', { hash: 'spec' }]

interface Pod {
  readonly metadata: { readonly resourceVersion: string }
  readonly spec: { readonly nodeName: string }
  readonly status: { readonly phase: string }
}

/** The same pod with another status. */
const texts: readonly (readonly Buffer[])[] = Array.from({ length: podCount }, (_, i) =>
  Array.from({ length: eventCount / podCount + 1 }, (_, version) => {
    const pod = makePod(i) as { metadata: Record<string, unknown>; status: Record<string, unknown> }
    pod.metadata['resourceVersion'] = String(1_000_000 + version * podCount + i)
    pod.status['phase'] = version % 2 === 0 ? 'Running' : 'Pending'
    return Buffer.from(JSON.stringify(pod))
  }),
)

/** Turns come when asked for: what is measured is work, not waiting. */
class OwnTurns {
  readonly slicer: Slicer
  #pending: (() => void)[] = []

  constructor() {
    const runtime: Runtime = {
      ...nodeRuntime,
      defer: (fn) => {
        this.#pending.push(fn)
        return { cancel: () => void (this.#pending = this.#pending.filter((other) => other !== fn)) }
      },
    }
    this.slicer = new Slicer(runtime, 5)
  }

  runAll(): void {
    while (this.#pending.length > 0) for (const turn of this.#pending.splice(0)) turn()
  }
}

/** Main-thread CPU per event, in µs. */
function run(listener: ListenerOptions | undefined): { micros: number; delivered: number; read: number } {
  const queue = new DeltaQueue<DictionaryEpoch>({ firstGeneration: 1 })
  const writer = new BatchWriter(queue, { incarnation: 1 })
  const intake = new Intake({
    transcoder: new JsonTranscoder({ fields: { drop: ['metadata.managedFields'] }, columns }),
    queue,
    nowMs: () => 0,
    onRefused: ({ error }) => assert.fail(error),
  })
  const turns = new OwnTurns()
  const processor: Processor<CacheEpoch> = new Processor<CacheEpoch>({
    runtime: nodeRuntime,
    slicer: turns.slicer,
    cache: () => indexer,
    columns,
    onHandlerError: (error) => assert.fail(String(error)),
  })
  const indexer: Indexer = new Indexer({ sink: processor, columns, onIndexError: () => assert.fail() })
  indexer.indices.define({ byNode: 'spec.nodeName' })
  const reader = new BatchReader({
    indexer,
    nowMs: () => 0,
    onCredit: (_bytes, buffer) => buffer !== undefined && writer.recycle(buffer),
    onMismatch: (error) => assert.fail(error),
    onApplied: () => {},
  })
  reader.begin(1)
  let read = 0
  const registration = processor.addListener<Pod>(
    listener === undefined
      ? { onAdd() {} }
      : {
          onUpdate({ object, oldObject }: UpdateEvent<Pod>) {
            if (object.spec.nodeName === oldObject.spec.nodeName) read++
            if (object.status.phase !== oldObject.status.phase) read++
          },
        },
    listener,
  )
  // Of "read batches": told of nothing.
  if (listener === undefined) void registration.remove()
  const apply = (): void => {
    for (let batch = writer.write(); batch !== undefined; batch = writer.write()) reader.push(1, batch)
    const start = process.threadCpuUsage()
    turns.slicer.wake(reader as Pump)
    turns.runAll()
    const { user, system } = process.threadCpuUsage(start)
    micros += user + system
  }
  let micros = 0
  intake.listStart(false)
  for (const [first] of texts as readonly (readonly [Buffer])[])
    intake.object('upsert', first, 0, first.length)
  intake.listEnd(1_000_000)
  apply()
  micros = 0
  let events = 0
  for (let version = 1; version <= eventCount / podCount; version++) {
    for (const versions of texts) {
      const text = versions[version] as Buffer
      intake.object('upsert', text, 0, text.length)
      if (++events % batchEvents === 0) apply()
    }
  }
  apply()
  const { delivered, unchanged } = registration.stats()
  if (listener?.when !== undefined) assert.equal(unchanged, eventCount)
  return { micros: micros / eventCount, delivered: delivered - (listener === undefined ? 0 : podCount), read }
}

function transcodeMicros(of: readonly Column[]): number {
  const transcoder = new JsonTranscoder({ fields: { drop: ['metadata.managedFields'] }, columns: of })
  const all = texts.map(([first]) => first as Buffer)
  const out = Buffer.allocUnsafeSlow(maxRecordBytes(Math.max(...all.map((text) => text.length))))
  const times = Array.from({ length: rounds + 2 }, () => {
    const start = process.threadCpuUsage()
    for (const text of all) {
      transcoder.prepare()
      transcoder.transcode(text, 0, text.length, out, 0)
    }
    const { user, system } = process.threadCpuUsage(start)
    return (user + system) / all.length
  })
  return median(times.slice(2))
}

const none: number[] = []
const filtered: number[] = []
const unfiltered: number[] = []
for (let round = 0; round < rounds; round++) {
  none.push(run(undefined).micros)
  const kept = run({ when: ['spec'] })
  assert.equal(kept.delivered, 0)
  filtered.push(kept.micros)
  const told = run({})
  assert.deepEqual([told.delivered, told.read], [eventCount, eventCount * 2])
  unfiltered.push(told.micros)
}
const ratios = filtered.map((micros, i) => micros / (unfiltered[i] as number))
const show = (micros: number): string => micros.toFixed(2)
console.table([
  { main: 'read batches, no listener', 'CPU µs per event (median)': show(median(none)) },
  { main: "when: ['spec']", 'CPU µs per event (median)': show(median(filtered)) },
  { main: 'every update, two fields of both objects', 'CPU µs per event (median)': show(median(unfiltered)) },
])
console.log(`when: ['spec'] / every update: ${median(ratios).toFixed(3)}, must be ≤ ${ratioMax.toFixed(3)}`)
console.table(
  [[], ['spec.nodeName'], columns, [...columns, { hash: 'metadata.labels' }]].map((of) => ({
    worker: `transcode, columns ${JSON.stringify(of)}`,
    'CPU µs per object (median)': show(transcodeMicros(of as readonly Column[])),
  })),
)
if (!(median(ratios) <= ratioMax)) {
  console.log('missed its budget')
  process.exitCode = 1
}
