import { describe, expect, test } from 'vitest'
import { thing } from './cache-support.ts'
import { ReflectorBench } from './reflector-support.ts'

const httpError = (code: number): Error => Object.assign(new Error(`status ${code}`), { code })

describe('Reflector: watches', () => {
  test('tells the store of events as they come, and keeps the version up to date', async () => {
    const bench = new ReflectorBench()
    const watch = await bench.listed('10')
    watch.event('ADDED', thing('a', 11))
    watch.event('MODIFIED', thing('a', 12))
    watch.event('DELETED', thing('a', 13))
    expect([await bench.settledNews(), bench.version]).toEqual([
      ['add a@11', 'update a@12', 'delete a@13'],
      '13',
    ])
    watch.bookmark('20')
    expect([await bench.settledNews(), bench.version]).toEqual([['bookmark 20'], '20'])
  })

  test('watches on at once from the last version when a watch ends, without a list', async () => {
    const bench = new ReflectorBench()
    const watch = await bench.listed('10')
    watch.event('ADDED', thing('a', 11))
    await bench.clock.advance(2_000)
    watch.end()
    const again = await bench.next('watch')
    expect(again.options.resourceVersion).toBe('11')
    expect(bench.reflector.stats()).toEqual({
      state: 'watching',
      hasSynced: true,
      lists: 1,
      relists: 0,
      watches: 2,
      reconnects: 1,
      bookmarks: 0,
      failed: 0,
      lastError: undefined,
    })
  })

  test('waits before it opens again what ended as soon as it was opened', async () => {
    const bench = new ReflectorBench()
    const watch = await bench.listed('10')
    watch.end()
    expect([await bench.wait(), bench.news()]).toEqual([800, ['error ERR_STREAM_ENDED']])
    expect((await bench.next('watch')).options.resourceVersion).toBe('10')
  })

  test('lists anew, at once, when its version has expired; with a pause if that happens again', async () => {
    const bench = new ReflectorBench()
    const watch = await bench.listed('10')
    watch.event('ADDED', thing('a', 11))
    watch.error(410, 'Expired')
    const relist = await bench.next('list')
    expect(relist.options).toEqual({ resourceVersion: '', limit: 500 })
    relist.page('20', [thing('a', 15)])
    const again = await bench.next('watch')
    expect(bench.news()).toEqual(['add a@11', 'error ERR_VERSION_EXPIRED', 'replace a@15 at 20'])
    again.fail(httpError(410))
    // From pages, whose versions may differ: one that is whole.
    expect((await bench.next('list')).options).toEqual({ resourceVersion: '' })
  })

  test('watches again after a pause when it was refused, without a list', async () => {
    for (const error of [httpError(429), httpError(500), new Error('ECONNREFUSED')]) {
      const bench = new ReflectorBench()
      ;(await bench.listed('10')).fail(error)
      expect(await bench.wait()).toBe(800)
      expect((await bench.next('watch')).options.resourceVersion).toBe('10')
    }
  })

  test('goes on after an ERROR event; lists anew after three in a row', async () => {
    const bench = new ReflectorBench()
    ;(await bench.listed('10')).error(500, 'InternalError')
    await bench.wait()
    ;(await bench.next('watch')).error(500, 'InternalError')
    await bench.wait()
    ;(await bench.next('watch')).error(500, 'InternalError')
    await bench.wait()
    await bench.next('list')
    expect(bench.news()).toEqual(Array(3).fill('error ERR_API_STATUS'))
  })

  test('opens a silent watch anew, and looks at the version after two of them', async () => {
    const bench = new ReflectorBench()
    const watch = await bench.listed('10')
    expect(await bench.wait()).toBe(70_000)
    expect(watch.signal.aborted).toBe(true)
    await bench.next('watch')
    expect(await bench.wait()).toBe(70_000)
    const look = await bench.next('list')
    expect(look.options).toEqual({ resourceVersion: '', limit: 1 })
    look.page('10', [thing('a', 9)], 'more')
    await bench.next('watch')
    expect(bench.news()).toEqual([])
  })

  test('takes a source that went back in time for another one: lists, and compares with nothing of before', async () => {
    const bench = new ReflectorBench()
    await bench.listed('10')
    await bench.wait()
    await bench.next('watch')
    await bench.wait()
    ;(await bench.next('list')).page('4', [])
    ;(await bench.next('list')).page('4', [thing('a', 3)])
    expect((await bench.next('watch')).options.resourceVersion).toBe('4')
    expect([bench.news(), bench.version]).toEqual([['error ERR_SILENT_CONNECTION', 'replace a@3 at 4'], '4'])
  })

  test('empties the store of a resource that is gone for long', async () => {
    const bench = new ReflectorBench()
    ;(await bench.listed('10', [thing('a')])).fail(httpError(404))
    const log: string[] = []
    for (let tries = 0; tries < 8 && !log.includes('replace  at 10'); tries++) {
      await bench.wait()
      ;(await bench.next('watch')).fail(httpError(404))
      log.push(...(await bench.settledNews()))
    }
    expect(log).toContain('replace  at 10')
    await bench.wait()
    await bench.next('list')
  })

  test('leaves out what is no event or no object: told, and the version stays', async () => {
    const bench = new ReflectorBench()
    const watch = await bench.listed('10')
    const refused: unknown[] = [
      undefined,
      { type: 'OTHER', object: thing('a', 11) },
      { type: 'ADDED' },
      { type: 'ADDED', object: { metadata: { resourceVersion: '12' } } },
      { type: 'MODIFIED', object: { metadata: { name: 'a' } } },
      { type: 'BOOKMARK', object: {} },
    ]
    for (const event of refused) watch.push(event as never)
    const codes = [
      'UNEXPECTED_BODY',
      'UNEXPECTED_BODY',
      ...Array(3).fill('OBJECT_IDENTITY'),
      'UNEXPECTED_BODY',
    ]
    expect([await bench.settledNews(), bench.version]).toEqual([
      codes.map((code) => `error ERR_${code}`),
      '10',
    ])
    watch.event('ADDED', thing('b', 13))
    expect([await bench.settledNews(), bench.version]).toEqual([['add b@13'], '13'])
  })

  test('goes on when the store throws: that event is lost, the version is not', async () => {
    const bench = new ReflectorBench()
    const watch = await bench.listed('10')
    bench.storeError = new Error('full')
    watch.event('ADDED', thing('a', 11))
    watch.event('ADDED', thing('b', 12))
    expect([await bench.settledNews(), bench.version]).toEqual([['add a@11', 'error full', 'add b@12'], '12'])
  })

  test('lists again, after pauses, when the store does not take a list', async () => {
    const bench = new ReflectorBench()
    const waits: number[] = []
    for (let i = 0; i < 3; i++) {
      bench.storeError = new Error('no')
      const list = await bench.next('list')
      list.page('10', [thing('a')])
      await bench.next('watch')
      waits.push(await bench.wait())
    }
    ;(await bench.next('list')).page('10', [thing('a')])
    await bench.next('watch')
    expect([waits, bench.news()]).toEqual([
      [800, 1600, 3200],
      [...Array(3).fill(['replace a@1 at 10', 'error no']).flat(), 'replace a@1 at 10'],
    ])
    expect(await bench.wait()).toBe(70_000)
  })

  test('is not stopped by a listener of errors that throws', async () => {
    const bench = new ReflectorBench({
      onError: () => {
        throw new Error('not this one, too')
      },
    })
    ;(await bench.next('list')).fail(new Error('no'))
    expect(await bench.wait()).toBe(800)
  })

  test('reads no further while the store is full', async () => {
    const bench = new ReflectorBench()
    const watch = await bench.listed('10')
    await bench.clock.settle()
    bench.pressure = 'full'
    for (const version of [11, 12, 13]) watch.event('ADDED', thing('a', version))
    expect(await bench.settledNews()).toEqual(['add a@11'])
    const { pulls } = watch
    // Waiting for us is no silence of the source.
    await bench.clock.advance(200_000)
    bench.pressure = 'half'
    await bench.clock.advance(200_000)
    expect([bench.news(), watch.pulls, bench.reflector.stats().state]).toEqual([[], pulls, 'stalled'])
    bench.pressure = 'open'
    await bench.clock.advance(20)
    expect(bench.news()).toEqual(['add a@12', 'add a@13'])
    expect(bench.source.hasNext).toBe(false)
  })

  test('lets timers and I/O have their turn while events come without end', async () => {
    const bench = new ReflectorBench()
    const watch = await bench.listed('10')
    let version = 10
    const startMs = bench.clock.nowMs()
    // Every event is there before it is asked for, and takes a millisecond.
    bench.clock.nowMs = () => startMs + version
    bench.log.push = () => {
      if (version < 10_000) watch.event('ADDED', thing('a', ++version))
      return 0
    }
    watch.event('ADDED', thing('a', ++version))
    while (version === 11) await new Promise((resolve) => setImmediate(resolve))
    expect(version).toBeLessThan(100)
    bench.stopped.abort()
  })
})

