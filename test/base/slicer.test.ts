import { describe, expect, it } from 'vitest'
import { type Pump, Slicer } from '../../src/base/slicer.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'

/** A clock that work itself moves: nothing else makes time pass inside a slice. */
class WorkClock extends VirtualRuntime {
  workedMs = 0

  override nowMs(): number {
    return super.nowMs() + this.workedMs
  }
}

function pumpOf(name: string, units: number, clock: WorkClock, log: string[]): Pump {
  let left = units
  return {
    pump(deadlineMs) {
      do {
        clock.workedMs += 1
        left--
        log.push(name)
      } while (left > 0 && clock.nowMs() < deadlineMs)
      return left > 0
    },
  }
}

describe('Slicer', () => {
  it('never works inside wake, and at most sliceMs a turn', () => {
    const clock = new WorkClock()
    const slicer = new Slicer(clock, 5)
    const log: string[] = []
    slicer.wake(pumpOf('a', 12, clock, log))
    expect(log).toEqual([])
    clock.turn()
    expect(log).toHaveLength(5)
    clock.turn()
    clock.turn()
    expect(log).toHaveLength(12)
    expect(slicer.slices).toMatchObject({ count: 3, busyMs: 12, maxMs: 5 })
    expect(clock.deferredCount).toBe(0)
  })

  it('shares a turn, so that one that always has more starves no other', () => {
    const clock = new WorkClock()
    const slicer = new Slicer(clock, 6)
    const log: string[] = []
    slicer.wake(pumpOf('busy', 1000, clock, log))
    slicer.wake(pumpOf('brief', 2, clock, log))
    clock.turn()
    expect(log.filter((name) => name === 'brief')).toHaveLength(2)
    expect(log.length).toBeLessThanOrEqual(7)
  })

  it('runs a pump that is woken while it runs, once more', () => {
    const clock = new WorkClock()
    const slicer = new Slicer(clock, 5)
    let runs = 0
    const pump: Pump = {
      pump() {
        clock.workedMs += 10
        if (++runs === 1) slicer.wake(pump)
        return false
      },
    }
    slicer.wake(pump)
    slicer.wake(pump)
    clock.turn()
    expect(runs).toBe(1)
    clock.turn()
    clock.turn()
    expect(runs).toBe(2)
  })

  it('forgets a removed pump', () => {
    const clock = new WorkClock()
    const slicer = new Slicer(clock, 5)
    const log: string[] = []
    const pump = pumpOf('a', 3, clock, log)
    slicer.wake(pump)
    slicer.remove(pump)
    clock.turn()
    expect(log).toEqual([])
  })
})
