import { describe, expect, test } from 'vitest'
import { Bench, version } from './driver-support.ts'
import { errors } from './samples.ts'

const bench = (spec: object = {}): Bench => new Bench({ spec: { source: 'all', ...spec } }).start()

describe('a source that is no API server', () => {
  test('is never asked for a stream of initial events, however long it runs', () => {
    const own = bench()
    own.next('list').page(50, ['a'])
    for (let hour = 0; hour < 5; hour++) {
      own.advance(0)
      const watch = own.next('watch').headers()
      own.runtime.block(3_600_000)
      watch.error(410, 'Expired')
      own.wait()
      own.next('list').page(60 + hour, ['a'])
    }
  })

  test('that gives pages unasked is asked for the next one, not for the first one again', () => {
    const own = bench({ resumeVersion: undefined })
    own.next('list').page(50, ['a'], 'token')
    own.next('list').page(50, ['b'])
    // Pages whose version is gone are answered with a list without pages.
    own.next('watch').fail(errors.expired)
    const whole = own.next('list')
    expect(whole.query).toEqual({ resourceVersion: '' })
    whole.page(60, ['a'], 'more')
    const more = own.next('list')
    expect(more.query).toEqual({ limit: '500', continue: 'more' })
    more.page(60, ['b'])
    expect(version(own.next('watch'))).toBe('60')
    // It is the same again: not in a tight loop.
    own.transport.requests.at(-1)?.fail(errors.expired)
    expect(own.wait()).toBeGreaterThan(100)
  })

  test('may take long to say its version', () => {
    const own = bench({ resumeVersion: '100' })
    for (let silent = 0; silent < 2; silent++) {
      own.next('watch').headers()
      own.advance(71_000)
    }
    const probe = own.next('probe')
    for (let i = 0; i < 5; i++) {
      own.advance(60_000)
      probe.data('')
    }
    expect(probe.isAborted).toBe(false)
    probe.page(100, [])
    own.next('watch')
  })
})