describe('Reflector: resyncs', () => {
  test('the store, every period from the first list on, whatever the watches do', async () => {
    const bench = new ReflectorBench({ resyncPeriodMs: 30_000 })
    const list = await bench.next('list')
    await bench.clock.advance(45_000)
    expect(bench.news()).toEqual([])
    list.page('10', [])
    await bench.clock.settle()
    bench.news()
    await bench.clock.advance(29_999)
    expect(bench.news()).toEqual([])
    await bench.clock.advance(1)
    expect(bench.news()).toEqual(['resync'])
    await bench.clock.advance(90_000)
    expect(bench.news()).toEqual(['resync', 'resync', 'resync'])
    expect(bench.source.calls.filter(({ kind }) => kind === 'watch').length).toBeGreaterThan(1)
  })

  test('only if it should, and again after it threw', async () => {
    const answers: (() => boolean)[] = [
      () => false,
      () => {
        throw new Error('unsure')
      },
      () => true,
    ]
    const bench = new ReflectorBench({
      resyncPeriodMs: 1_000,
      shouldResync: () => (answers.shift() as () => boolean)(),
    })
    await bench.listed('10')
    await bench.clock.advance(3_000)
    expect(bench.news()).toEqual(['error unsure', 'resync'])
  })

  test('never, unless it is told to', async () => {
    const bench = new ReflectorBench()
    await bench.listed('10')
    await bench.clock.advance(600_000)
    expect(bench.news()).not.toContain('resync')
    for (const resyncPeriodMs of [-1, Number.NaN, 2 ** 31]) {
      expect(() => new ReflectorBench({ resyncPeriodMs })).toThrowError(
        expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
      )
    }
  })
})
