import { expect, it } from 'vitest'
import type { RefusedObject } from '../src/informer-stats.ts'
import { RefusedObjects } from '../src/refused-objects.ts'

function refused(key: string | undefined): RefusedObject {
  const error = { code: 'ERR_FRAME_TOO_LARGE', message: 'too large', facts: {} } as RefusedObject['error']
  return { key, resourceVersion: '1', bytes: 1, error }
}

it('names the newest 1,000, and says from when on it may not have named all', () => {
  const objects = new RefusedObjects()
  for (let i = 0; i < 999; i++) objects.add(refused(`a/${i}`), 1)
  objects.add(refused('a/0'), 1)
  expect(objects.isFull).toBe(false)
  objects.add(refused('a/999'), 1)
  expect(objects.isFull).toBe(true)
  objects.add(refused('a/1000'), 1)
  expect(objects.list()).toHaveLength(1_000)
  expect(objects.get('a/0')).toBeDefined()
  expect(objects.get('a/1')).toBeUndefined()
})

it('of objects without a readable key, asks for one list a minute', () => {
  const objects = new RefusedObjects()
  const asked = Array.from({ length: 121 }, (_, second) => objects.needsList(second * 1_000))
  expect(asked.flatMap((needs, second) => (needs ? [second] : []))).toEqual([0, 60, 120])
})
