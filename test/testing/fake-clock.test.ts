import { describe, expect, test } from 'vitest'
import { FakeClock } from '../../src/testing/index.ts'

describe('FakeClock', () => {
  test('stands still until it is moved, and runs what falls due at its own time', async () => {
    const clock = new FakeClock({ startMs: 1_000 })
    const log: string[] = []
    const at = (name: string) => () => log.push(`${name} ${clock.nowMs()}`)
    clock.setTimer(30, at('c'))
    clock.setTimer(10, () => {
      at('a')()
      clock.setTimer(5, at('b'))
    })
    clock.setTimer(10, at('a2'))
    clock.setTimer(15, at('cancelled')).cancel()
    expect([clock.nextTimerMs, clock.timerCount]).toEqual([10, 3])
    await clock.advance(29)
    expect([log, clock.nowMs()]).toEqual([['a 1010', 'a2 1010', 'b 1015'], 1_029])
    await clock.advance(1)
    expect([log.at(-1), clock.nextTimerMs]).toEqual(['c 1030', undefined])
  })

  test('finishes what a timer leads to before the next one', async () => {
    const clock = new FakeClock({ startMs: 0 })
    const log: string[] = []
    clock.setTimer(1, () => {
      clock.defer(() => {
        void Promise.resolve().then(() => clock.defer(() => log.push(`led to ${clock.nowMs()}`)))
      })
    })
    clock.setTimer(2, () => log.push(`next ${clock.nowMs()}`))
    await clock.advance(2)
    expect(log).toEqual(['led to 1', 'next 2'])
  })

  test('defers by turns of the event loop; what is cancelled does not run', async () => {
    const clock = new FakeClock()
    const log: string[] = []
    const ran = clock.defer(() => log.push('a'))
    const cancelled = clock.defer(() => log.push('b'))
    cancelled.cancel()
    cancelled.cancel()
    expect(log).toEqual([])
    await clock.settle()
    ran.cancel()
    expect(log).toEqual(['a'])
  })

  test('settles also when something defers for ever', async () => {
    const clock = new FakeClock()
    let isOver = false
    const again = (): void => {
      if (!isOver) clock.defer(again)
    }
    again()
    await clock.settle()
    isOver = true
  })

  test('gives the randomness it is told to', () => {
    expect([new FakeClock().random(), new FakeClock({ random: () => 0.5 }).random()]).toEqual([0, 0.5])
  })
})
