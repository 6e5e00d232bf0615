import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Heap, type HeapNode } from '../../src/workqueue/heap.ts'

interface Node extends HeapNode {
  value: number
}

test('gives the smallest, after any pushes, pops and raises', () => {
  const step = fc.oneof(
    fc.record({ push: fc.integer({ min: 0, max: 50 }) }),
    fc.record({ raise: fc.nat(), by: fc.integer({ min: 0, max: 20 }) }),
    fc.constant('pop' as const),
  )
  const check = (steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[]): void => {
    const heap = new Heap<Node>((a, b) => a.value < b.value)
    const members: Node[] = []
    for (const one of steps) {
      if (one === 'pop') {
        const smallest = members.reduce((min, { value }) => Math.min(min, value), Number.POSITIVE_INFINITY)
        expect(heap.peek()?.value ?? Number.POSITIVE_INFINITY).toBe(smallest)
        const popped = heap.pop()
        if (popped === undefined) continue
        expect(popped.value).toBe(smallest)
        expect(popped.heapIndex).toBe(-1)
        members.splice(members.indexOf(popped), 1)
      } else if ('push' in one) {
        const node = { value: one.push, heapIndex: -1 }
        members.push(node)
        heap.push(node)
      } else if (members.length > 0) {
        const node = members[one.raise % members.length] as Node
        node.value -= one.by
        heap.raise(node)
      }
      expect(heap.size).toBe(members.length)
    }
  }
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), check), { numRuns: 300 })
})
