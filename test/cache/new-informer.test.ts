import { describe, expect, test } from 'vitest'
import { DeletedFinalStateUnknown, type NewInformerOptions, newInformer } from '../../src/index.ts'
import { FakeClock, FakeControllerSource } from '../../src/testing/index.ts'
import { show, type Thing, thing } from './cache-support.ts'

function informerOf(options: Partial<NewInformerOptions<Thing>> = {}) {
  const clock = new FakeClock()
  const source = new FakeControllerSource<Thing>()
  const log: string[] = []
  const stop = new AbortController()
  const informer = newInformer<Thing>({
    listerWatcher: source,
    runtime: clock,
    handler: {
      onAdd: (object, isInInitialList) => log.push(`add ${show(object)}${isInInitialList ? ' first' : ''}`),
      onUpdate: (old, object) => log.push(`update ${show(old)} → ${show(object)}`),
      onDelete: (object) => log.push(`delete ${show(object)}`),
    },
    onError: (error, stage) => log.push(`${stage}: ${(error as Error).message}`),
    ...options,
  })
  const news = async (): Promise<string[]> => {
    await clock.settle()
    return log.splice(0)
  }
  const run = async (): Promise<string[]> => {
    void informer.controller.run({ signal: stop.signal })
    return news()
  }
  return { ...informer, clock, source, log, stop, news, run }
}

