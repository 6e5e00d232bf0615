import { describe, expect, test } from 'vitest'
import {
  DeletedFinalStateUnknown,
  type Indexers,
  metaNamespaceIndexFunc,
  newIndexer,
  newStore,
} from '../../src/index.ts'
import { show, type Thing, thing } from './cache-support.ts'

const shown = (objects: readonly Thing[]): string[] => objects.map(show).sort()

describe('a store', () => {
  test('keeps what was written last under each key, and hands out the very object', () => {
    const store = newStore<Thing>()
    const object = thing('n/a', 2)
    store.add(thing('n/a'))
    store.update(object)
    store.add(thing('b'))
    expect([store.size, shown(store.list()), store.listKeys().sort()]).toEqual([
      2,
      ['a@2', 'b@1'],
      ['b', 'n/a'],
    ])
    expect([store.get(thing('n/a')), store.getByKey('n/a')]).toEqual([object, object])
    expect(store.get(thing('n/a'))).toBe(object)
    expect([store.getByKey('a'), Object.isFrozen(object)]).toEqual([undefined, false])
  })

  test('deletes by the key of an object or of one whose final state is not known', () => {
    const store = newStore<Thing>()
    for (const key of ['a', 'b', 'c']) store.add(thing(key))
    store.delete(thing('a', 9))
    store.delete(new DeletedFinalStateUnknown<Thing>('b', undefined))
    store.delete(thing('not there'))
    expect(store.listKeys()).toEqual(['c'])
  })

  test('is replaced as a whole, or not at all', () => {
    const store = newStore<Thing>()
    store.add(thing('a'))
    store.replace([thing('b', 1), thing('b', 2), thing('c', 3)], '9')
    expect(shown(store.list())).toEqual(['b@2', 'c@3'])
    expect(() => store.replace([thing('d'), {} as Thing], '10')).toThrow()
    expect(shown(store.list())).toEqual(['b@2', 'c@3'])
    store.resync()
    expect(store.size).toBe(2)
  })

  test('takes other key functions', () => {
    const store = newStore<{ readonly id: number }>({ keyFunc: ({ id }) => `#${id}` })
    store.add({ id: 7 })
    store.delete({ id: 8 })
    expect(store.listKeys()).toEqual(['#7'])
  })

  test('says which version it was brought to: by an object, a list or a bookmark', () => {
    const store = newStore<Thing>()
    const versions = [store.lastStoreSyncResourceVersion()]
    const written = (write: () => void): void => {
      write()
      versions.push(store.lastStoreSyncResourceVersion())
    }
    written(() => store.add(thing('a', 3)))
    written(() => store.delete(thing('a', 5)))
    written(() => store.delete(new DeletedFinalStateUnknown('a', thing('a', 7))))
    written(() => store.add({ metadata: { name: 'b' } } as Thing))
    written(() => store.replace([thing('a', 4)], '10'))
    written(() => store.bookmark('12'))
    expect(versions).toEqual(['', '3', '5', '5', '5', '10', '12'])
  })

  test('freezes only if it is told to, and then all the way down', () => {
    const store = newStore<Thing>({ freeze: true })
    store.add(thing('a'))
    store.replace([thing('b')])
    const [object] = store.list()
    expect(() => Object.assign(object?.metadata as object, { name: 'x' })).toThrow(TypeError)
  })
})

