import { describe, expect, it } from 'vitest'
import type { DictionaryEpoch } from '../../src/protocol/dictionary-epoch.ts'
import { BatchPort } from '../../workers/batch-port.ts'
import { BatchWriter } from '../../workers/batch-writer.ts'
import { DeltaQueue } from '../../workers/delta-queue.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'

const epoch: DictionaryEpoch = { number: 1, structures: [], values: [] }
const recordBytes = 1_000

function portOf(creditBytes: number) {
  const runtime = new VirtualRuntime()
  const queue = new DeltaQueue<DictionaryEpoch>({ firstGeneration: 1, resumeVersion: 1 })
  const batches: ArrayBuffer[] = []
  const port = new BatchPort({
    queue,
    writer: new BatchWriter(queue, { incarnation: 1 }),
    runtime,
    creditBytes,
    post: (batch) => batches.push(batch),
  })
  let version = 1
  const offer = (key: string): void => {
    const slab = queue.store.reserve(epoch, recordBytes)
    queue.offer(false, key, ++version, slab, recordBytes, () => true, 0)
    port.touched(recordBytes)
  }
  return { runtime, queue, batches, port, offer }
}

describe('BatchPort', () => {
  it('sends a lone change with the next turn of the event loop', () => {
    const { runtime, batches, offer } = portOf(1e6)
    offer('a')
    expect(batches).toHaveLength(0)
    runtime.turn()
    expect(batches).toHaveLength(1)
  })

  it('without credit keeps merging, and sends when credit comes back', () => {
    const { runtime, queue, batches, port, offer } = portOf(1)
    offer('a')
    runtime.turn()
    expect(batches).toHaveLength(1)
    expect(port.creditBytes).toBeLessThan(0)
    for (let i = 0; i < 50; i++) offer(`k${i % 5}`)
    runtime.turn()
    expect(batches).toHaveLength(1)
    expect(queue.count).toBe(5)
    expect(queue.counters.merged).toBe(45)
    port.credit((batches[0] as ArrayBuffer).byteLength, batches.splice(0))
    runtime.turn()
    expect(batches).toHaveLength(1)
    expect(queue.isEmpty).toBe(true)
  })

  it('sends a declared reset without credit, before anything else', () => {
    const { runtime, queue, batches, port, offer } = portOf(1)
    offer('a')
    runtime.turn()
    offer('b')
    queue.listStart(true)
    port.touched(0)
    runtime.turn()
    expect(batches).toHaveLength(2)
    expect(queue.count).toBe(0)
  })

  it('gathers while much comes in, and never holds longer than the stream goes on', () => {
    const { runtime, batches, offer } = portOf(1e9)
    for (let i = 0; i < 100; i++) offer(`a${i}`)
    runtime.turn()
    expect(batches).toHaveLength(0)
    runtime.turn()
    expect(batches).toHaveLength(1)
  })

  it('spaces batches of several changes, and further apart while thousands a second come', () => {
    const { runtime, batches, offer } = portOf(1e9)
    /** Milliseconds until the batch of these changes leaves. */
    const sendsAfter = (changes: number): number => {
      const sent = batches.length
      for (let i = 0; i < changes; i++) offer(`k${i}`)
      let ms = 0
      for (runtime.turn(); batches.length === sent; runtime.turn()) {
        runtime.advance(1)
        ms++
      }
      return ms
    }
    expect([4, 4, 4, 1, 4, 1].map(sendsAfter)).toEqual([0, 4, 4, 4, 0, 4])
    runtime.advance(1_000)
    // One burst, and what came while nothing could be sent, are no rate.
    expect([30, 30, 4, 4].map(sendsAfter)).toEqual([0, 4, 4, 4])
    runtime.advance(1_000)
    expect([30, 30, 30, 30, 4, 4].map(sendsAfter)).toEqual([0, 4, 4, 10, 10, 4])
    runtime.advance(1_000)
    expect(sendsAfter(1)).toBe(0)
  })

  it('sends nothing after close', () => {
    const { runtime, batches, port, offer } = portOf(1e6)
    offer('a')
    port.close()
    runtime.turn()
    runtime.advance(1_000)
    expect(batches).toHaveLength(0)
    expect(runtime.deferredCount + runtime.timerCount).toBe(0)
  })
})
