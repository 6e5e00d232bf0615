import { describe, expect, it } from 'vitest'
import { KeyMap } from '../../src/base/key-map.ts'
import { KeySet } from '../../src/base/key-set.ts'

const names = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `kube-node-lease/node-${i}.example`)

describe('KeyMap', () => {
  it('is a map: sets, replaces, deletes, counts, iterates', () => {
    const map = new KeyMap<number>()
    const model = new Map<string, number>()
    // Short keys too, whose last characters do not exist.
    for (const [i, key] of ['', 'a', 'ab', 'a/b', ...names(5000)].entries()) {
      map.set(key, i)
      model.set(key, i)
    }
    for (const key of names(5000).filter((_, i) => i % 3 === 0)) {
      expect(map.delete(key)).toBe(model.delete(key))
      expect(map.delete(key)).toBe(false)
    }
    for (const key of names(100)) {
      map.set(key, -1)
      model.set(key, -1)
    }
    expect(map.size).toBe(model.size)
    expect(new Map(map.entries())).toEqual(model)
    expect(map.get('absent')).toBeUndefined()
  })
})

describe('KeySet', () => {
  it('is a set, below and above the size at which it is split', () => {
    const set = new KeySet()
    const all = names(10_000)
    for (const key of all) {
      set.add(key)
      set.add(key)
    }
    expect(set.size).toBe(10_000)
    expect(set.has('node-1')).toBe(false)
    for (const key of all.slice(0, 9_990)) expect(set.delete(key)).toBe(true)
    expect(set.delete(all[0] as string)).toBe(false)
    expect([...set].sort()).toEqual(all.slice(9_990).sort())
    expect(set.has(all[9_995] as string)).toBe(true)
  })

  it('goes on being iterated while it is split', () => {
    const set = new KeySet()
    const before = names(4096)
    for (const key of before) set.add(key)
    const seen: string[] = []
    for (const key of set) {
      if (seen.length === 10) for (const more of ['x', 'y', 'z']) set.add(more)
      seen.push(key)
    }
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen).toEqual(expect.arrayContaining(before))
  })
})
