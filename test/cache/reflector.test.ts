import { describe, expect, test } from 'vitest'
import { DeltaFIFO, Reflector } from '../../src/index.ts'
import { type Thing, thing } from './cache-support.ts'
import { ReflectorBench } from './reflector-support.ts'

const httpError = (code: number, more: object = {}): Error =>
  Object.assign(new Error(`status ${code}`), { code, ...more })

describe('Reflector: lists', () => {
  test('lists as of now, gives the store all at once, and watches from there', async () => {
    const bench = new ReflectorBench()
    const list = await bench.next('list')
    expect(list.options).toEqual({ resourceVersion: '', limit: 500 })
    list.page('10', [thing('a', 3), thing('b', 7)])
    const watch = await bench.next('watch')
    expect(watch.options).toEqual({
      resourceVersion: '10',
      allowWatchBookmarks: true,
      timeoutSeconds: expect.toSatisfy((seconds: number) => seconds >= 300 && seconds <= 600),
    })
    expect([bench.news(), bench.version]).toEqual([['replace a@3 b@7 at 10'], '10'])
  })

  test('reads page after page with nothing but the token', async () => {
    const bench = new ReflectorBench({ timing: { pageSize: 2 } })
    ;(await bench.next('list')).page('10', [thing('a'), thing('b')], 'more')
    const second = await bench.next('list')
    expect([second.options, bench.news(), bench.version]).toEqual([
      { limit: 2, continue: 'more', _continue: 'more' },
      [],
      '',
    ])
    second.page('10', [thing('c')])
    expect((await bench.next('watch')).options.resourceVersion).toBe('10')
    expect(bench.news()).toEqual(['replace a@1 b@1 c@1 at 10'])
  })

  test("reads the token of client-node's lists, too", async () => {
    const bench = new ReflectorBench()
    const metadata = { resourceVersion: '10', _continue: 'more' }
    ;(await bench.next('list')).answer.resolve({ metadata, items: [thing('a')] })
    expect((await bench.next('list')).options.continue).toBe('more')
  })

  test('goes on after an expired page with one unpaged list, whatever token it is offered', async () => {
    const bench = new ReflectorBench()
    ;(await bench.next('list')).page('10', [thing('a')], 'more')
    const expired = { kind: 'Status', code: 410, reason: 'Expired', metadata: { continue: 'fresh' } }
    ;(await bench.next('list')).fail(httpError(410, { body: JSON.stringify(expired) }))
    const unpaged = await bench.next('list')
    expect(unpaged.options).toEqual({ resourceVersion: '' })
    unpaged.page('20', [thing('b')])
    await bench.next('watch')
    expect(bench.news()).toEqual(['error ERR_VERSION_EXPIRED', 'replace b@1 at 20'])
  })

  test('tries a failing list again for ever, with pauses that grow', async () => {
    const bench = new ReflectorBench()
    const waits: number[] = []
    for (let i = 0; i < 8; i++) {
      ;(await bench.next('list')).fail(new Error('no'))
      waits.push(await bench.wait())
    }
    expect(waits).toEqual([800, 1600, 3200, 6400, 12800, 22500, 22500, 22500])
    expect(bench.news()).toEqual(Array(8).fill('error ERR_SOURCE_FAILED'))
  })

  test('waits for a list that takes longer than a connection may be silent, and for none for ever', async () => {
    const bench = new ReflectorBench({ timing: { silenceMs: 1_000, watchListTotalMs: 60_000 } })
    const slow = await bench.next('list')
    await bench.clock.advance(59_000)
    slow.page('10', [thing('a')], 'more')
    const page = await bench.next('list')
    expect([slow.signal.aborted, bench.news(), bench.reflector.stats().lists]).toEqual([false, [], 1])
    await bench.clock.advance(60_000)
    expect([page.signal.aborted, bench.news()]).toEqual([true, ['error ERR_SILENT_CONNECTION']])
    page.page('10', [thing('late')])
    expect(await bench.wait()).toBe(800)
    ;(await bench.next('list')).page('10', [thing('b')])
    await bench.next('watch')
    expect(bench.news()).toEqual(['replace a@1 b@1 at 10'])
  })

  test('waits as long as it is asked to', async () => {
    const bench = new ReflectorBench()
    ;(await bench.next('list')).fail(httpError(429, { headers: { 'retry-after': '7' } }))
    expect([await bench.wait(), bench.news()]).toEqual([7000, ['error ERR_THROTTLED']])
  })

  test('tries once more at once when it is not authorised, and rarely when it may not', async () => {
    const bench = new ReflectorBench()
    ;(await bench.next('list')).fail(httpError(401))
    ;(await bench.next('list')).fail(httpError(401))
    expect(await bench.wait()).toBe(800)
    ;(await bench.next('list')).fail(Object.assign(new Error('no'), { statusCode: 403 }))
    expect(await bench.wait()).toBe(22500)
    expect(bench.news()).toEqual(['error ERR_UNAUTHORIZED', 'error ERR_UNAUTHORIZED', 'error ERR_FORBIDDEN'])
  })

  test.each([
    ['a Table', { kind: 'Table', metadata: { resourceVersion: '1' }, items: [] }],
    ['no version', { metadata: {}, items: [] }],
    ['no array', { metadata: { resourceVersion: '1' }, items: 'text' }],
    ['nothing', undefined],
  ])('refuses %s for a list', async (_what, list) => {
    const bench = new ReflectorBench()
    ;(await bench.next('list')).answer.resolve(list as never)
    expect([await bench.wait(), bench.news()]).toEqual([800, ['error ERR_UNEXPECTED_BODY']])
    await bench.next('list')
  })

  test('refuses a token that leads to the same page for ever', async () => {
    const bench = new ReflectorBench()
    ;(await bench.next('list')).page('10', [], 'more')
    ;(await bench.next('list')).page('10', [], 'more')
    expect([await bench.wait(), bench.news()]).toEqual([800, ['error ERR_UNEXPECTED_BODY']])
  })

  test('leaves out what is no object, and keeps the rest', async () => {
    const bench = new ReflectorBench()
    const nameless = { metadata: { resourceVersion: '1' } } as Thing
    const list = await bench.next('list')
    list.page('10', [nameless, thing('a'), null as never, { metadata: { name: 'b' } } as Thing])
    await bench.next('watch')
    expect(bench.news()).toEqual([...Array(3).fill('error ERR_OBJECT_IDENTITY'), 'replace a@1 at 10'])
  })

  test('takes an empty list of null items, and functions that answer at once or throw', async () => {
    const answers = [
      () => {
        throw new Error('at once')
      },
      () => ({ metadata: { resourceVersion: '5' }, items: null }),
    ]
    const log: string[] = []
    const stop = new AbortController()
    const running = new Reflector<Thing>({
      listerWatcher: {
        list: () => (answers.shift() as () => never)(),
        watch: async () => {
          stop.abort()
          return (async function* () {})()
        },
      },
      store: {
        add: () => {},
        update: () => {},
        delete: () => {},
        replace: (objects, version) => log.push(`${objects.length} at ${version}`),
      },
      onError: (error) => log.push((error as Error).message),
      timing: { backoffBaseMs: 1 },
    }).run({ signal: stop.signal })
    await running
    expect(log).toEqual(['list() failed: at once', '0 at 5'])
  })
})

