import { expect, test, vi } from 'vitest'
import { DeltaFIFO, waitForCacheSync } from '../../src/index.ts'
import { type Thing, thing } from './cache-support.ts'

test('waits until all have synced, functions and what tells by itself', async () => {
  const queue = new DeltaFIFO<Thing>()
  let isSynced = false
  const waiting = waitForCacheSync(undefined, queue, () => isSynced)
  queue.add(thing('a'))
  isSynced = true
  expect(await waiting).toBe(true)
})

test('asks nobody again who has synced, and nobody at all for nothing', async () => {
  const once = vi.fn(() => true)
  const never = vi.fn(() => false)
  expect(await waitForCacheSync(AbortSignal.timeout(250), once, never)).toBe(false)
  expect([once.mock.calls.length, never.mock.calls.length > 2]).toEqual([1, true])
  expect(await waitForCacheSync(undefined)).toBe(true)
})

test('is false at once when the signal aborts, unless all is done already', async () => {
  const stop = new AbortController()
  const waiting = waitForCacheSync(stop.signal, () => false)
  stop.abort()
  expect(await waiting).toBe(false)
  expect(await waitForCacheSync(stop.signal, () => true)).toBe(true)
})

test('throws what is thrown', async () => {
  const queue = new DeltaFIFO<Thing>()
  const waiting = waitForCacheSync(undefined, queue, () => {
    throw new Error('no')
  })
  await expect(waiting).rejects.toThrow('no')
  queue.add(thing('a'))
})
