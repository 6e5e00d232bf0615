/**
 * The listener buffer and the delivery behind it. Each run checks what came out before anything is timed; "per change"
 * is the time of a run over its changes.
 *
 * - keep all: changes pass the buffer one by one, as they do for a handler that keeps up;
 * - coalesce: a handler that does not return, 1,000,000 changes of 10,000 keys pending;
 * - deliver: processor → buffer → sync handler that reads nothing, as at an initial list.
 */
import assert from 'node:assert/strict'
import { Bench } from 'tinybench'
import { nodeRuntime } from '../src/base/runtime.ts'
import { Slicer } from '../src/base/slicer.ts'
import { ListenerBuffer } from '../src/notify/listener-buffer.ts'
import { PendingChange } from '../src/notify/pending-change.ts'
import { Processor } from '../src/notify/processor.ts'
import { SharedReads } from '../src/notify/shared-reads.ts'
import { recordHeaderBytes } from '../src/protocol/record-layout.ts'
import { RecordStore, type VersionCell } from '../src/protocol/record-store.ts'

const keyCount = 10_000
const changeCount = 1_000_000
const keys = Array.from(
  { length: keyCount },
  (_, i) => `namespace-${i % 100}/workload-7d9f8b6c5-${i.toString(36)}`,
)
const deliverCount = 100_000
const deliverKeys = Array.from({ length: deliverCount / keyCount }, (_, i) =>
  keys.map((key) => `${key}-${i}`),
)
const store = new RecordStore<string>({ slabBytes: 1024 * 1024 })

/** Two versions of every object, both cached, so that nothing dies while it is timed. */
const cells: readonly (readonly VersionCell<string>[])[] = [0, 1].map(() =>
  keys.map(() => {
    store.reserve('', recordHeaderBytes).bytes.fill(0)
    return store.commit(store.reserve('', recordHeaderBytes), recordHeaderBytes, 0)
  }),
)

function cellOf(version: number, index: number): VersionCell<string> {
  return (cells[version & 1] as VersionCell<string>[])[index] as VersionCell<string>
}

function newBuffer(countMax: number): ListenerBuffer<string> {
  return new ListenerBuffer<string>({
    reads: new SharedReads(store, () => undefined),
    countMax,
    bytesMax: 1024 * 1024 * 1024,
    merges: true,
    mayPark: false,
    onInitialVanished: () => {},
  })
}

function update(index: number, round: number): PendingChange<string> {
  return new PendingChange(
    keys[index] as string,
    undefined,
    false,
    cellOf(round, index),
    cellOf(round + 1, index),
    'watch',
    false,
    1,
  )
}

/** Pushes and takes in runs of 64, as a slice does. Returns the changes that came out. */
function keepAll(): number {
  const buffer = newBuffer(10_000)
  const { release } = new SharedReads(store, () => undefined)
  let taken = 0
  for (let i = 0; i < changeCount; ) {
    for (let run = 0; run < 64 && i < changeCount; run++, i++) buffer.push(update(i % keyCount, i))
    for (let change = buffer.take(); change !== undefined; change = buffer.take()) {
      taken++
      release(change.here as VersionCell<string>)
      release(change.old as VersionCell<string>)
    }
  }
  return taken
}

/** Nobody takes: everything above the bound merges. */
function coalesce(): ListenerBuffer<string> {
  const buffer = newBuffer(1_000)
  for (let i = 0; i < changeCount; i++) buffer.push(update(i % keyCount, Math.floor(i / keyCount)))
  return buffer
}

async function deliver(): Promise<number> {
  let seen = 0
  let isListed = (): void => {}
  const done = new Promise<void>((resolve) => {
    isListed = resolve
  })
  const processor = new Processor<string>({
    runtime: nodeRuntime,
    slicer: new Slicer(nodeRuntime, 5),
    cache: () => ({ store, read: () => undefined, cells: () => [].values(), cell: () => undefined }),
    onHandlerError: (error) => assert.fail(String(error)),
  })
  processor.addListener({ onAdd: () => void seen++, onSynced: () => isListed() })
  for (let round = 0; round < deliverCount / keyCount; round++) {
    // What a slice of the batch reader applies before the listener has its turn.
    for (let i = 0; i < keyCount; i++)
      processor.added((deliverKeys[round] as string[])[i] as string, cellOf(0, i), 'list', 1)
  }
  processor.listCompleted()
  await done
  await processor.close()
  return seen
}
assert.equal(keepAll(), changeCount)
const full = coalesce()
assert.equal(full.count, keyCount)
assert.equal(full.merged, changeCount - keyCount)
full.drop(Number.POSITIVE_INFINITY)
assert.equal(await deliver(), deliverCount)
assert.ok(
  cells.flat().every((cell) => cell.uses === 0),
  'every use of a cell was released',
)

const bench = new Bench({ time: 2_000, iterations: 3, warmupTime: 500, warmupIterations: 1 })
bench
  .add('keep all: push + take', () => void keepAll())
  .add('coalesce: push above the bound', () => coalesce().drop(Number.POSITIVE_INFINITY))
  .add('deliver: sink → handler', async () => void (await deliver()))
await bench.run()

const counts = [changeCount, changeCount, deliverCount]
const rows = bench.tasks.map((task, i) => {
  if (task.result.state !== 'completed') throw new Error(`${task.name}: ${task.result.state}`)
  const nsPerChange = (task.result.latency.p50 / (counts[i] as number)) * 1e6
  return {
    stage: task.name,
    'ns per change (p50)': Math.round(nsPerChange),
    'changes/s': Math.round(1e9 / nsPerChange),
  }
})
console.table(rows)
for (const row of rows.slice(0, 2)) {
  assert.ok(row['changes/s'] >= 1_000_000, `${row.stage}: ${row['changes/s']}/s, must be 1,000,000/s`)
}
