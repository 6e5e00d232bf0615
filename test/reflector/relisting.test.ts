import { describe, expect, test } from 'vitest'
import { Bench, opened, version, watching } from './driver-support.ts'
import { errors } from './samples.ts'

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
      expect.stringMatching(/^state relisting ERR_VERSION_/),
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

  test('an ERROR after progress is none of the three', () => {
    const bench = watching()
    bench.next('watch').headers().event('ADDED', 'a', 101).error(500, 'InternalError')
    for (let i = 0; i < 3; i++) {
      bench.wait()
      bench.next('watch').headers().error(500, 'InternalError')
    }
    bench.wait()
    bench.next('stream')
  })

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
