import { describe, expect, test } from 'vitest'
import { KubeInformerError } from '../../src/errors.ts'
import { toWireError } from '../../src/protocol/error-wire.ts'
import { Bench } from './driver-support.ts'
import { errors } from './samples.ts'

const material = { server: 'http://test', headers: { authorization: 'Bearer fresh' } }

function watching(options: ConstructorParameters<typeof Bench>[0] = {}): Bench {
  const bench = new Bench({ ...options, spec: { resumeVersion: '100' } })
  bench.runtime.random = () => 0
  return bench.start()
}

const states = (bench: Bench): string[] => bench.news().filter((line) => line.startsWith('state'))

describe('backoff', () => {
  test('doubles from 0.8 s to at most 30 s, and says how often it tried', () => {
    const bench = watching()
    const waits = []
    for (let i = 0; i < 8; i++) {
      bench.next('watch').fail(errors.connection)
      waits.push(bench.wait())
    }
    expect(waits).toEqual([800, 1600, 3200, 6400, 12_800, 22_500, 22_500, 22_500])
    expect(states(bench)).toEqual([
      'state connecting',
      ...[1, 2, 3, 4, 5, 6, 7, 8].map((attempt) => `state retrying ERR_CONNECTION #${attempt}`),
    ])
  })

  test('has jitter: up to twice as long', () => {
    const bench = watching()
    bench.runtime.random = () => 0.999
    bench.next('watch').fail(errors.connection)
    expect(bench.wait()).toBeCloseTo(1599.2)
    for (let i = 0; i < 8; i++) {
      bench.next('watch').fail(errors.connection)
      expect(bench.wait()).toBeLessThanOrEqual(30_000)
    }
  })

  test('goes on growing through healths that do not last', () => {
    const bench = watching()
    for (let i = 0; i < 3; i++) {
      bench
        .next('watch')
        .headers()
        .event('ADDED', 'a', 101 + i)
      bench.advance(60_000)
      bench.transport.requests.at(-1)?.fail(errors.connection)
      expect(bench.wait()).toBe(800 * 2 ** i)
    }
    expect(bench.news()).toContain('state watching')
  })

  test('begins anew after two minutes of health', () => {
    const bench = watching()
    for (let i = 0; i < 5; i++) {
      bench.next('watch').fail(errors.connection)
      bench.wait()
    }
    const watch = bench.next('watch').headers().event('ADDED', 'a', 101)
    for (let i = 0; i < 2; i++) bench.advance(60_000) && watch.bookmark(102 + i)
    watch.fail(errors.connection)
    expect(bench.wait()).toBe(800)
    expect(bench.log.at(-1)).toBe('state retrying ERR_CONNECTION #1')
  })

  test('headers alone are no health', () => {
    const bench = watching()
    for (let i = 0; i < 4; i++) {
      bench.next('watch').headers().fail(errors.connection)
      expect(bench.wait()).toBe(800 * 2 ** i)
    }
  })

  test.each([
    ['sooner than the backoff', 100, 800],
    ['later than it', 7_000, 7_000],
    ['absurdly later', 1e12, 300_000],
  ])('honours Retry-After: %s', (_what, retryAfterMs, expected) => {
    const bench = watching()
    bench.next('watch').fail(new KubeInformerError('ERR_THROTTLED', 'x', { facts: { retryAfterMs } }))
    expect(bench.wait()).toBe(expected)
    bench.next('watch')
  })

  test('honours it in an ERROR event, too, and resumes', () => {
    const bench = watching()
    const status = { details: { retryAfterSeconds: 9 } }
    bench.next('watch').headers().event('ADDED', 'a', 101).error(429, 'TooManyRequests', status)
    expect(bench.wait()).toBe(9_000)
    expect(bench.next('watch').query['resourceVersion']).toBe('101')
  })
})