describe('Reflector: stops', () => {
  test('resolves, ends the watch, and calls nobody from then on', async () => {
    const bench = new ReflectorBench({ resyncPeriodMs: 1000 })
    const watch = await bench.listed('10')
    watch.event('ADDED', thing('a', 11))
    await bench.clock.settle()
    bench.news()
    watch.event('ADDED', thing('b', 12))
    bench.stopped.abort()
    await bench.running
    watch.event('ADDED', thing('c', 13))
    await bench.clock.advance(3_600_000)
    expect([bench.news(), bench.source.hasNext, bench.clock.timerCount]).toEqual([[], false, 0])
    expect([watch.signal.aborted, watch.isReturned]).toEqual([true, true])
    expect([bench.version, bench.reflector.stats().state]).toEqual(['11', 'stopped'])
  })

  test('while it lists, while it waits, and before it has begun', async () => {
    const listing = new ReflectorBench()
    const list = await listing.next('list')
    listing.stopped.abort()
    await listing.running
    list.page('10', [thing('a')])
    const waiting = new ReflectorBench()
    ;(await waiting.next('list')).fail(new Error('no'))
    await waiting.clock.settle()
    waiting.stopped.abort()
    await waiting.running
    expect(waiting.news()).toEqual(['error ERR_SOURCE_FAILED'])
    for (const bench of [listing, waiting]) {
      await bench.clock.advance(3_600_000)
      expect([bench.news(), bench.source.hasNext, bench.clock.timerCount]).toEqual([[], false, 0])
    }
    const early = new Reflector<Thing>({ listerWatcher: listing.source, store: new DeltaFIFO<Thing>() })
    await early.run({ signal: AbortSignal.abort() })
    expect(listing.source.hasNext).toBe(false)
  })

  test('gives back a watch that it got too late', async () => {
    const bench = new ReflectorBench()
    const watch = Promise.withResolvers<AsyncIterable<never>>()
    bench.source.watch = () => watch.promise as never
    ;(await bench.next('list')).page('10', [])
    await bench.clock.settle()
    bench.stopped.abort()
    await bench.running
    let isReturned = false
    watch.resolve({
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.reject(new Error('nobody asks')),
        return: async () => {
          isReturned = true
          throw new Error('nobody hears')
        },
      }),
    })
    await bench.clock.settle()
    expect(isReturned).toBe(true)
  })

  test('may be stopped by the store and by the listener of errors', async () => {
    for (const line of ['replace a@1 at 10', 'add b@11', 'error ERR_OBJECT_IDENTITY', 'bookmark 12']) {
      const bench = new ReflectorBench()
      bench.log.push = (...lines: string[]) => {
        if (lines.includes(line)) bench.stopped.abort()
        return Array.prototype.push.apply(bench.log, lines)
      }
      const list = await bench.next('list')
      list.page('10', [thing('a')])
      await bench.clock.settle()
      if (bench.source.hasNext) {
        const watch = bench.source.next('watch')
        watch.event('ADDED', thing('b', 11))
        watch.event('ADDED', {} as Thing)
        watch.bookmark('12')
      }
      await bench.running
      expect(bench.log.at(-1)).toBe(line)
      expect(bench.clock.timerCount).toBe(0)
    }
  })

  test('runs once', async () => {
    const bench = new ReflectorBench()
    await expect(bench.reflector.run()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    bench.stopped.abort()
    await bench.running
    await expect(bench.reflector.run()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })
})
