import { describe, expect, test } from 'vitest'
import { Bench, type FakeRequest } from './driver-support.ts'
import { errors } from './samples.ts'

/** A bench that watches: synced at 100 by a stream, or resumed there. */
function watching(options: ConstructorParameters<typeof Bench>[0] = {}): Bench {
  const bench = new Bench({ ...options, spec: { resumeVersion: '100', ...options.spec } }).start()
  return bench
}

/** A resumed bench, and its first watch with headers. */
function opened(options: ConstructorParameters<typeof Bench>[0] = {}): [Bench, FakeRequest] {
  const bench = watching(options)
  const watch = bench.next('watch').headers()
  bench.news()
  return [bench, watch]
}

const version = (request: FakeRequest): string | undefined => request.query['resourceVersion']

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

describe('lists anew', () => {
  test.each([
    ['410', errors.expired],
    ['a version too large', errors.tooLarge],
    ['400 for the version', errors.badVersion],
  ])('when a watch is answered with %s, at once', (_what, error) => {
    const bench = watching()
    bench.next('watch').fail(error)
    bench.next('stream')
    expect(bench.driver.counters.relists).toBe(1)
  })

  test.each([
    [410, 'Expired', {}],
    [410, 'Gone', {}],
    [504, 'Timeout', { details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } }],
  ])('when a watch says %i %s', (code, reason, more) => {
    const [bench, watch] = opened()
    watch.event('ADDED', 'a', 101).error(code, reason, more)
    expect(watch.isAborted).toBe(true)
    const stream = bench.next('stream').headers()
    stream.event('ADDED', 'a', 101).bookmark(200, true)
    expect(bench.news()).toEqual([
      'upsert a@101',
      'state relisting',
      'permit?',
      expect.stringMatching(/^state relisting ERR_VERSION_/),
      'list start',
      'upsert a@101',
      'list end 200',
      'sync ended',
      'state watching',
    ])
  })

  test('nothing behind an ERROR event is read', () => {
    const [bench, watch] = opened()
    watch.data(
      '{"type":"ERROR","object":{"kind":"Status","code":410}}\n{"type":"ADDED","object":{"metadata":{"name":"x"}}}\n',
    )
    watch.event('ADDED', 'y', 300).end()
    expect(bench.log.join()).not.toMatch(/upsert [xy]/)
  })

  test('a second 410 without health between them waits', () => {
    const bench = watching()
    bench.next('watch').fail(errors.expired)
    bench.next('stream').headers().bookmark(200, true).error(410, 'Expired')
    expect(bench.hasNext).toBe(false)
    expect(bench.wait()).toBeGreaterThanOrEqual(800)
    bench.next('stream')
  })

  test.each([
    ['500', 500, 'InternalError'],
    ['another', 418, 'Teapot'],
  ])(
    'when three resumes in a row end in ERROR %s without progress, and not before',
    (_what, code, reason) => {
      const bench = watching()
      for (let i = 0; i < 3; i++) {
        bench.next('watch').headers().error(code, reason)
        bench.wait()
      }
      bench.next('stream')
    },
  )

  test('not when there was progress between the ERRORs', () => {
    const bench = watching()
    for (let i = 0; i < 10; i++) {
      bench
        .next('watch')
        .headers()
        .event('ADDED', 'a', 101 + i)
        .error(500, 'InternalError')
      bench.wait()
    }
    expect(version(bench.next('watch'))).toBe('110')
  })

  test.each([
    ['refused', errors.connection],
    ['500', errors.internal],
    ['429', errors.throttled],
  ])('never because requests fail: %s', (_what, error) => {
    const bench = watching()
    for (let i = 0; i < 10; i++) {
      bench.next('watch').fail(error)
      bench.wait()
    }
    expect(version(bench.next('watch'))).toBe('100')
  })

  test('when main asks for it: in a watch, in a pause, while credentials are awaited', () => {
    const [bench, watch] = opened()
    bench.driver.relist()
    expect(watch.isAborted).toBe(true)
    bench.next('stream')
    const pausing = watching()
    pausing.next('watch').fail(errors.connection)
    pausing.driver.relist()
    pausing.wait()
    pausing.next('stream')
    const awaiting = watching()
    awaiting.next('watch').fail(errors.unauthorized)
    awaiting.driver.relist()
    awaiting.driver.connectionReady({ server: 'http://test', headers: {} })
    awaiting.next('stream')
  })

  test('main asks in vain while a list is under way', () => {
    const bench = new Bench().start()
    const stream = bench.next('stream').headers()
    bench.driver.relist()
    stream.event('ADDED', 'a', 4).bookmark(5, true)
    expect(bench.hasNext).toBe(false)
    expect(bench.news()).toContain('list end 5')
  })
})

