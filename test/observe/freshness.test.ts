import { expect, test } from 'vitest'
import { Freshness } from '../../src/observe/freshness.ts'

const silenceMs = 70_000

test('from its making to the first list: stale, and says what it waits for', () => {
  const freshness = new Freshness(silenceMs, 1_000)
  expect(freshness.staleness(false, 0, 3_000)).toMatchObject({ reason: 'idle', forMs: 2_000 })
  freshness.state('connecting', 4_000)
  freshness.state('syncing', 5_000)
  expect(freshness.staleness(false, 5_000, 6_000)).toMatchObject({ reason: 'syncing', forMs: 5_000 })
  freshness.state('watching', 7_000)
  // The worker has read the list, this thread has not applied it.
  expect(freshness.staleness(false, 7_000, 7_100)).toMatchObject({ reason: 'syncing' })
  expect(freshness.staleness(true, 7_000, 7_200)).toBeUndefined()
})

test('a fault: stale since it began, through all that follows, until it watches again', () => {
  const freshness = new Freshness(silenceMs, 0)
  freshness.state('watching', 1_000)
  freshness.state('retrying', 10_000)
  freshness.state('relisting', 15_000)
  freshness.state('retrying', 20_000)
  expect(freshness.staleness(true, 9_000, 25_000)).toMatchObject({ reason: 'retrying', forMs: 15_000 })
  freshness.state('watching', 30_000)
  expect(freshness.staleness(true, 9_000, 30_001)).toBeUndefined()
})

test('silence: no byte for longer than silenceMs; a watch opened since is a sign of life', () => {
  const freshness = new Freshness(silenceMs, 0)
  freshness.state('watching', 1_000)
  expect(freshness.staleness(true, 5_000, 75_000)).toBeUndefined()
  expect(freshness.staleness(true, 5_000, 75_001)).toEqual({
    reason: 'silent',
    message: 'no byte has come for longer than silenceMs',
    forMs: 70_001,
  })
  freshness.state('watching', 80_000)
  expect(freshness.staleness(true, 5_000, 80_001)).toBeUndefined()
})

test('a source that may have nothing to say is never silent', () => {
  const freshness = new Freshness(Number.POSITIVE_INFINITY, 0)
  freshness.state('watching', 1_000)
  expect(freshness.staleness(true, 1_000, 1e9)).toBeUndefined()
})
