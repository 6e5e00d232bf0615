import { describe, expect, it } from 'vitest'
import { CreditReturn } from '../../src/engine/credit-return.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'

function bed(windowBytes = 8_000) {
  const runtime = new VirtualRuntime()
  const posts: [bytes: number, buffers: number][] = []
  const credit = new CreditReturn({
    runtime,
    windowBytes,
    post: (bytes, buffers) => posts.push([bytes, buffers.length]),
  })
  return { runtime, posts, credit }
}

describe('CreditReturn', () => {
  it('gives an eighth of the window back at once: a watch that waits for credit waits for all of it', () => {
    const { posts, credit } = bed()
    credit.add(900, undefined)
    expect(posts).toEqual([])
    credit.add(100, undefined)
    expect(posts).toEqual([[1_000, 0]])
    credit.add(5_000, undefined)
    expect(posts).toEqual([
      [1_000, 0],
      [5_000, 0],
    ])
  })

  it('gives six buffers back at once, fewer with what else is due', () => {
    const { posts, credit } = bed()
    for (let i = 0; i < 7; i++) credit.add(1, new ArrayBuffer(1))
    expect(posts).toEqual([[6, 6]])
    credit.add(2_000, undefined)
    expect(posts).toEqual([
      [6, 6],
      [2_001, 1],
    ])
  })

  it('keeps nothing back for longer than 50 ms', () => {
    const { runtime, posts, credit } = bed()
    credit.add(1, new ArrayBuffer(1))
    runtime.advance(45)
    credit.add(2, undefined)
    expect(posts).toEqual([])
    runtime.advance(5)
    expect(posts).toEqual([[3, 1]])
    runtime.advance(1_000)
    expect(posts.length).toBe(1)
  })

  it('forgets what belongs to a watch that is gone', () => {
    const { runtime, posts, credit } = bed()
    credit.add(1, new ArrayBuffer(1))
    credit.clear()
    runtime.advance(1_000)
    credit.add(2, undefined)
    runtime.advance(1_000)
    expect(posts).toEqual([[2, 0]])
  })
})
