import { describe, expect, test } from 'vitest'
import { Bench, type FakeRequest, opened, version, watching } from './driver-support.ts'
import { errors } from './samples.ts'

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

  test('so are bytes that never become an event', () => {
    const [bench, watch] = opened()
    for (let i = 0; i < 34; i++) {
      bench.advance(10_000)
      watch.data('\n')
    }
    expect(watch.isAborted).toBe(false)
    bench.advance(10_000)
    expect(watch.isAborted).toBe(true)
    expect(bench.news()).toContain('state retrying ERR_SILENT_CONNECTION #1')
    bench.wait()
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

  test('a version below what a watch before this one told does, too', () => {
    const bench = watching({ spec: { knownVersion: '200' } })
    twiceSilent(bench).page(150, ['a'])
    bench.next('list').headers()
    expect(bench.log).toContain('list start, reset')
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

  test.each([40, 100])('a watch that gives only what was given, at %i, has said nothing', (at) => {
    const bench = watching()
    for (let i = 0; i < 2; i++) {
      const watch = bench.next('watch').headers()
      bench.advance(5_000)
      watch.event('MODIFIED', 'a', at).end()
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
      expect.stringMatching('state relisting'),
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
