import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemorySource } from '../support/memory-source.ts'
import { sleep, threadCounts, until } from './contract-bed.ts'
import { Recorder, sameState } from './recorder.ts'
import { SourceBed } from './source-bed.ts'

describe.each(threadCounts)('objects from functions of the user, threads: $threads', ({ threads }) => {
  let bed: SourceBed

  beforeEach(() => {
    bed = new SourceBed(threads)
  })
  afterEach(() => bed.end())

  it('are listed, watched, cached and delivered as those of a server', async () => {
    for (let i = 0; i < 300; i++) bed.source.put(`m${i}`, { i: String(i) })
    const informer = bed.informer()
    informer.addIndexers({ byValue: 'data.i' })
    await bed.follow(informer)
    expect(bed.recorder.log.length).toBe(300)
    expect(bed.source.calls).toEqual(['list', 'watch 400'])
    for (let i = 0; i < 2_000; i++) {
      if (i % 7 === 3) bed.source.delete(`m${i % 300}`)
      else bed.source.put(`m${i % 300}`, { i: String(i) })
      if (i % 100 === 0) await sleep(1)
    }
    await bed.settled(informer)
    expect(informer.indexer.byIndex('byValue', '1999').map((one) => one.metadata.name)).toEqual(['m199'])
    expect(informer.stats().resource).toBe('things')
    expect(Object.isFrozen(informer.indexer.get('default/m199'))).toBe(true)
  })

  it('are listed page by page', async () => {
    for (let i = 0; i < 25; i++) bed.source.put(`m${i}`)
    const informer = bed.informer({ timing: { pageSize: 10 } })
    await bed.follow(informer)
    expect(bed.source.calls).toEqual(['list', 'list +', 'list +', 'watch 125'])
    await bed.settled(informer)
  })

  it('come in one list of many megabytes', async () => {
    const text = 'ä'.repeat(2_000)
    for (let i = 0; i < 3_000; i++) bed.source.put(`m${i}`, { text: `${text}${i}` })
    const informer = bed.informer(
      {},
      {
        list: async (options) => bed.source.list({ signal: options.signal }),
        watch: (options) => bed.source.watch(options),
      },
    )
    await bed.follow(informer)
    await bed.settled(informer)
    expect(informer.indexer.get('default/m7')?.data?.['text']).toBe(`${text}7`)
  })

  it('are watched on after a watch ended or broke, without a list', async () => {
    bed.source.put('a')
    const informer = bed.informer()
    await bed.follow(informer)
    bed.source.endWatches()
    bed.source.put('b')
    await bed.settled(informer)
    bed.source.endWatches(new Error('the connection broke'))
    bed.source.put('c')
    await bed.settled(informer)
    bed.source.tell({ type: 'ERROR', object: { code: 500, message: 'hiccup' } })
    bed.source.put('d')
    await bed.settled(informer)
    expect(bed.source.calls.filter((call) => call === 'list')).toHaveLength(1)
    await until(() => informer.state === 'watching', 'all is well')
  })

  it.each([
    ['an ERROR event', (): void => bed.source.tell({ type: 'ERROR', object: { code: 410 } })],
    ['a rejection', (): void => bed.source.endWatches(Object.assign(new Error('gone'), { code: 410 }))],
    ['a rejection with statusCode', (): void => bed.source.endWatches({ statusCode: 410 })],
    ['a resume', (): void => bed.source.endWatches()],
  ])('are listed anew after a 410 by %s', async (_what, break_) => {
    for (const name of ['a', 'b', 'c']) bed.source.put(name)
    const informer = bed.informer()
    await bed.follow(informer)
    bed.recorder.log.length = 0
    break_()
    bed.source.delete('b')
    bed.source.put('c', { n: '1' })
    bed.source.compact()
    bed.source.endWatches()
    await until(() => bed.source.calls.filter((call) => call === 'list').length === 2, 'it lists anew')
    await bed.settled(informer)
    expect(bed.recorder.fold.size).toBe(2)
  })

  it('count in memoryBytes on their way to the worker, and not when it has read them', async () => {
    const factory = bed.factory()
    let peak = 0
    const more = {
      toJSON: () => {
        peak = Math.max(peak, factory.stats().memoryBytes)
        return 'x'.repeat(1_024)
      },
    }
    for (let i = 0; i < 500; i++) bed.source.put(`m${i}`, {}, { more })
    const { informer } = factory.forListerWatcher({ name: 'things', listerWatcher: bed.source })
    informer.start()
    await informer.waitForSync({ signal: AbortSignal.timeout(10_000) })
    expect(informer.indexer.list().size).toBe(500)
    expect(peak).toBeGreaterThan(64 * 1_024)
    await informer.stop()
    expect(factory.stats().memoryBytes).toBe(0)
  })

  it('are given to late listeners, too', async () => {
    for (let i = 0; i < 50; i++) bed.source.put(`m${i}`)
    const informer = bed.informer()
    await bed.follow(informer)
    const late = new Recorder()
    const registration = informer.addEventHandler(late.handlers)
    for (let i = 0; i < 50; i += 3) bed.source.put(`m${i}`, { late: 'yes' })
    await registration.waitForSync({ signal: AbortSignal.timeout(10_000) })
    await until(() => sameState(late.state(), bed.source.truth()), 'the late listener shows the cache')
    expect(late.problems).toEqual([])
    expect(bed.source.calls.filter((call) => call === 'list')).toHaveLength(1)
  })

  it('share one informer per name and selection; another source under the same name is refused', async () => {
    const factory = bed.factory()
    const things = factory.forListerWatcher({ name: 'things', listerWatcher: bed.source })
    expect(factory.forListerWatcher({ name: 'things', listerWatcher: bed.source })).toBe(things)
    expect(things.select({ keepFields: ['data.x'] })).not.toBe(things)
    expect(() => factory.forListerWatcher({ name: 'things', listerWatcher: new MemorySource() })).toThrow(
      expect.objectContaining({ code: 'ERR_SOURCE_CONFLICT' }),
    )
    for (const wrong of [
      { name: '' },
      { listerWatcher: {} },
      { limit: 5 },
      { keepFields: [], dropFields: [] },
      { dropFields: 5 },
      { labelSelector: { app: 'web' } },
      { fieldSelector: 5 },
      null,
    ]) {
      const options = (wrong && { name: 'other', listerWatcher: bed.source, ...wrong }) as Parameters<
        typeof factory.forListerWatcher
      >[0]
      expect(() => factory.forListerWatcher(options)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
      )
    }
    // What was refused holds no name.
    factory.forListerWatcher({ name: 'other', listerWatcher: new MemorySource() })
    expect(() => things.select({ namespace: 'x' })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
    )
  })

  it('are asked for with the selectors, and the source is to honour them', async () => {
    const asked: unknown[] = []
    const things = bed.factory().forListerWatcher({
      name: 'things',
      listerWatcher: {
        list: ({ labelSelector, fieldSelector, limit, resourceVersion }) => {
          asked.push({ labelSelector, fieldSelector, limit, resourceVersion })
          return bed.source.list({ signal: AbortSignal.timeout(1) })
        },
        watch: (options) => {
          const { labelSelector, fieldSelector, resourceVersion, allowWatchBookmarks } = options
          asked.push({ labelSelector, fieldSelector, resourceVersion, allowWatchBookmarks })
          return bed.source.watch(options)
        },
      },
    })
    await bed.follow(things.select({ labelSelector: 'app=web', fieldSelector: 'spec.x=1' }).informer)
    const selectors = { labelSelector: 'app=web', fieldSelector: 'spec.x=1' }
    expect(asked).toEqual([
      { ...selectors, limit: 500, resourceVersion: '' },
      { ...selectors, resourceVersion: '100', allowWatchBookmarks: true },
    ])
  })
})