describe('an indexer', () => {
  const byNote = (object: Thing): string[] => (object.note ?? '').split(',').filter(Boolean)
  const indexed = (more: Indexers<Thing> = {}) => {
    const indexer = newIndexer<Thing>({
      indexers: { namespace: metaNamespaceIndexFunc, note: byNote, ...more },
    })
    indexer.add(thing('n/a', 1, 'x'))
    indexer.add(thing('n/b', 1, 'x,y'))
    indexer.add(thing('m/c', 1))
    return indexer
  }

  test('finds by value, by object, and tells keys and values', () => {
    const indexer = indexed()
    expect(shown(indexer.byIndex('note', 'x'))).toEqual(['a@1', 'b@1'])
    expect(shown(indexer.byIndex('namespace', 'm'))).toEqual(['c@1'])
    expect(indexer.byIndex('note', 'nobody')).toEqual([])
    expect(indexer.indexKeys('namespace', 'n')).toEqual(['n/a', 'n/b'])
    expect(indexer.listIndexFuncValues('note').sort()).toEqual(['x', 'y'])
    // The union of both values, b once.
    expect(shown(indexer.index('note', thing('any', 1, 'x,y')))).toEqual(['a@1', 'b@1'])
  })

  test('follows updates, deletes and replaces, and keeps no empty sets', () => {
    const indexer = indexed()
    indexer.update(thing('n/b', 2, 'z'))
    expect([indexer.listIndexFuncValues('note').sort(), shown(indexer.byIndex('note', 'z'))]).toEqual([
      ['x', 'z'],
      ['b@2'],
    ])
    indexer.delete(thing('n/a'))
    expect(indexer.listIndexFuncValues('note')).toEqual(['z'])
    indexer.replace([thing('n/d', 1, 'w')])
    expect([indexer.listIndexFuncValues('note'), indexer.listIndexFuncValues('namespace')]).toEqual([
      ['w'],
      ['n'],
    ])
  })

  test('an unchanged value keeps its place, with the new object behind it', () => {
    const indexer = indexed()
    indexer.update(thing('n/a', 2, 'x'))
    expect(shown(indexer.byIndex('note', 'x'))).toEqual(['a@2', 'b@1'])
  })

  test('an object changed in place after it was stored leaves nothing behind', () => {
    const indexer = newIndexer<{ metadata: { name: string }; note: string }>({
      indexers: { note: ({ note }) => note },
    })
    const object = { metadata: { name: 'a' }, note: 'x' }
    indexer.add(object)
    object.note = 'y'
    indexer.update(object)
    expect([indexer.listIndexFuncValues('note'), indexer.indexKeys('note', 'y')]).toEqual([['y'], ['a']])
    object.note = 'z'
    indexer.delete(object)
    expect(indexer.listIndexFuncValues('note')).toEqual([])
  })

  test('takes paths and labels, as shared informers do', () => {
    const indexer = newIndexer<object>({
      keyFunc: () => 'k',
      indexers: { uid: 'owners[*].uid', count: "spec['a.b/c']", none: 'spec.x.y', app: { label: 'app' } },
    })
    indexer.add({
      metadata: { labels: { app: 'web' } },
      owners: [{ uid: 'u1' }, {}, { uid: 'u2' }],
      spec: { 'a.b/c': 3, x: 'text' },
    })
    const values = ['uid', 'count', 'none', 'app'].map((name) => indexer.listIndexFuncValues(name))
    expect(values).toEqual([['u1', 'u2'], ['3'], [], ['web']])
    indexer.addIndexers({ app: { label: 'app' } })
    expect(() => newIndexer({ indexers: { bad: 'a..b' } })).toThrowError(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
    )
  })

  test('is given more indices while it is in use: all of them, or none', () => {
    const indexer = indexed()
    const name = (object: Thing): string => object.metadata.name
    indexer.addIndexers({ name })
    expect(indexer.indexKeys('name', 'c')).toEqual(['m/c'])
    // The same once more is no conflict.
    indexer.addIndexers({ name })
    expect(() => indexer.addIndexers({ other: name, note: name })).toThrowError(
      expect.objectContaining({ code: 'ERR_INDEX_CONFLICT' }),
    )
    expect(Object.keys(indexer.getIndexers()).sort()).toEqual(['name', 'namespace', 'note'])
    indexer.delete(thing('m/c'))
    expect(indexer.indexKeys('name', 'c')).toEqual([])
  })

  test('refuses to look in an index that it does not have', () => {
    const indexer = indexed()
    for (const call of [
      () => indexer.byIndex('no', 'x'),
      () => indexer.index('no', thing('a')),
      () => indexer.indexKeys('no', 'x'),
      () => indexer.listIndexFuncValues('no'),
    ]) {
      expect(call).toThrowError(expect.objectContaining({ code: 'ERR_UNKNOWN_INDEX' }))
    }
  })

  test('stores an object that an index function fails for, then throws or tells', () => {
    const fails = (object: Thing): string => {
      if (object.note === 'bad') throw new Error('cannot')
      return 'fine'
    }
    const strict = newIndexer<Thing>({ indexers: { fails, note: byNote } })
    strict.add(thing('a'))
    expect(() => strict.update(thing('a', 2, 'bad'))).toThrow('cannot')
    expect([
      shown(strict.list()),
      strict.listIndexFuncValues('fails'),
      strict.indexKeys('note', 'bad'),
    ]).toEqual([['a@2'], [], ['a']])
    expect(() => strict.replace([thing('b', 1, 'bad'), thing('c')])).toThrow('cannot')
    expect(strict.indexKeys('fails', 'fine')).toEqual(['c'])
    strict.add(thing('d'))

    const told: string[] = []
    const lenient = newIndexer<Thing>({
      indexers: { fails },
      onIndexError: (error, { index, key }) => told.push(`${(error as Error).message} ${index} ${key}`),
    })
    lenient.add(thing('a', 1, 'bad'))
    expect([told, lenient.size]).toEqual([['cannot fails a'], 1])
  })
})
