import { describe, expect, test } from 'vitest'
import type { SourceEvent, SourceWatchOptions } from '../../src/index.ts'
import { FakeControllerSource } from '../../src/testing/index.ts'
import { type Thing, thing } from '../cache/cache-support.ts'

const never = new AbortController().signal

const showEvent = (event: SourceEvent<Thing>): string => {
  if (event.type === 'ERROR') return `ERROR ${(event.object as { code: number }).code}`
  const { metadata } = event.object as Thing
  return `${event.type} ${metadata.name}@${metadata.resourceVersion}`
}

/** A watch, and what it has told so far. */
async function watching(source: FakeControllerSource<Thing>, options: Partial<SourceWatchOptions> = {}) {
  const events: string[] = []
  const watch = await source.watch({ resourceVersion: '', signal: never, ...options })
  const ended = (async () => {
    for await (const event of watch) events.push(showEvent(event))
  })()
  const news = async (): Promise<string[]> => {
    await new Promise((resolve) => setImmediate(resolve))
    return events.splice(0)
  }
  return { news, ended }
}

describe('FakeControllerSource', () => {
  test('gives every change a version, and an object a uid unless it has one', async () => {
    const source = new FakeControllerSource<Thing>()
    const first = source.add({ metadata: { name: 'a' } })
    const own = source.add(thing('n/b', 77))
    expect([own.metadata.resourceVersion, own.metadata.uid, source.resourceVersion]).toEqual([
      '2',
      'u-n/b',
      '2',
    ])
    expect(source.modify({ metadata: { name: 'a' } }).metadata).toEqual({
      ...first.metadata,
      resourceVersion: '3',
    })
    const deleted = source.delete({ metadata: { name: 'a' } })
    expect(deleted.metadata).toEqual({ ...first.metadata, resourceVersion: '4' })
    expect(source.add({ metadata: { name: 'a' } }).metadata.uid).not.toBe(first.metadata.uid)
    expect(await source.list({ signal: never })).toEqual({
      metadata: { resourceVersion: '5' },
      items: source.objects,
    })
    expect(source.objects.map(({ metadata }) => metadata.name).sort()).toEqual(['a', 'b'])
  })

  test('checks no change against what it holds: each is told, and counts', async () => {
    const source = new FakeControllerSource<Thing>()
    const open = await watching(source)
    const a = { metadata: { name: 'a' }, note: 'text' }
    const first = source.add(a)
    const second = source.add({ metadata: { name: 'a' } })
    expect(second.metadata.uid).not.toBe(first.metadata.uid)
    expect(source.objects).toEqual([second])
    expect(source.modify(a).metadata.uid).toBe(second.metadata.uid)
    source.modify({ metadata: { name: 'b' } })
    expect(source.delete({ ...a, metadata: { name: 'c' } })).toMatchObject({ note: 'text' })
    expect(await open.news()).toEqual([
      'ADDED a@1',
      'ADDED a@2',
      'MODIFIED a@3',
      'MODIFIED b@4',
      'DELETED c@5',
    ])
    expect(source.objects.map(({ metadata }) => metadata.name)).toEqual(['a', 'b'])
  })

  test('keeps its objects to itself', async () => {
    const source = new FakeControllerSource<Thing>()
    const given = { metadata: { name: 'a' }, note: 'text' }
    const returned = source.add(given) as { note: string }
    const { items } = await source.list({ signal: never })
    for (const object of [given, returned, items[0] as { note: string }]) object.note = 'changed'
    expect(source.objects[0]?.note).toBe('text')
  })

  test('tells a watch what has happened since its version, then what happens', async () => {
    const source = new FakeControllerSource<Thing>()
    for (const name of ['a', 'b']) source.add(thing(name))
    const fromOne = await watching(source, { resourceVersion: '1' })
    const fromZero = await watching(source, { resourceVersion: '0' })
    const fromNow = await watching(source)
    expect(await fromOne.news()).toEqual(['ADDED b@2'])
    expect(await fromZero.news()).toEqual(['ADDED a@1', 'ADDED b@2'])
    source.modify(thing('a'))
    source.delete(thing('b'))
    for (const watch of [fromOne, fromZero, fromNow]) {
      expect(await watch.news()).toEqual(['MODIFIED a@3', 'DELETED b@4'])
    }
    expect(source.watcherCount).toBe(3)
  })

  test('can keep a change from the watches that are open; later ones are told, and lists have it', async () => {
    const source = new FakeControllerSource<Thing>()
    const open = await watching(source)
    source.addDropWatch(thing('a'))
    source.add(thing('b'))
    source.modifyDropWatch(thing('b'))
    source.deleteDropWatch(thing('a'))
    expect(await open.news()).toEqual(['ADDED b@2'])
    const later = await watching(source, { resourceVersion: '0' })
    expect(await later.news()).toEqual(['ADDED a@1', 'ADDED b@2', 'MODIFIED b@3', 'DELETED a@4'])
    expect((await source.list({ signal: never })).items).toMatchObject([
      { metadata: { resourceVersion: '3' } },
    ])
  })

  test('can leave it to chance', async () => {
    const dice = [0.4, 0.6]
    const source = new FakeControllerSource<Thing>({ random: () => dice.shift() as number })
    const open = await watching(source)
    source.change('ADDED', thing('a'), 0.5)
    source.change('ADDED', thing('b'), 0.5)
    expect(await open.news()).toEqual(['ADDED a@1'])
  })

  test('a reset ends all watches, and expires every version of before', async () => {
    const source = new FakeControllerSource<Thing>()
    source.add(thing('a'))
    const open = await watching(source)
    source.resetWatch()
    await open.ended
    const expired = await watching(source, { resourceVersion: '1' })
    await expired.ended
    expect([await expired.news(), source.watcherCount]).toEqual([['ERROR 410'], 0])
    const { metadata, items } = await source.list({ signal: never })
    expect(items.length).toBe(1)
    const fresh = await watching(source, { resourceVersion: metadata?.resourceVersion as string })
    source.add(thing('b'))
    expect(await fresh.news()).toEqual(['ADDED b@3'])
  })

  test('fails to list while it is told to', async () => {
    const source = new FakeControllerSource<Thing>()
    source.listError = new Error('no')
    await expect(source.list({ signal: never })).rejects.toThrow('no')
    source.listError = undefined
    await source.list({ signal: never })
  })

  test('refuses versions of the future, and what is none', async () => {
    const source = new FakeControllerSource<Thing>()
    source.add(thing('a'))
    const call = { resourceVersion: '2', signal: never }
    await expect(source.list(call)).rejects.toMatchObject({ code: 504 })
    await expect(source.watch(call)).rejects.toMatchObject({ code: 504 })
    await expect(source.watch({ ...call, resourceVersion: 'x' })).rejects.toMatchObject({ code: 400 })
    expect((await source.list({ resourceVersion: '1', signal: never })).items.length).toBe(1)
  })

  test('ends a watch when its signal aborts, or its reader leaves, or nobody ever reads it', async () => {
    const source = new FakeControllerSource<Thing>()
    const stop = new AbortController()
    const aborted = await watching(source, { signal: stop.signal })
    await source.watch({ resourceVersion: '', signal: stop.signal })
    source.add(thing('a'))
    const left = await source.watch({ resourceVersion: '0', signal: never })
    for await (const _event of left) break
    stop.abort()
    await aborted.ended
    expect(source.watcherCount).toBe(0)
    const late = await watching(source, { signal: AbortSignal.abort() })
    await late.ended
  })
})