describe('newInformer', () => {
  test('fills a store and tells a handler of every change, once the store has it', async () => {
    const { store, source, run, news, log } = informerOf({
      handler: {
        onAdd: ({ metadata }) => log.push(`add, stored ${store.getByKey(metadata.name) !== undefined}`),
        onDelete: () => log.push(`delete, stored ${store.listKeys()}`),
      },
    })
    source.add(thing('a'))
    expect(await run()).toEqual(['add, stored true'])
    source.modify(thing('a'))
    source.delete(thing('a'))
    expect(await news()).toEqual(['delete, stored '])
  })

  test('presence in the store alone makes an add or an update, whatever the event says', async () => {
    const { source, run, news, stop } = informerOf()
    source.add(thing('a'))
    expect(await run()).toEqual(['add a@1 first'])
    source.change('ADDED', thing('a'))
    source.change('MODIFIED', thing('b'))
    expect(await news()).toEqual(['update a@1 → a@2', 'add b@3'])
    source.delete(thing('unknown'))
    expect(await news()).toEqual([])
    stop.abort()
  })

  test('an object made anew unseen is an update, though it is another one', async () => {
    const { source, store, run, news, stop } = informerOf()
    source.add({ metadata: { name: 'a' } })
    await run()
    const before = store.getByKey('a')?.metadata.uid
    source.deleteDropWatch(thing('a'))
    source.add({ metadata: { name: 'a' } })
    expect(await news()).toEqual(['update a@1 → a@3'])
    expect(store.getByKey('a')?.metadata.uid).not.toBe(before)
    stop.abort()
  })

  test('a delete carries the state in which it was deleted, or the last one known', async () => {
    const deleted: unknown[] = []
    const { source, store, run, news, stop, clock } = informerOf({
      handler: { onDelete: (object) => deleted.push(object) },
    })
    for (const key of ['a', 'b']) source.add(thing(key))
    await run()
    source.delete(thing('a'))
    await news()
    source.deleteDropWatch(thing('b'))
    source.resetWatch()
    await clock.advance(2_000)
    const [seen, unseen] = deleted
    expect(seen).toMatchObject({ metadata: { name: 'a', resourceVersion: '3' } })
    expect(unseen).toBeInstanceOf(DeletedFinalStateUnknown)
    expect(unseen).toMatchObject({ key: 'b', object: { metadata: { resourceVersion: '2' } } })
    expect([deleted.length, store.size]).toEqual([2, 0])
    stop.abort()
  })

  test('a list that is made again tells of all it has as updates, then of what is gone', async () => {
    const { source, run, news, stop, clock } = informerOf()
    for (const key of ['a', 'b', 'c']) source.add(thing(key))
    await run()
    source.deleteDropWatch(thing('a'))
    source.addDropWatch(thing('d'))
    source.resetWatch()
    await clock.advance(2_000)
    expect(await news()).toEqual([
      // The reset ended the watch, and the next one found its version expired.
      'listWatch: the stream ended during a watch that had only begun',
      expect.stringContaining('410'),
      'update b@2 → b@2',
      'update c@3 → c@3',
      'add d@5',
      'delete a?1',
    ])
    stop.abort()
  })

  test('resyncs from the store, without asking the source', async () => {
    const { source, run, news, stop, clock } = informerOf({ resyncPeriodMs: 10_000 })
    source.add(thing('a'))
    await run()
    source.listError = new Error('nobody should ask')
    await clock.advance(10_000)
    expect(await news()).toEqual(['update a@1 → a@1'])
    stop.abort()
  })

  test('a callback that fails harms nothing, and is not called again for it', async () => {
    const { source, store, run, news, stop } = informerOf({
      handler: {
        onAdd: () => Promise.reject(new Error('rejects')),
        onDelete: () => {
          throw new Error('throws')
        },
      },
    })
    source.add(thing('a'))
    expect(await run()).toEqual(['process: rejects'])
    source.delete(thing('a'))
    source.add(thing('a'))
    expect(await news()).toEqual(['process: throws', 'process: rejects'])
    expect(store.getByKey('a')?.metadata.resourceVersion).toBe('3')
    stop.abort()
  })

  test('waits for an async callback before anything else is told, and stops between two', async () => {
    const work = Promise.withResolvers<void>()
    const log: string[] = []
    const { source, run, stop, controller, clock } = informerOf({
      handler: {
        onAdd: async (object) => {
          log.push(`add ${show(object)}`)
          await work.promise
        },
        onUpdate: (_old, object) => log.push(`update ${show(object)}`),
      },
    })
    source.add(thing('a'))
    await run()
    source.modify(thing('a'))
    source.modify(thing('a'))
    await clock.settle()
    expect([log, controller.hasSynced()]).toEqual([['add a@1'], false])
    work.resolve()
    await clock.settle()
    expect([log, controller.hasSynced()]).toEqual([['add a@1', 'update a@2', 'update a@3'], true])
    stop.abort()
  })

  test('transforms what it stores, and freezes it if it is told to', async () => {
    const { source, store, run, stop } = informerOf({
      transform: (object) => ({ ...object, note: `transformed ${object.note}` }),
      freeze: true,
    })
    source.add(thing('a', 1, 'text'))
    await run()
    const object = store.getByKey('a') as { note: string }
    expect(object.note).toBe('transformed text')
    expect(() => {
      object.note = 'changed'
    }).toThrow(TypeError)
    stop.abort()
  })

  test('keeps the last state that could be transformed', async () => {
    const { source, store, run, news, stop, clock } = informerOf({
      transform: (object) => {
        if (object.note === 'bad') throw new Error('cannot')
        return object
      },
    })
    source.add(thing('a'))
    await run()
    source.modify(thing('a', 1, 'bad'))
    expect(await news()).toEqual(['listWatch: cannot'])
    source.resetWatch()
    await clock.advance(2_000)
    expect((await news()).at(-1)).toBe('listWatch: cannot')
    expect(store.list().map(show)).toEqual(['a@1'])
    source.delete(thing('a'))
    expect(await news()).toEqual(['delete a?1'])
    stop.abort()
  })

  test('indexes, also by indices that come later, and stores what an index function fails for', async () => {
    const { source, store, run, stop } = informerOf({
      indexers: {
        byNote: 'note',
        fails: () => {
          throw new Error('no index')
        },
      },
    })
    source.add(thing('a', 1, 'x'))
    expect(await run()).toEqual(['process: no index', 'add a@1 first'])
    store.addIndexers({ byName: ({ metadata }) => metadata.name })
    expect([store.indexKeys('byNote', 'x'), store.indexKeys('byName', 'a')]).toEqual([['a'], ['a']])
    stop.abort()
  })
})
