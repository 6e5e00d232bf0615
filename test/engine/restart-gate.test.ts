import { describe, expect, it } from 'vitest'
import { RestartGate } from '../../src/engine/restart-gate.ts'
import { SyncPermits } from '../../src/engine/sync-permits.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'

function watches(count: number, log: string[]) {
  return Array.from({ length: count }, (_, i) => ({ name: `w${i}`, restart: () => log.push(`w${i}`) }))
}

describe('RestartGate', () => {
  it('restarts all watches of a thread at once after its first two deaths', () => {
    const log: string[] = []
    const gate = new RestartGate(new VirtualRuntime())
    const all = watches(3, log)
    for (const w of all) gate.died(w, 1)
    for (const w of all) gate.died(w, 2)
    expect(log).toEqual(['w0', 'w1', 'w2', 'w0', 'w1', 'w2'])
  })

  it('then one at a time, the next after 5 s of health', () => {
    const log: string[] = []
    const runtime = new VirtualRuntime()
    const gate = new RestartGate(runtime)
    const all = watches(3, log)
    for (const thread of [1, 2, 3]) for (const w of all) gate.died(w, thread)
    log.splice(0, 6)
    expect(log).toEqual(['w0'])
    runtime.advance(4_999)
    expect(log).toEqual(['w0'])
    runtime.advance(2)
    expect(log).toEqual(['w0', 'w1'])
    runtime.advance(5_000)
    expect(log).toEqual(['w0', 'w1', 'w2'])
  })

  it('makes the one on probation wait alone when the thread dies again; the others live', () => {
    const log: string[] = []
    const runtime = new VirtualRuntime()
    const gate = new RestartGate(runtime)
    const all = watches(2, log)
    for (const thread of [1, 2, 3]) for (const w of all) gate.died(w, thread)
    log.length = 0
    gate.died(all[0]!, 4)
    expect(log).toEqual(['w1'])
    runtime.advance(5_001)
    expect(log).toEqual(['w1', 'w0'])
  })
})

describe('SyncPermits', () => {
  it('grants at most countMax at once, in order of request, and passes a released one on', () => {
    const permits = new SyncPermits(2)
    const log: string[] = []
    const [a, b, c, d] = [{}, {}, {}, {}]
    for (const [holder, name] of [
      [a, 'a'],
      [b, 'b'],
      [c, 'c'],
      [d, 'd'],
    ] as const) {
      permits.request(holder, () => log.push(name))
    }
    expect(log).toEqual(['a', 'b'])
    permits.release(c)
    permits.release(a)
    expect(log).toEqual(['a', 'b', 'd'])
    permits.release(a)
    expect(log).toEqual(['a', 'b', 'd'])
  })
})