describe('silence', () => {
  test('a watch without a byte for 70 s is opened anew, from where it was', () => {
    const [bench, watch] = opened()
    watch.event('ADDED', 'a', 101)
    bench.advance(69_000)
    watch.data(' ')
    bench.advance(69_000)
    expect(watch.isAborted).toBe(false)
    bench.advance(2_000)
    expect(watch.isAborted).toBe(true)
    expect(version(bench.next('watch'))).toBe('101')
    expect(bench.driver.counters.reconnects).toBe(1)
  })

  test('headers that never come are silence, too', () => {
    const bench = watching()
    bench.next('watch')
    expect(bench.wait()).toBe(70_000)
    bench.next('watch')
  })

  test('does not run while the socket is not read', () => {
    const [bench, watch] = opened()
    bench.pressure = 'full'
    watch.event('ADDED', 'a', 101)
    expect(watch.isPaused).toBe(true)
    bench.advance(600_000)
    expect(watch.isAborted).toBe(false)
    bench.pressure = 'open'
    bench.driver.queueDrained()
    expect(watch.isPaused).toBe(false)
    bench.advance(69_000)
    expect(watch.isAborted).toBe(false)
    bench.advance(2_000)
    expect(watch.isAborted).toBe(true)
    expect(bench.news()).toEqual(['upsert a@101', 'state stalled', 'state watching'])
  })

  test('a thread that was blocked reads first', () => {
    const [bench, watch] = opened()
    bench.runtime.block(200_000)
    // The event loop finds the timer due; the bytes that came meanwhile are read before it is believed.
    const { timerCount } = bench.runtime
    const pending = bench.runtime.nextTimerMs
    expect(timerCount).toBe(1)
    expect(pending).toBeLessThan(0)
    const { defer } = bench.runtime
    bench.runtime.defer = (fn) => {
      watch.event('ADDED', 'a', 101)
      bench.runtime.defer = defer
      return defer.call(bench.runtime, fn)
    }
    bench.advance(1)
    expect(watch.isAborted).toBe(false)
    expect(bench.news()).toEqual(['upsert a@101'])
  })

  /** Two watches that say nothing. */
  function twiceSilent(bench: Bench): FakeRequest {
    bench.next('watch').headers()
    bench.wait()
    bench.next('watch').headers()
    bench.wait()
    return bench.next('probe')
  }

  test('after two silent watches one look at the version; the watch goes on if it is not below ours', () => {
    const bench = watching()
    const probe = twiceSilent(bench)
    expect(probe.query).toEqual({ limit: '1', resourceVersion: '' })
    probe.page(100, ['a'], 'more')
    expect(version(bench.next('watch').headers())).toBe('100')
    expect(bench.log.filter((line) => /^(upsert|type|list)/.test(line))).toEqual([])
    // The count begins anew.
    bench.wait()
    bench.next('watch')
  })

  test('a version below ours declares a reset: one list by pages', () => {
    const bench = watching()
    twiceSilent(bench).page(40, ['a'])
    const list = bench.next('list')
    expect(list.query).toEqual({ limit: '500', resourceVersion: '' })
    bench.news()
    list.page(41, ['a@3'])
    expect(bench.news()).toEqual([
      'list start, reset',
      'type v1 Pod',
      'upsert a@3',
      'list end 41',
      'sync ended',
    ])
    expect(version(bench.next('watch'))).toBe('41')
  })

  test('the look itself is tried again when it fails', () => {
    const bench = watching()
    twiceSilent(bench).fail(errors.internal)
    bench.wait()
    bench.next('probe').headers()
    bench.wait()
    bench.next('probe').headers().data('<html>')
    bench.wait()
    bench.next('probe').page(100, [])
    bench.next('watch')
  })

  test('versions that cannot be compared declare nothing', () => {
    const bench = watching({ spec: { resumeVersion: 'v-x' } })
    twiceSilent(bench).page(40, ['a'])
    expect(version(bench.next('watch'))).toBe('v-x')
  })

  test('bookmarks below ours are as bad as silence', () => {
    const [bench, watch] = opened()
    watch.bookmark(40)
    expect(watch.isAborted).toBe(false)
    watch.bookmark(41)
    expect(watch.isAborted).toBe(true)
    bench.next('probe').page(41, [])
    bench.next('list')
    expect(bench.log.join()).not.toContain('bookmark')
  })

  test('a watch that gives only repeats has said nothing', () => {
    const bench = watching()
    for (let i = 0; i < 2; i++) {
      const watch = bench.next('watch').headers()
      bench.advance(5_000)
      watch.event('MODIFIED', 'a', 40).end()
    }
    bench.next('probe')
  })
})

