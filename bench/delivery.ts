/**
 * What a change costs on its way from the processor to each face of a listener, the handler reading nothing: callbacks,
 * async callbacks that await nothing, batches, async batches, a loop. Each run checks that every change came, once and
 * in order, before anything is timed. Figures are CPU time of the process, the best of several runs.
 */
import assert from 'node:assert/strict'
import { nodeRuntime } from '../src/base/runtime.ts'
import { Slicer } from '../src/base/slicer.ts'
import { ChangesIterator } from '../src/notify/changes-iterator.ts'
import type { ObjectChange, ResourceEventHandlers } from '../src/notify/handlers.ts'
import { Processor } from '../src/notify/processor.ts'
import { recordHeaderBytes } from '../src/protocol/record-layout.ts'
import { RecordStore, type VersionCell } from '../src/protocol/record-store.ts'

const keyCount = 10_000
const roundCount = 10
const runCount = 15
const changeCount = keyCount * roundCount
const keys = Array.from(
  { length: keyCount },
  (_, i) => `namespace-${i % 100}/workload-7d9f8b6c5-${i.toString(36)}`,
)
const store = new RecordStore<string>({ slabBytes: 1024 * 1024 })

/** A version for each round, all cached, so that nothing dies while it is timed. */
const cells: readonly (readonly VersionCell<string>[])[] = Array.from({ length: roundCount }, () =>
  keys.map(() => {
    store.reserve('', recordHeaderBytes).bytes.fill(0)
    return store.commit(store.reserve('', recordHeaderBytes), recordHeaderBytes, 0)
  }),
)

function cellOf(round: number, index: number): VersionCell<string> {
  return (cells[round] as VersionCell<string>[])[index] as VersionCell<string>
}

type See = (change: ObjectChange<unknown>) => void
/** Registers a face; `see` gets each change. */
type Face = (processor: Processor<string>, see: See, synced: () => void) => void

const buffer = { countMax: 2 * changeCount, bytesMax: 1024 * 1024 * 1024 }
function byHandlers(handlers: (see: See) => ResourceEventHandlers<unknown>): Face {
  return (processor, see, synced) =>
    void processor.addListener({ ...handlers(see), onSynced: () => synced() }, { buffer })
}

const faces: Readonly<Record<string, Face>> = {
  callbacks: byHandlers((see) => ({ onAdd: see, onUpdate: see })),
  'async callbacks': byHandlers((see) => ({
    onAdd: async (change) => see(change),
    onUpdate: async (change) => see(change),
  })),
  batches: byHandlers((see) => ({ onChanges: (changes) => changes.forEach(see) })),
  'async batches': byHandlers((see) => ({ onChanges: async (changes) => changes.forEach(see) })),
  'a loop': (processor, see, synced) => {
    const loop = new ChangesIterator<unknown>(
      [(handlers, onRemoved) => processor.addListener(handlers, { buffer }, onRemoved)],
      undefined,
    )
    void (async () => {
      for await (const change of loop) {
        if (change.type === 'synced') synced()
        else if (change.type !== 'desynced') see(change)
      }
    })()
  },
}

async function deliver(face: Face, see: See): Promise<void> {
  const processor = new Processor<string>({
    runtime: nodeRuntime,
    slicer: new Slicer(nodeRuntime, 5),
    cache: () => ({ store, read: () => undefined, cells: () => [].values(), cell: () => undefined }),
    onHandlerError: (error) => assert.fail(String(error)),
  })
  let last = Promise.withResolvers<void>()
  let seen = 0
  const { promise: synced, resolve } = Promise.withResolvers<void>()
  const count: See = (change) => {
    see(change)
    if (++seen % keyCount === 0) last.resolve()
  }
  face(processor, count, resolve)
  for (let round = 0; round < roundCount; round++) {
    last = Promise.withResolvers<void>()
    for (let i = 0; i < keyCount; i++) {
      const key = keys[i] as string
      if (round === 0) processor.added(key, cellOf(0, i), 'list', 1)
      else processor.updated(key, cellOf(round - 1, i), cellOf(round, i), 'watch', 1)
    }
    if (round === 0) processor.listCompleted()
    await last.promise
  }
  await synced
  await processor.close()
}

for (const [name, face] of Object.entries(faces)) {
  const seen: string[] = []
  await deliver(face, (change) => void seen.push(change.key))
  assert.equal(seen.length, changeCount, name)
  assert.ok(
    seen.every((key, i) => key === keys[i % keyCount]),
    `${name}: in order`,
  )
  assert.ok(
    cells.flat().every((cell) => cell.uses === 0),
    `${name}: every use of a cell was released`,
  )
}

/** The process's CPU time, since whatever else runs on the machine is in no other way out of it. */
const best = new Map<string, number>()
for (let run = 0; run < runCount; run++) {
  // In turns: a machine that slows down slows all of them.
  for (const [name, face] of Object.entries(faces)) {
    const before = process.cpuUsage()
    await deliver(face, () => {})
    const { user, system } = process.cpuUsage(before)
    best.set(name, Math.min(best.get(name) ?? Number.POSITIVE_INFINITY, user + system))
  }
}
const base = best.get('callbacks') as number
console.table(
  [...best].map(([face, us]) => ({
    face,
    'ns per change (CPU, best)': Math.round((us * 1_000) / changeCount),
    'of callbacks': (us / base).toFixed(2),
  })),
)
