import { describe, expect, test } from 'vitest'
import { Bench, listText, object } from './driver-support.ts'
import { errors } from './samples.ts'

/** A life with all there is to be interrupted in it; ends by itself. */
function live(bench: Bench, isOver: () => boolean): void {
  const acts: (() => void)[] = [
    () => bench.driver.start(),
    () => bench.next('stream').headers().event('ADDED', 'a', 1).event('ADDED', 'b', 2).end(),
    () => bench.wait(),
    () => bench.next('stream').fail(errors.refusedStream),
    () => {
      const page = bench.next('list').headers()
      bench.pressure = 'full'
      page.data(listText(50, ['a', 'b'], 'token'))
      bench.pressure = 'half'
      page.end()
      bench.advance(100)
      bench.pressure = 'open'
      bench.advance(100)
    },
    () => bench.next('list').fail(errors.unauthorized),
    () => bench.driver.connectionReady({ server: 'http://test', headers: {} }),
    () => bench.next('list').page(50, ['c', 'd']),
    () => {
      const watch = bench.next('watch').headers()
      watch.data(
        `{"type":"ADDED","object":${object('e', 51)}}\n{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"52"}}}\n{"type":"DELETED","object":${object('e', 53)}}\nnot an event\n{"type":"ERROR","object":{"kind":"Status","code":410}}\n`,
      )
    },
    () => bench.wait(),
    () => bench.next('list').fail(errors.notFound),
    () => bench.wait(),
    () => bench.next('list').fail(errors.forbidden),
  ]
  for (const act of acts) {
    if (isOver()) return
    try {
      act()
    } catch (error) {
      // Stopped in the middle of this act: what it waits for will not come.
      if (!isOver()) throw error
    }
  }
}

function expectSilence(bench: Bench, lines: number, chunks: number): void {
  const { requests } = bench.transport
  expect(requests.filter((request) => !request.isOver && !request.isAborted)).toEqual([])
  for (const request of requests) {
    request
      .headers()
      .data(listText(60, ['x']))
      .event('ADDED', 'x', 61)
      .bookmark(62, true)
      .end()
    request.fail(errors.connection)
  }
  bench.driver.permitGranted()
  bench.driver.connectionReady({ server: 'http://test', headers: {} })
  bench.driver.queueDrained()
  bench.driver.relist()
  bench.driver.start()
  bench.advance(3_600_000)
  expect(bench.log.slice(lines)).toEqual([])
  expect(bench.chunks).toBe(chunks)
  expect(bench.runtime.timerCount + bench.runtime.deferredCount).toBe(0)
  expect(bench.driver.state.name).toBe('stopped')
}

describe('stop', () => {
  const whole = new Bench()
  live(whole, () => false)
  const lines = whole.log.length

  test('interrupts a life that is worth it', () => {
    for (const part of [
      'list abort',
      'state stalled',
      'credentials?',
      'bookmark 52',
      'refused',
      'forbidden',
    ]) {
      expect(whole.log.join('\n')).toContain(part)
    }
    expect(lines).toBeGreaterThan(40)
  })

  test.each(Array.from({ length: lines }, (_, at) => at + 1))(
    'from inside call %i of sink or host: nothing is called afterwards',
    (at) => {
      const bench = new Bench()
      let chunks = 0
      bench.onLog = () => {
        if (bench.log.length !== at) return
        bench.driver.stop()
        chunks = bench.chunks
      }
      live(bench, () => bench.log.length >= at)
      bench.onLog = () => {}
      expectSilence(bench, at, chunks)
    },
  )

  test('between any two things that happen', () => {
    for (let acts = 0; acts < 13; acts++) {
      const bench = new Bench()
      let left = acts
      live(bench, () => left-- <= 0)
      const { length } = bench.log
      const { chunks } = bench
      bench.driver.stop()
      bench.driver.stop()
      expectSilence(bench, length, chunks)
    }
  })
})
