import { expect, test } from 'vitest'
import { ValueIndex } from '../../src/indexer/value-index.ts'

test('a key that stays under a value keeps its place: who iterates meets it once', () => {
  const index = new ValueIndex()
  for (const key of ['a', 'b', 'c']) index.move(key, [], ['x', 'y'])
  const seen: string[] = []
  for (const key of index.keysOf('x') ?? []) {
    seen.push(key)
    if (seen.length < 10) index.move(key, ['x', 'y'], ['z', 'x'])
  }
  expect(seen).toEqual(['a', 'b', 'c'])
  expect([...index.values()].sort()).toEqual(['x', 'z'])
  for (const key of seen) index.move(key, ['x', 'z'], [])
  expect([...index.values()]).toEqual([])
})
