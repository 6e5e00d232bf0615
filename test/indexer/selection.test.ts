import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Indexer } from '../../src/indexer/indexer.ts'
import { Selection } from '../../src/indexer/selection.ts'
import { parseLabelSelector } from '../../src/selectors/label-selector.ts'
import { RecordSource } from '../support/record-source.ts'

type Labels = Readonly<Record<string, string>>

/** A cache that counts what is looked at by key. */
class CountingIndexer extends Indexer {
  lookups = 0
  override cell(key: string) {
    this.lookups++
    return super.cell(key)
  }
}

function bed(...indexed: readonly string[]) {
  const indexer = new CountingIndexer({
    sink: { added: () => {}, updated: () => {}, deleted: () => {}, listCompleted: () => {} },
    columns: [],
    onIndexError: () => {},
  })
  indexer.indices.define(Object.fromEntries(indexed.map((label) => [`by ${label}`, { label }])))
  const source = new RecordSource(indexer)
  let version = 0
  const put = (key: string, labels: Labels): void => {
    const [namespace, name] = key.split('/')
    const metadata = { name, namespace, uid: key, resourceVersion: String(++version), labels }
    source.put(key, JSON.stringify({ metadata }))
  }
  const select = (text: string, namespace?: string): Selection =>
    new Selection(indexer, namespace, parseLabelSelector(text))
  const keys = (text: string, namespace?: string): string[] =>
    [...select(text, namespace).cells()].map(({ key }) => key).sort()
  return { indexer, put, select, keys }
}

describe('Selection', () => {
  it('finds the same with label indices as without', () => {
    const label = fc.constantFrom('app', 'tier', 'zone')
    const value = fc.constantFrom('', 'a', 'b', 'c')
    const condition = fc.oneof(
      fc.tuple(label, fc.constantFrom('=', '!='), value).map((parts) => parts.join('')),
      fc
        .tuple(label, fc.constantFrom('in', 'notin'), fc.array(value))
        .map(([l, op, v]) => `${l} ${op} (${v})`),
      label,
      label.map((l) => `!${l}`),
    )
    const texts = fc.array(condition, { maxLength: 3 }).map((list) => list.join())
    const objects = fc.array(
      fc.tuple(fc.constantFrom('x', 'y', 'x-'), fc.nat(20), fc.dictionary(label, value, { maxKeys: 3 })),
      { maxLength: 40 },
    )
    const namespace = fc.constantFrom(undefined, 'x', 'y', 'none')
    fc.assert(
      fc.property(objects, texts, namespace, (list, text, within) => {
        const plain = bed()
        const indexed = bed('app', 'tier')
        for (const { put } of [plain, indexed]) for (const [ns, n, labels] of list) put(`${ns}/${n}`, labels)
        const found = indexed.keys(text, within)
        expect(found).toEqual(plain.keys(text, within))
        expect(indexed.select(text, within).count()).toBe(found.length)
      }),
      { numRuns: 300 },
    )
  })

  it('looks at what the condition with the fewest keys leaves, or at the namespace', () => {
    const { indexer, put, keys } = bed('app', 'tier')
    for (let i = 0; i < 100; i++)
      put(`${i < 3 ? 'small' : 'large'}/${i}`, { app: `a${i % 5}`, tier: `t${i % 20}` })
    const lookups = (text: string, namespace?: string): number => {
      indexer.lookups = 0
      keys(text, namespace)
      return indexer.lookups
    }
    expect(lookups('app=a1')).toBe(20)
    expect(lookups('app=a1,tier=t1')).toBe(5)
    expect(lookups('tier in (t1,t2),app=a1')).toBe(10)
    expect(lookups('app=none,tier=t1')).toBe(0)
    // Without an index that helps the rows are gone through, which takes no lookups.
    expect(lookups('app')).toBe(0)
    expect(lookups('app!=a1,tier notin (t1)')).toBe(0)
    expect(lookups('app in (a0,a1,a2,a3,a4)')).toBe(0)
    expect(lookups('tier=t1', 'small')).toBe(0)
    expect(keys('tier=t1', 'small')).toEqual(['small/1'])
    expect(keys('tier=t1', 'large')).toHaveLength(4)
  })

  it('meets once what matches throughout, wherever its label goes meanwhile', () => {
    const { put, select } = bed('app')
    const all = Array.from({ length: 10 }, (_, i) => `ns/${i}`)
    for (const key of all) put(key, { app: 'a' })
    put('ns/other', { app: 'other' })
    const seen: string[] = []
    for (const { key } of select('app in (a,b)').cells()) {
      seen.push(key)
      if (seen.length < 30) for (const one of all) put(one, { app: seen.length % 2 === 0 ? 'a' : 'b' })
    }
    expect(seen.sort()).toEqual(all)
  })
})
