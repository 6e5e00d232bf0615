import { describe, expect, test } from 'vitest'
import { listText, object, paging } from './driver-support.ts'
import { errors } from './samples.ts'

describe('a list by pages', () => {
  test('asks page by page, then watches from the list', () => {
    const bench = paging({ timing: { pageSize: 2 } })
    const first = bench.next('list')
    expect(first.query).toEqual({ limit: '2', resourceVersion: '' })
    first.page(50, ['a@3', 'b@4'], 'token1')
    const second = bench.next('list')
    expect(second.query).toEqual({ limit: '2', continue: 'token1' })
    second.page(50, ['c@5'])
    const watch = bench.next('watch').headers()
    expect(watch.query).toMatchObject({ resourceVersion: '50', allowWatchBookmarks: 'true', watch: '1' })
    expect(bench.news()).toEqual([
      'list start',
      'type v1 Pod',
      'upsert a@3',
      'upsert b@4',
      'type v1 Pod',
      'upsert c@5',
      'list end 50',
      'sync ended',
      'watch from 50',
      'state watching',
    ])
  })

  test('a page with no items but a token is no end', () => {
    const bench = paging()
    bench.next('list').page(50, [], 'token1')
    bench.next('list').page(50, ['a'])
    expect(bench.news()).toContain('list end 50')
  })

  test('asks for the next page only while the queue is under half', () => {
    const bench = paging()
    bench.pressure = 'half'
    bench.next('list').page(50, ['a'], 'token1')
    bench.advance(3_600_000)
    expect(bench.hasNext).toBe(false)
    bench.pressure = 'open'
    bench.driver.queueDrained()
    bench.next('list')
  })

  test('stops reading inside a page when the queue is full', () => {
    const bench = paging()
    const body = listText(50, ['a', 'b'])
    const page = bench.next('list').headers()
    bench.pressure = 'full'
    page.data(body.slice(0, 100))
    expect(page.isPaused).toBe(true)
    expect(bench.news().at(-1)).toBe('state stalled')
    bench.advance(600_000)
    expect(page.isAborted).toBe(false)
    bench.pressure = 'half'
    bench.driver.queueDrained()
    bench.advance(1_000)
    expect(page.isPaused).toBe(true)
    bench.pressure = 'open'
    bench.driver.queueDrained()
    expect(page.isPaused).toBe(false)
    expect(bench.news()).toEqual(['state syncing'])
    page.data(body.slice(100)).end()
    expect(bench.news()).toContain('list end 50')
  })

  test('410 on a page: goes on with the fresh token, and watches from the lowest version', () => {
    const bench = paging()
    bench.next('list').page(50, ['a'], 'token1')
    bench.next('list').fail(errors.expiredWithToken)
    const second = bench.next('list')
    expect(second.query).toEqual({ limit: '500', continue: 'fresh' })
    second.page(70, ['b'])
    expect(bench.next('watch').query['resourceVersion']).toBe('50')
    // What the second page did not hold was not there at 70, which an etcd restored to less knows nothing of.
    expect(bench.news()).toContain('list end 50, known 70')
  })

  test('if the lowest version is too old to watch from, one unpaged list', () => {
    const bench = paging()
    bench.next('list').page(50, ['a'], 'token1')
    bench.next('list').fail(errors.expiredWithToken)
    bench.next('list').page(70, ['b'])
    bench.next('watch').fail(errors.expired)
    const unpaged = bench.next('list')
    expect(unpaged.query).toEqual({ resourceVersion: '' })
    unpaged.page(80, ['a', 'b'])
    // And if that one is too old as well, there is a pause, and pages again.
    bench.next('watch').fail(errors.expired)
    expect(bench.hasNext).toBe(false)
    bench.wait()
    expect(bench.next('list').query).toEqual({ limit: '500', resourceVersion: '' })
  })

  test('410 on a page without a token: one unpaged list, and no tight loop after it', () => {
    const bench = paging()
    bench.next('list').page(50, ['a'], 'token1')
    bench.next('list').fail(errors.expired)
    expect(bench.news()).toContain('list abort')
    const unpaged = bench.next('list')
    expect(unpaged.query).toEqual({ resourceVersion: '' })
    unpaged.fail(errors.expired)
    expect(bench.hasNext).toBe(false)
    bench.wait()
    expect(bench.next('list').query).toEqual({ limit: '500', resourceVersion: '' })
  })

  test('a server that answers every page with 410 and a token is not asked at full speed', () => {
    const bench = paging()
    bench.next('list').page(50, ['a'], 'token1')
    let requests = 0
    const until = bench.runtime.nowMs() + 60_000
    while (bench.runtime.nowMs() < until) {
      if (bench.hasNext) {
        requests++
        bench.next('list').fail(errors.expiredWithToken)
      } else bench.advance(100)
    }
    expect(requests).toBeLessThan(20)
  })

  test('a page that fails is asked for again; the list is not begun anew', () => {
    const bench = paging()
    bench.next('list').page(50, ['a'], 'token1')
    bench.news()
    bench.next('list').fail(errors.throttled)
    expect(bench.news()).toEqual(['state retrying ERR_THROTTLED #1'])
    bench.advance(6_900)
    expect(bench.hasNext).toBe(false)
    bench.advance(1_000)
    const again = bench.next('list')
    expect(again.query['continue']).toBe('token1')
    // Cut in the middle: what it gave is given again.
    again
      .headers()
      .data(listText(50, ['b', 'c']).slice(0, 180))
      .fail(errors.connection)
    bench.wait()
    bench.next('list').page(50, ['b', 'c'])
    expect(bench.news()).toEqual([
      'state syncing ERR_THROTTLED #1',
      'type v1 Pod',
      'upsert b@50',
      'state retrying ERR_CONNECTION #2',
      'state syncing ERR_CONNECTION #2',
      'type v1 Pod',
      'upsert b@50',
      'upsert c@50',
      'list end 50',
      'sync ended',
    ])
  })

  test('each page has its own patience', () => {
    const bench = paging()
    bench.next('list').page(50, ['a'], 'token0')
    for (let page = 1; page <= 4; page++) {
      for (const error of [errors.internal, errors.expiredWithToken, errors.connection]) {
        bench.next('list').fail(error)
        if (!bench.hasNext) bench.wait()
      }
      bench.next('list').page(50, [`b${page}`], `token${page}`)
    }
    bench.next('list').page(50, ['c'])
    expect(bench.log).not.toContain('list abort')
    expect(bench.log).toContain('list end 50')
  })

  test('a page that fails again and again is given up with its list', () => {
    const bench = paging()
    bench.next('list').page(50, ['a'], 'token1')
    let failures = 0
    while (!bench.log.includes('list abort')) {
      bench.next('list').fail(errors.internal)
      failures++
      bench.wait()
    }
    expect(failures).toBe(6)
    expect(bench.next('list').query['continue']).toBeUndefined()
  })

  test.each([
    ['HTML', '<html></html>', 'ERR_UNEXPECTED_BODY'],
    ['a Status', '{"kind":"Status","code":500,"reason":"InternalError"}', 'ERR_API_STATUS'],
    ['cut', listText(5, ['a']).slice(0, -5), 'ERR_STREAM_ENDED'],
  ])('a body that is %s is a fault; no list ends', (_what, body, code) => {
    const bench = paging()
    bench.next('list').headers().data(body)
    if (!bench.driver.state.name.startsWith('backoff')) bench.transport.requests.at(-1)?.end()
    expect(bench.news().filter((line) => line.startsWith('state retrying'))).toEqual([
      `state retrying ${code} #1`,
    ])
    expect(bench.log.join()).not.toContain('list end')
    bench.wait()
    bench.next('list')
  })

  test('a body without a byte for 70 s is given up, one that drips is not', () => {
    const bench = paging()
    const page = bench.next('list').headers()
    for (const byte of '{"kind":') page.data(byte) && bench.advance(69_000)
    expect(page.isAborted).toBe(false)
    bench.advance(2_000)
    expect(page.isAborted).toBe(true)
    expect(bench.news()).toContain('state retrying ERR_SILENT_CONNECTION #1')
  })

  test('an item above its bound is named, and the list ends all the same', () => {
    const bench = paging()
    const long = object('long', 4).replace('}}', `},"x":"${'y'.repeat(5000)}"}`)
    const body = listText(50, ['a']).replace('"items":[', `"items":[${long},`)
    bench.next('list').headers().data(body).end()
    expect(bench.news()).toEqual([
      'list start',
      'type v1 Pod',
      `refused ERR_FRAME_TOO_LARGE n/long ${long.length}`,
      'upsert a@50',
      'list end 50',
      'sync ended',
    ])
  })

  test('items that carry their own types are not given others', () => {
    const bench = paging()
    const body = `{"apiVersion":"g/v1","items":[${object('a', 4)}],"kind":"ThingList","metadata":{"resourceVersion":"5"}}`
    bench.next('list').headers().data(body).end()
    expect(bench.news()).toEqual(['list start', 'upsert a@4', 'list end 5', 'sync ended'])
  })
})
