import { describe, expect, test } from 'vitest'
import { Bench, object, paging } from './driver-support.ts'
import { errors } from './samples.ts'

describe('a list by a stream', () => {
  test('asks for a consistent list and at least half an hour', () => {
    const bench = new Bench({
      spec: { labelSelector: 'a=b', fieldSelector: 'c=d', path: '/apis/g/v1/things' },
    })
    const { path, query } = bench.start().next('stream')
    expect(path).toBe('/apis/g/v1/things')
    const { timeoutSeconds, ...rest } = query
    expect(rest).toEqual({
      watch: '1',
      sendInitialEvents: 'true',
      resourceVersionMatch: 'NotOlderThan',
      resourceVersion: '',
      allowWatchBookmarks: 'true',
      labelSelector: 'a=b',
      fieldSelector: 'c=d',
    })
    expect(Number(timeoutSeconds)).toBeGreaterThanOrEqual(1800)
  })

  test('ends at the end bookmark, and goes on live on the same stream', () => {
    const bench = new Bench().start()
    const stream = bench.next('stream').headers()
    stream.event('ADDED', 'b', 7).event('ADDED', 'a', 3)
    // Deleted before the end of the list, and a bookmark that is not its end.
    stream.event('DELETED', 'b', 8).event('MODIFIED', 'a', 9).bookmark(9)
    stream.bookmark(10, true)
    stream.event('MODIFIED', 'a', 11).bookmark(12)
    expect(bench.news()).toEqual([
      'state connecting',
      'state waiting',
      'permit?',
      'state syncing',
      'list start',
      'upsert b@7',
      'upsert a@3',
      'deleted b@8',
      'upsert a@9',
      'list end 10',
      'sync ended',
      'state watching',
      'upsert a@11',
      'bookmark 12',
    ])
    expect(bench.hasNext).toBe(false)
    expect(bench.driver.counters).toMatchObject({ lists: 1, watches: 1, relists: 0, bookmarks: 3 })
  })

  test('one chunk may hold the end of the list and live events', () => {
    const bench = new Bench().start()
    const stream = bench.next('stream').headers()
    bench.news()
    const end = '{"metadata":{"resourceVersion":"5","annotations":{"k8s.io/initial-events-end":"true"}}}'
    stream.data(
      `{"type":"ADDED","object":${object('a', 4)}}\n{"type":"BOOKMARK","object":${end}}\n{"type":"DELETED","object":${object('a', 6)}}\n`,
    )
    expect(bench.news()).toEqual(['upsert a@4', 'list end 5', 'sync ended', 'state watching', 'deleted a@6'])
    stream.end()
    bench.wait()
    expect(bench.next('watch').query['resourceVersion']).toBe('6')
  })

  test('waits for its permit', () => {
    const bench = new Bench({ permits: false }).start()
    expect(bench.news()).toEqual(['state connecting', 'state waiting', 'permit?'])
    bench.advance(600_000)
    expect(bench.hasNext).toBe(false)
    bench.driver.permitGranted()
    bench.next('stream')
  })

  test.each([
    ['the server does not know them', errors.refusedStream],
    ['the parameters are bad', errors.badRequest],
  ])('falls back to pages at once when %s', (_why, error) => {
    const bench = new Bench().start()
    bench.next('stream').fail(error)
    expect(bench.next('list').query).toEqual({ limit: '500', resourceVersion: '' })
    expect(bench.news()).toContain('sync ended')
  })

  test('falls back when nothing was added for 30 s, whatever else comes', () => {
    const bench = new Bench().start()
    const stream = bench.next('stream').headers()
    bench.advance(20_000)
    stream.event('ADDED', 'a', 3)
    for (let i = 0; i < 5; i++) {
      bench.advance(5_900)
      stream.event('MODIFIED', 'a', 4 + i).bookmark(5 + i)
    }
    expect(bench.hasNext).toBe(false)
    bench.advance(500)
    expect(stream.isAborted).toBe(true)
    bench.next('list')
    expect(bench.news()).toContain('list abort')
  })

  test('falls back after 10 min in all, however much is added', () => {
    const bench = new Bench().start()
    const stream = bench.next('stream').headers()
    for (let i = 0; i < 59; i++) stream.event('ADDED', `a${i}`, i + 1) && bench.advance(10_000)
    expect(bench.hasNext).toBe(false)
    bench.advance(10_000)
    expect(stream.isAborted).toBe(true)
    bench.next('list')
  })

  test('neither clock runs while the socket is not read', () => {
    const bench = new Bench().start()
    const stream = bench.next('stream').headers()
    bench.advance(29_000)
    bench.pressure = 'full'
    stream.event('ADDED', 'a', 3)
    expect(stream.isPaused).toBe(true)
    bench.advance(3_600_000)
    expect(stream.isAborted).toBe(false)
    bench.pressure = 'open'
    bench.advance(20)
    expect(stream.isPaused).toBe(false)
    // As much patience as there was before, and no more.
    bench.advance(29_000)
    expect(stream.isAborted).toBe(false)
    bench.advance(2_000)
    expect(stream.isAborted).toBe(true)
  })

  test('a list that ends while it is not read leaves no clock running', () => {
    const bench = new Bench().start()
    const stream = bench.next('stream').headers()
    bench.pressure = 'full'
    stream.event('ADDED', 'a', 3)
    // It was in memory when the socket was stopped.
    stream.bookmark(5, true)
    expect(bench.news().at(-1)).toBe('state stalled')
    bench.advance(600_000)
    expect(stream.isAborted).toBe(false)
    bench.pressure = 'open'
    bench.advance(20)
    expect(stream.isPaused).toBe(false)
    expect(bench.news().at(-1)).toBe('state watching')
  })

  test.each([
    ['ended', (bench: Bench) => bench.next('stream').headers().event('ADDED', 'a', 1).end()],
    ['broke', (bench: Bench) => bench.next('stream').headers().fail(errors.connection)],
    ['said an error', (bench: Bench) => bench.next('stream').headers().error(500, 'InternalError')],
    ['was refused', (bench: Bench) => bench.next('stream').fail(errors.internal)],
    ['was HTML', (bench: Bench) => bench.next('stream').headers().data('<html>\n')],
  ])('falls back when it %s twice before its end', (_what, spoil) => {
    const bench = new Bench().start()
    spoil(bench)
    bench.wait()
    spoil(bench)
    bench.wait()
    bench.next('list').page(5, ['a'])
    expect(bench.news().filter((line) => line.startsWith('list end'))).toEqual(['list end 5'])
  })

  test('falls back when it ended once because it was not read', () => {
    const bench = new Bench().start()
    const stream = bench.next('stream').headers()
    bench.pressure = 'full'
    stream.event('ADDED', 'a', 3)
    bench.pressure = 'open'
    bench.advance(100)
    stream.end()
    bench.wait()
    bench.next('list')
  })

  test('does not blame streams for a server that cannot be reached', () => {
    const bench = new Bench().start()
    for (let i = 0; i < 6; i++) {
      bench.next('stream').fail(errors.connection)
      bench.wait()
    }
    bench.next('stream')
  })

  test('tries again after half an hour', () => {
    const bench = paging()
    bench.next('list').page(5, ['a'])
    const watch = bench.next('watch').headers()
    for (let i = 0; i < 29; i++) watch.bookmark(6 + i) && bench.advance(60_000)
    bench.driver.relist()
    bench.next('list').page(50, ['a'])
    const second = bench.next('watch').headers()
    bench.advance(45_000)
    second.bookmark(51)
    bench.advance(45_000)
    bench.driver.relist()
    bench.next('stream')
  })
})
