import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { KubeInformerError, ListerWatcher } from '../../src/index.ts'
import { type ConfigMap, sleep, threadCounts, until } from './contract-bed.ts'
import { SourceBed } from './source-bed.ts'

describe.each(threadCounts)('faults of functions of the user: objects, threads: $threads', ({ threads }) => {
  let bed: SourceBed

  beforeEach(() => {
    bed = new SourceBed(threads)
  })
  afterEach(() => bed.end())

  it('show why they do not come', async () => {
    bed.source.put('a')
    const informer = bed.informer({ timing: { backoffMaxMs: 40 } })
    const states: string[] = []
    informer.onStateChange(({ state, error }) => {
      if (error !== undefined) states.push(`${state} ${error.code} ${error.message}`)
    })
    const body = JSON.stringify({ kind: 'Status', code: 403, reason: 'Forbidden', message: 'not you' })
    bed.source.failures.push(
      { when: 'list', error: new Error('no route') },
      { when: 'list', error: Object.assign(new Error('HTTP-Code: 403 …'), { code: 403, body }) },
      { when: 'list', error: Object.assign(new Error('who?'), { code: 401 }) },
      { when: 'list', error: { statusCode: 404 } },
      { when: 'list', error: undefined },
      { when: 'list', error: Object.create(null) },
      {
        when: 'list',
        error: {
          get code() {
            throw new Error('even this')
          },
        },
      },
      { when: 'watch', error: Object.assign(new Error('slow down'), { code: 429 }) },
    )
    await bed.follow(informer)
    const told = states.filter((state) => !state.startsWith('waiting') && !state.startsWith('syncing'))
    expect([...new Set(told)]).toEqual([
      'retrying ERR_SOURCE_FAILED list() failed: no route',
      'forbidden ERR_FORBIDDEN the source answered 403 Forbidden not you',
      'retrying ERR_UNAUTHORIZED the source answered 401 who?',
      'retrying ERR_UNAUTHORIZED the source answered 401: its credentials are its own',
      'absent ERR_NOT_FOUND the source answered 404',
      'retrying ERR_SOURCE_FAILED list() failed',
      'retrying ERR_THROTTLED the source answered 429 slow down',
    ])
    await bed.settled(informer)
  })

  it('show why they did not come while they wait for their turn again', async () => {
    const factory = bed.factory({ maxConcurrentSyncs: 1 })
    const watch: ListerWatcher<ConfigMap>['watch'] = (options) => bed.source.watch(options)
    const failing = factory.forListerWatcher({
      name: 'failing',
      listerWatcher: { list: () => Promise.reject(new Error('no route')), watch },
    }).informer
    let isAsked = false
    const slow = factory.forListerWatcher({
      name: 'slow',
      listerWatcher: {
        list: () => {
          isAsked = true
          return new Promise<never>(() => {})
        },
        watch,
      },
    }).informer
    failing.start()
    await until(() => failing.state === 'retrying', 'it has failed')
    slow.start()
    await until(
      () => isAsked && failing.state === 'waiting',
      'the other has its turn, for as long as it likes',
    )
    const { code, message } = failing.lastError as KubeInformerError
    expect([code, failing.health().error]).toEqual(['ERR_SOURCE_FAILED', { code, message }])
    expect(message).toContain('no route')
    expect(failing.health().attempt).toBeGreaterThan(0)
  })

  it.each<[string, ListerWatcher<ConfigMap>['list']]>([
    [
      'throws at once',
      () => {
        throw new Error('at once')
      },
    ],
    ['gives nothing', (async () => undefined) as unknown as ListerWatcher<ConfigMap>['list']],
    ['gives no version', async () => ({ metadata: {}, items: [] })],
    ['gives no array', async () => ({ metadata: { resourceVersion: '1' }, items: 5 as unknown as [] })],
    [
      'gives a kind that is none',
      async () => ({
        apiVersion: 'v1',
        kind: `${'x'.repeat(512)}List`,
        metadata: { resourceVersion: '1' },
        items: [],
      }),
    ],
    ['ignores continue', async () => ({ metadata: { resourceVersion: '1', continue: 'same' }, items: [] })],
  ])('do not come from a list function that %s, and the fault is visible', async (_what, list) => {
    const informer = bed.informer({}, { list, watch: (options) => bed.source.watch(options) })
    informer.start()
    await until(() => informer.state === 'retrying' && informer.lastError !== undefined, 'it retries')
    expect((informer.lastError as KubeInformerError).code).toMatch(/^ERR_(SOURCE_FAILED|UNEXPECTED_BODY)$/)
    expect(informer.hasSynced()).toBe(false)
  })

  it.each<[string, ListerWatcher<ConfigMap>['watch']]>([
    [
      'throws at once',
      () => {
        throw new Error('at once')
      },
    ],
    ['gives nothing', (() => undefined) as unknown as ListerWatcher<ConfigMap>['watch']],
    [
      'gives what is no event',
      async function* () {
        yield undefined as never
      },
    ],
    ['rejects', () => Promise.reject(new Error('rejected'))],
  ])('are retried when the watch function %s', async (_what, watch) => {
    bed.source.put('a')
    let isBroken = true
    const informer = bed.informer(
      {},
      {
        list: (options) => bed.source.list(options),
        watch: (options) => (isBroken ? watch(options) : bed.source.watch(options)),
      },
    )
    informer.start()
    await until(() => informer.state === 'retrying', 'it retries')
    expect((informer.lastError as KubeInformerError).code).toMatch(/^ERR_(SOURCE_FAILED|UNEXPECTED_BODY)$/)
    isBroken = false
    await bed.follow(informer)
    bed.source.put('b')
    await bed.settled(informer)
  })

  it('that have no JSON are refused and named, and cost nobody else anything', async () => {
    bed.source.put('good', { n: '1' })
    bed.source.put('cyclic')
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    bed.source.put('cyclic', {}, { cycle })
    const informer = bed.informer()
    await bed.follow(informer)
    expect([...informer.indexer.keys()]).toEqual(['default/good'])
    await until(() => informer.health().refused.length === 1, 'it is named')
    expect(informer.health().refused[0]).toMatchObject({
      key: 'default/cyclic',
      error: { code: 'ERR_INVALID_JSON' },
    })
    // The last good state stays, also through a list that holds it only broken.
    bed.source.put('good', { n: '2' }, { big: 1n })
    bed.source.put('other')
    await until(() => informer.indexer.has('default/other'), 'the watch goes on')
    expect(informer.indexer.get('default/good')?.data).toEqual({ n: '1' })
    bed.source.compact()
    bed.source.endWatches()
    await until(() => informer.stats().watch.relists === 1, 'it lists anew')
    await until(() => informer.state === 'watching', 'and watches')
    expect(informer.indexer.get('default/good')?.data).toEqual({ n: '1' })
    expect(
      informer
        .health()
        .refused.map(({ key }) => key)
        .sort(),
    ).toEqual(['default/cyclic', 'default/good'])
    // A good one makes up for it.
    bed.source.put('cyclic', { n: '3' })
    bed.source.put('good', { n: '3' })
    await bed.settled(informer)
    await until(() => informer.health().refused.length === 0, 'none is named any more')
  })

  it('that are too large are refused as those of a server', async () => {
    bed.source.put('huge', { text: 'x'.repeat(100_000) })
    bed.source.put('small')
    const informer = bed.informer({ frameBytesMax: 65_536 })
    await bed.follow(informer)
    expect([...informer.indexer.keys()]).toEqual(['default/small'])
    await until(() => informer.health().refused.length === 1, 'it is named')
    expect(informer.health().refused[0]).toMatchObject({
      key: 'default/huge',
      error: { code: 'ERR_FRAME_TOO_LARGE' },
    })
  })

  it('are let go of at once: the signal aborts, the iterator is returned, nothing is waited for', async () => {
    bed.source.put('a')
    const informer = bed.informer()
    await bed.follow(informer)
    await informer.stop()
    await until(() => bed.source.openIterators === 0, 'no iterator is left')
    expect(bed.source.returned).toBe(1)
    informer.start()
    bed.source.put('b')
    await bed.settled(informer)
    // Resumed, not listed.
    expect(bed.source.calls).toEqual(['list', 'watch 101', 'watch 101'])

    bed.source.ignoresSignals = true
    bed.source.endWatches()
    await until(() => bed.source.calls.length === 4 && bed.source.openIterators === 1, 'it watches again')
    const before = performance.now()
    await informer.stop()
    // Nothing that the source does not do holds it back; drainMs are five seconds.
    expect(performance.now() - before).toBeLessThan(4_000)
    await until(() => bed.source.openIterators === 0, 'the iterator is returned all the same')
  })

  it('are heard of no more after a stop, whatever their functions still do', async () => {
    const open: ((list: unknown) => void)[] = []
    const signals: AbortSignal[] = []
    let returned = 0
    const informer = bed.informer(
      {},
      {
        list: ({ signal }) => {
          signals.push(signal)
          return new Promise((resolve) => open.push(resolve as (list: unknown) => void))
        },
        watch: async ({ signal }) => {
          signals.push(signal)
          await new Promise((resolve) => open.push(resolve))
          return {
            [Symbol.asyncIterator]: () => ({
              next: () => Promise.reject(new Error('too late')),
              return: () => {
                returned++
                throw new Error('not even this works')
              },
            }),
          }
        },
      },
    )
    informer.start()
    await until(() => open.length === 1, 'it lists')
    await informer.stop()
    expect(signals[0]?.aborted).toBe(true)
    open[0]?.({ metadata: { resourceVersion: '1' }, items: [{ metadata: { name: 'late' } }] })
    await sleep(20)
    expect(informer.indexer.size).toBe(0)
    expect(informer.state).toBe('stopped')
    informer.start()
    await until(() => open.length === 2, 'it lists again')
    open[1]?.({ metadata: { resourceVersion: '1' }, items: [] })
    await until(() => open.length === 3, 'it watches')
    await informer.close()
    expect(signals[2]?.aborted).toBe(true)
    open[2]?.(undefined)
    await until(() => returned === 1, 'an iterator that comes too late is returned')
  })
})
