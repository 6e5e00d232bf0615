import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Slicer } from '../../src/base/slicer.ts'
import { Indexer } from '../../src/indexer/indexer.ts'
import { ChangeFan } from '../../src/life/change-fan.ts'
import { KeptState } from '../../src/life/kept-state.ts'
import { Snapshots } from '../../src/life/snapshot.ts'
import { RecordSource } from '../support/record-source.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'

interface Stored {
  readonly metadata: { readonly name: string; readonly resourceVersion: string }
}

function bed() {
  const runtime = new VirtualRuntime()
  const fan = new ChangeFan({ added() {}, updated() {}, deleted() {}, listCompleted() {} })
  const cache = new Indexer({ sink: fan, columns: [], onIndexError: () => {}, slabBytes: 2048 })
  const source = new RecordSource(cache)
  const slicer = new Slicer(runtime, 5)
  const options = { cache, fan, slicer, nowMs: () => runtime.nowMs() }
  let version = 0
  const textOf = (key: string, uid: string): string => {
    const [namespace, name] = key.split('/')
    const metadata = {
      name,
      namespace,
      uid,
      resourceVersion: String(++version),
      labels: { n: `${version % 3}` },
    }
    return JSON.stringify({ metadata })
  }
  const put = (key: string, uid = key): void => source.put(key, textOf(key, uid))
  const remove = (key: string): void => {
    const text = textOf(key, key)
    source.delete(key, text, version)
  }
  const truth = (): Map<string, string> =>
    new Map(
      [...cache.cells()].map((cell) => [cell.key, (cache.read(cell) as Stored).metadata.resourceVersion]),
    )
  return { runtime, cache, fan, options, put, remove, truth }
}

const keys = ['a/1', 'a/2', 'a/3', 'b/1', 'b/2', 'c/1']
type Change = readonly ['put' | 'replace' | 'remove' | 'compact', string]
const change = fc.tuple(fc.constantFrom('put', 'replace', 'remove', 'compact'), fc.constantFrom(...keys))
const changes = fc.array(change as fc.Arbitrary<Change>, { maxLength: 12 })

describe('a kept state', () => {
  it('is the cache of its time by key and in iterations, whatever changes before and while they run', () => {
    fc.assert(
      fc.property(changes, changes, fc.array(changes, { maxLength: 8 }), (first, between, during) => {
        const { cache, options, put, remove, truth } = bed()
        const run = (list: readonly Change[]): void => {
          for (const [what, key] of list) {
            if (what === 'put') put(key)
            else if (what === 'replace') put(key, `${key} ${Math.random()}`)
            else if (what === 'remove') remove(key)
            else cache.store.compact(1024)
          }
        }
        run(first)
        const expected = truth()
        const kept = new KeptState(options)
        run(between)
        const seen = new Map<string, string>()
        let step = 0
        for (const cell of kept.cells()) {
          expect(seen.has(cell.key)).toBe(false)
          seen.set(cell.key, (cache.read(cell) as Stored).metadata.resourceVersion)
          run(during[step++] ?? [])
        }
        expect([...seen].sort()).toEqual([...expected].sort())
        for (const key of keys) {
          expect((kept.get(key) as Stored | undefined)?.metadata.resourceVersion).toBe(expected.get(key))
          expect(kept.cell(key) !== undefined).toBe(expected.has(key))
        }
        const inA = [...kept.cells('a')].map(({ key }) => key)
        expect(inA.sort()).toEqual([...expected.keys()].filter((key) => key.startsWith('a/')).sort())
        expect(kept.size).toBe(expected.size)
      }),
      { numRuns: 500 },
    )
  })

  it('pins what changed once, forgets names that came and went, and lets go of all of it in slices', () => {
    const { runtime, cache, options, put, remove } = bed()
    for (const key of keys) put(key)
    const snapshots = new Snapshots({ ...options, resource: 'things' })
    const snapshot = snapshots.take<Stored>()
    expect(snapshots.count).toBe(1)
    expect(cache.store.pinnedBytes).toBe(0)
    put('a/1')
    const { pinnedBytes } = cache.store
    expect(pinnedBytes).toBeGreaterThan(0)
    for (let i = 0; i < 20; i++) put('a/1')
    expect(cache.store.pinnedBytes).toBe(pinnedBytes)
    for (let i = 0; i < 20; i++) {
      put(`a/new${i}`)
      remove(`a/new${i}`)
    }
    expect(snapshot.list({ labelSelector: 'n=1' }).map(({ metadata }) => metadata.resourceVersion)).toEqual(
      expect.arrayContaining(['1', '4']),
    )
    expect(snapshot.list({ namespace: 'b' }).size).toBe(2)
    expect([...snapshot.keys()].sort()).toEqual(keys)
    const iterator = snapshot.keys()
    iterator.next()
    const all = snapshot.list()
    snapshot.dispose()
    snapshot[Symbol.dispose]()
    expect(snapshots.count).toBe(0)
    for (const read of [
      () => snapshot.get('a/1'),
      () => snapshot.has('a/1'),
      () => [...snapshot.list()],
      () => iterator.next(),
      () => all.size,
      () => snapshot.size,
      () => snapshot.resourceVersion,
    ]) {
      expect(read).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }))
    }
    runtime.advance(1)
    expect(cache.store.pinnedBytes).toBe(0)
  })
})
