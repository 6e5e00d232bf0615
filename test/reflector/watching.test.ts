import { describe, expect, test } from 'vitest'
import { opened, version, watching } from './driver-support.ts'

describe('resuming', () => {
  test('a watch that begins with a version needs no list and no permit', () => {
    const bench = watching({ permits: false })
    const watch = bench.next('watch')
    const { timeoutSeconds, ...rest } = watch.query
    expect(rest).toEqual({ watch: '1', allowWatchBookmarks: 'true', resourceVersion: '100' })
    expect(Number(timeoutSeconds)).toBeGreaterThanOrEqual(300)
    expect(Number(timeoutSeconds)).toBeLessThanOrEqual(600)
    watch.headers()
    expect(bench.news()).toEqual(['state connecting', 'watch from 100', 'state watching'])
  })

  test('after a clean end: at once, from the last event', () => {
    const [bench, watch] = opened()
    watch.event('ADDED', 'a', 101).event('DELETED', 'b', 105)
    bench.advance(5_000)
    watch.end()
    expect(version(bench.next('watch').headers())).toBe('105')
    expect(bench.news()).toEqual(['upsert a@101', 'deleted b@105', 'watch from 105', 'state watching'])
    expect(bench.driver.counters).toMatchObject({ reconnects: 1, relists: 0, lists: 0 })
  })

  test('from the last bookmark', () => {
    const [bench, watch] = opened()
    watch.event('ADDED', 'a', 101).bookmark(120)
    bench.advance(5_000)
    watch.end()
    expect(version(bench.next('watch'))).toBe('120')
  })

  test('never from below what was seen: repeats do not count', () => {
    const [bench, watch] = opened()
    watch.event('ADDED', 'a', 105).event('ADDED', 'b', 103)
    bench.advance(5_000)
    watch.event('ADDED', 'c', 104)
    watch.end()
    expect(version(bench.next('watch'))).toBe('105')
  })

  test('from versions above 2^53, and from those that are no numbers', () => {
    const [bench, watch] = opened()
    watch.event('ADDED', 'a', '340282366920938463463374607431768211450')
    watch.event('ADDED', 'b', '340282366920938463463374607431768211451')
    bench.advance(5_000)
    watch.end()
    const next = bench.next('watch').headers()
    expect(version(next)).toBe('340282366920938463463374607431768211451')
    next.event('ADDED', 'a', 'v-x')
    next.event('ADDED', 'a', 'v-a')
    bench.advance(5_000)
    next.end()
    expect(version(bench.next('watch'))).toBe('v-a')
  })

  test('what comes in one chunk with an ERROR is not kept waiting', () => {
    const [bench, watch] = opened()
    const before = bench.chunks
    watch.data(
      '{"type":"ADDED","object":{"metadata":{"name":"b","resourceVersion":"102"}}}\n{"type":"ERROR","object":{"kind":"Status","code":500}}\n',
    )
    expect(bench.chunks).toBe(before + 1)
    bench.wait()
    expect(version(bench.next('watch'))).toBe('102')
  })

  test('an event that was cut is not counted', () => {
    const [bench, watch] = opened()
    watch.event('ADDED', 'a', 101)
    watch.data('{"type":"ADDED","object":{"metadata":{"name":"b","resourceVersion":"102"')
    bench.advance(5_000)
    watch.end()
    expect(version(bench.next('watch'))).toBe('101')
    expect(bench.news()).toEqual(['upsert a@101'])
  })

  test('a last event without its line feed is counted', () => {
    const [bench, watch] = opened()
    watch.data('{"type":"ADDED","object":{"metadata":{"name":"b","resourceVersion":"102"}}}')
    bench.advance(5_000)
    watch.end()
    expect(version(bench.next('watch'))).toBe('102')
  })

  test('a server that closes every watch at once is not asked at full speed', () => {
    const bench = watching()
    const until = bench.runtime.nowMs() + 60_000
    let requests = 0
    while (bench.runtime.nowMs() < until) {
      requests++
      bench.next().headers().end()
      bench.wait()
    }
    expect(requests).toBeLessThan(12)
    expect(bench.log).toContain('state retrying ERR_STREAM_ENDED #1')
  })

  test('not even if every one gives an event', () => {
    const bench = watching()
    const until = bench.runtime.nowMs() + 60_000
    let requests = 0
    while (bench.runtime.nowMs() < until) {
      bench
        .next('watch')
        .headers()
        .event('ADDED', 'a', 101 + requests++)
        .end()
      bench.wait()
    }
    expect(requests).toBeLessThan(80)
    // Each went on, so none is a fault.
    expect(bench.log.join()).not.toContain('retrying')
  })
})

describe('a full queue', () => {
  test('stops the socket until it is under half', () => {
    const [bench, watch] = opened()
    bench.pressure = 'full'
    watch.event('ADDED', 'a', 101)
    // What was in memory may still come.
    watch.event('ADDED', 'b', 102)
    bench.pressure = 'half'
    bench.driver.queueDrained()
    bench.advance(1_000)
    expect(watch.isPaused).toBe(true)
    bench.pressure = 'open'
    bench.advance(20)
    expect(watch.isPaused).toBe(false)
    expect(bench.news()).toEqual(['upsert a@101', 'state stalled', 'upsert b@102', 'state watching'])
    expect(bench.runtime.timerCount).toBe(1)
  })

  test('of a watch that ends meanwhile is forgotten', () => {
    const [bench, watch] = opened()
    bench.pressure = 'full'
    watch.event('ADDED', 'a', 101)
    bench.advance(5_000)
    watch.end()
    const next = bench.next('watch').headers()
    expect(next.isPaused).toBe(false)
    // And told anew by the next chunk.
    next.event('ADDED', 'b', 102)
    expect(next.isPaused).toBe(true)
  })
})

describe('frames that are refused', () => {
  test('are named; they are no progress, and no end', () => {
    const [bench, watch] = opened()
    watch.event('ADDED', 'a', 101)
    watch.data('{"type":"ADDED","object":{"metadata":{"name":"b","namespace":"n","resourceVersion":"102"}\n')
    watch.event('ADDED', 'c', 103)
    expect(bench.news()).toEqual(['upsert a@101', 'refused ERR_INVALID_JSON n/b 89', 'upsert c@103'])
  })

  test.each(['<html>\n', '{\n"kind": "Status",\n', '{"kind":"Status","code":500}\n', 'upstream error\n'])(
    'an answer that never was a watch is a fault: %j',
    (body) => {
      const [bench, watch] = opened()
      watch.data(body)
      expect(watch.isAborted).toBe(true)
      expect(bench.news().at(-1)).toBe('state retrying ERR_UNEXPECTED_BODY #1')
      bench.wait()
      bench.next('watch')
    },
  )
})
