import { expect, test } from 'vitest'
import { KeyedQueue, type Queued } from '../../src/base/keyed-queue.ts'

class Item implements Queued<Item> {
  readonly key: string
  next: Item | undefined

  constructor(key: string) {
    this.key = key
  }
}

function take(queue: KeyedQueue<Item>): string[] {
  const keys: string[] = []
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) keys.push(item.key)
  return keys
}

test('hands items out in the order in which they came, found by key meanwhile', () => {
  const queue = new KeyedQueue<Item>()
  const b = new Item('b')
  queue.push(new Item('a'))
  queue.push(b)
  expect([queue.keyCount, queue.get('b'), [...queue.keys()]]).toEqual([2, b, ['a', 'b']])
  expect(queue.shift()?.key).toBe('a')
  expect([queue.get('a'), queue.head]).toEqual([undefined, b])
  queue.push(new Item('a'))
  expect(take(queue)).toEqual(['b', 'a'])
  expect([queue.keyCount, queue.head, queue.shift()]).toEqual([0, undefined, undefined])
})

test('a mark keeps its place and takes no key away, even if it names one', () => {
  const queue = new KeyedQueue<Item>()
  queue.push(new Item('a'))
  queue.mark(new Item('b'))
  queue.push(new Item('b'))
  queue.mark(new Item('a'))
  expect(queue.keyCount).toBe(2)
  expect([queue.shift()?.key, queue.shift()?.key, queue.get('b')?.key]).toEqual(['a', 'b', 'b'])
  expect(take(queue)).toEqual(['b', 'a'])
})

test('can be used again after it was emptied or cleared', () => {
  const queue = new KeyedQueue<Item>()
  queue.push(new Item('a'))
  queue.push(new Item('b'))
  queue.clear()
  expect([queue.keyCount, queue.head, queue.get('a')]).toEqual([0, undefined, undefined])
  queue.push(new Item('a'))
  expect(take(queue)).toEqual(['a'])
  queue.push(new Item('a'))
  expect(take(queue)).toEqual(['a'])
})
