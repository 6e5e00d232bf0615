import { expect, it } from 'vitest'
import type { DictionaryEpoch } from '../../src/protocol/dictionary-epoch.ts'
import { BatchWriter, targetBatchBytes } from '../../workers/batch-writer.ts'
import { DeltaQueue } from '../../workers/delta-queue.ts'

const epoch: DictionaryEpoch = { number: 1, structures: [], values: [] }

function writerOf() {
  const queue = new DeltaQueue<DictionaryEpoch>({ firstGeneration: 1, resumeVersion: 1 })
  const writer = new BatchWriter(queue, { incarnation: 1 })
  let version = 1
  const batch = (bytes: number): ArrayBuffer => {
    const slab = queue.store.reserve(epoch, bytes)
    queue.offer(false, `key-${++version}`, version, slab, bytes, () => true, 0)
    return writer.write() as ArrayBuffer
  }
  return { queue, writer, batch }
}

it('writes the batches of a list into buffers that came back', () => {
  const { queue, writer, batch } = writerOf()
  queue.listStart(false)
  const first = batch(targetBatchBytes)
  writer.recycle(first)
  expect(batch(targetBatchBytes + 1_000)).toBe(first)
  expect(batch(targetBatchBytes)).not.toBe(first)
})

it('keeps none of them beyond the list, nor more than eight', () => {
  const { queue, writer, batch } = writerOf()
  const before = batch(targetBatchBytes)
  writer.recycle(before)
  queue.listStart(false)
  expect(batch(targetBatchBytes)).not.toBe(before)
  const buffers = Array.from({ length: 10 }, () => batch(targetBatchBytes))
  for (const buffer of buffers) writer.recycle(buffer)
  const again = Array.from({ length: 10 }, () => batch(targetBatchBytes))
  expect(again.filter((buffer) => buffers.includes(buffer))).toHaveLength(8)
  for (const buffer of again) writer.recycle(buffer)
  queue.listEnd(1_000)
  writer.write()
  writer.recycle(buffers[0] as ArrayBuffer)
  expect(again).not.toContain(batch(targetBatchBytes))
})