describe('401', () => {
  test('asks for fresh credentials once, at once, and goes on with them at once', () => {
    const bench = watching()
    bench.news()
    bench.next('watch').fail(errors.unauthorized)
    expect(bench.news()).toEqual(['state retrying ERR_UNAUTHORIZED #1', 'credentials?'])
    bench.advance(30_000)
    expect(bench.hasNext).toBe(false)
    bench.driver.connectionReady(material)
    expect(bench.transport.materials).toEqual([material])
    bench.next('watch').headers()
    expect(bench.news()).toEqual(['watch from 100', 'state watching'])
  })

  test('if the fresh ones are no better: backs off, then asks again', () => {
    const bench = watching()
    bench.next('watch').fail(errors.unauthorized)
    bench.driver.connectionReady(material)
    bench.news()
    bench.next('watch').fail(errors.unauthorized)
    expect(bench.news()).toEqual(['state retrying ERR_UNAUTHORIZED #1'])
    bench.wait()
    bench.next('watch').fail(errors.unauthorized)
    expect(bench.news()).toEqual(['state retrying ERR_UNAUTHORIZED #2', 'credentials?'])
  })

  test('credentials that were good once are asked for again at once when they expire', () => {
    const bench = watching()
    for (let i = 0; i < 3; i++) {
      bench.next('watch').fail(errors.unauthorized)
      bench.driver.connectionReady(material)
      const watch = bench
        .next('watch')
        .headers()
        .event('ADDED', 'a', 101 + i)
      bench.advance(5_000)
      watch.end()
    }
    expect(bench.log.filter((line) => line.startsWith('credentials?'))).toHaveLength(3)
  })

  test('if there are none: backs off, visibly', () => {
    const bench = watching()
    bench.next('watch').fail(errors.unauthorized)
    bench.driver.connectionFailed(toWireError(new KubeInformerError('ERR_CREDENTIALS', 'no token file')))
    expect(states(bench).at(-1)).toBe('state retrying ERR_CREDENTIALS #1')
    bench.wait()
    bench.next('watch')
  })

  test('if nobody answers: does not wait for ever', () => {
    const bench = watching()
    bench.next('watch').fail(errors.unauthorized)
    bench.wait()
    expect(states(bench).at(-1)).toBe('state retrying ERR_CREDENTIALS #1')
    bench.next('watch')
    // The late answer is taken, and disturbs nothing.
    bench.driver.connectionReady(material)
    expect(bench.hasNext).toBe(false)
    expect(bench.transport.materials).toEqual([material])
  })

  test('in a list: the page is asked for again', () => {
    const bench = new Bench().start()
    bench.next('stream').fail(errors.refusedStream)
    bench.next('list').page(50, ['a'], 'token')
    bench.next('list').fail(errors.unauthorized)
    bench.driver.connectionReady(material)
    expect(bench.next('list').query['continue']).toBe('token')
    expect(bench.log).not.toContain('list abort')
  })
})

describe('403', () => {
  test('is visible, and asked again slowly', () => {
    const bench = new Bench()
    bench.runtime.random = () => 0.5
    bench.start()
    bench.next('stream').fail(errors.forbidden)
    expect(bench.news().slice(-2)).toEqual(['sync ended', 'state forbidden ERR_FORBIDDEN #1'])
    expect(bench.wait()).toBe(26_250)
    bench.next('stream').fail(errors.forbidden)
    expect(bench.wait()).toBe(26_250)
    bench.next('stream').headers().event('ADDED', 'a', 4).bookmark(5, true)
    expect(bench.news()).toContain('state watching')
  })

  test('of a watch that ran leaves what is known', () => {
    const bench = watching()
    bench.next('watch').fail(errors.forbidden)
    expect(bench.log.join()).not.toContain('list')
    bench.wait()
    expect(bench.next('watch').query['resourceVersion']).toBe('100')
  })
})

describe('404', () => {
  test('of what never was there is absent, and asked again slowly', () => {
    const bench = new Bench()
    bench.runtime.random = () => 0
    bench.start()
    bench.next('stream').fail(errors.notFound)
    expect(bench.news().at(-1)).toBe('state absent ERR_NOT_FOUND #1')
    expect(bench.wait()).toBe(22_500)
    bench.next('stream').fail(errors.notFound)
    expect(bench.log.join()).not.toContain('list start')
  })

  test('for 30 s after success: its objects are gone', () => {
    const bench = watching()
    bench.next('watch').headers().event('ADDED', 'a', 101)
    bench.advance(5_000)
    bench.transport.requests.at(-1)?.end()
    bench.news()
    const start = bench.runtime.nowMs()
    bench.next('watch').fail(errors.notFound)
    expect(bench.news()).toEqual(['state retrying ERR_NOT_FOUND #1'])
    while (!bench.log.includes('list end 101')) {
      bench.wait()
      expect(bench.log.join()).not.toContain('list start')
      bench.next('watch').fail(errors.notFound)
    }
    expect(bench.runtime.nowMs() - start).toBeGreaterThanOrEqual(30_000)
    expect(bench.news().slice(-3)).toEqual([
      'list start',
      'list end 101',
      expect.stringMatching('state absent ERR_NOT_FOUND'),
    ])
    // Once. When it is back, it is listed.
    expect(bench.wait()).toBe(22_500)
    bench.next('stream').fail(errors.notFound)
    bench.wait()
    expect(bench.log.join().match(/list start/g)).toHaveLength(1)
    bench.next('stream').headers().event('ADDED', 'b', 300).bookmark(301, true)
    expect(bench.news()).toContain('list end 301')
  })

  test('for less than 30 s: the watch goes on', () => {
    const bench = watching()
    for (let i = 0; i < 4; i++) {
      bench.next('watch').fail(errors.notFound)
      bench.wait()
    }
    bench.next('watch').headers()
    bench.advance(60_000)
    bench.transport.requests.at(-1)?.end()
    bench.next('watch').fail(errors.notFound)
    bench.wait()
    bench.next('watch').headers()
    expect(bench.log.join()).not.toContain('list')
  })

  test('with other faults between does not count as a time without it', () => {
    const bench = watching()
    for (let i = 0; i < 10; i++) {
      bench.next('watch').fail(i % 2 ? errors.notFound : errors.connection)
      bench.wait()
    }
    expect(bench.log.join()).not.toContain('list')
  })
})