describe('a restored etcd', () => {
  test('shows in the end bookmark of a stream', () => {
    const bench = watching()
    bench.next('watch').fail(errors.expired)
    bench.next('stream').headers().event('ADDED', 'a', 30).bookmark(50, true)
    expect(bench.news().slice(-5)).toEqual([
      'list abort',
      'sync ended',
      'state relisting',
      'permit?',
      expect.stringMatching('state relisting'),
    ])
    bench.next('list').page(51, ['a@30'])
    expect(bench.news()).toContain('list start, reset')
    expect(version(bench.next('watch'))).toBe('51')
  })

  test('shows in the first page of a list', () => {
    const bench = watching()
    bench.next('watch').fail(errors.expired)
    bench.next('stream').fail(errors.refusedStream)
    bench.next('list').page(50, ['a@30'], 'token')
    expect(bench.news()).toContain('list abort')
    const list = bench.next('list')
    expect(list.query['continue']).toBeUndefined()
    list.page(51, ['a@30'])
    expect(bench.news()).toContain('list start, reset')
  })

  test('shows below what a list told that broke off', () => {
    const bench = new Bench().start()
    bench.next('stream').headers().event('ADDED', 'a', 200).fail(errors.connection)
    bench.wait()
    bench.next('stream').headers().event('ADDED', 'a', 60).bookmark(150, true)
    bench.next('list').page(151, ['a@60'])
    expect(bench.log).toContain('list start, reset')
  })

  test('shows below what a watch before this one told', () => {
    const bench = new Bench({ spec: { knownVersion: '200' } }).start()
    bench.next('stream').headers().bookmark(150, true)
    bench.next('list').page(151, [])
    expect(bench.log).toContain('list start, reset')
  })

  test('is not seen in a list whose pages span versions', () => {
    const bench = new Bench().start()
    bench.next('stream').fail(errors.refusedStream)
    bench.next('list').page(50, ['a'], 'token')
    bench.next('list').fail(errors.expiredWithToken)
    bench.next('list').page(90, ['b@90'])
    expect(version(bench.next('watch'))).toBe('50')
    expect(bench.log.join()).not.toContain('reset')
  })

  test('is declared once, also if its list breaks off or expires', () => {
    const bench = watching()
    bench.next('watch').fail(errors.expired)
    bench.next('stream').headers().bookmark(50, true)
    bench.next('list').page(51, ['a@30'], 'token')
    bench.next('list').fail(errors.expired)
    const unpaged = bench.next('list')
    expect(unpaged.query).toEqual({ resourceVersion: '' })
    unpaged.headers().fail(errors.connection)
    bench.wait()
    bench.next('list').page(52, ['a@30'])
    const watch = bench.next('watch').headers()
    watch.event('ADDED', 'b', 53)
    expect(bench.log.filter((line) => line === 'list start, reset')).toHaveLength(3)
    bench.driver.relist()
    bench.next('stream').headers().bookmark(60, true)
    expect(bench.log).toContain('list end 60')
    expect(bench.log.filter((line) => line === 'list start, reset')).toHaveLength(3)
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
