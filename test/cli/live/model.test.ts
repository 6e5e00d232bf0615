import { expect, test } from 'vitest'
import { bar, sparkline, wanderingBar } from '../../../src/cli/live/bars.ts'
import { historySecondsMax, Model, type ResourceFigures } from '../../../src/cli/live/model.ts'
import { cut, cutMiddle, padEnd, padStart, widthOf } from '../../../src/cli/live/text-width.ts'
import type { ResourceSample } from '../../../src/cli/sample.ts'
import { following, runSample, syncing } from './samples.ts'

function first(model: Model, atMs: number, sample: ResourceSample): ResourceFigures {
  return model.add(runSample(atMs, sample)).resources[0] as ResourceFigures
}

test('rates are of the last second, whatever the distance of samples; counters start from nothing', () => {
  const model = new Model(1_000)
  const at = (atMs: number, delivered: number) =>
    first(model, atMs, following({ delivered, received: 2 * delivered, bytesRead: 10 * delivered }))
  expect(at(1_500, 100).changesPerSecond).toBe(200)
  for (let atMs = 1_700; atMs <= 5_500; atMs += 200) at(atMs, 100)
  expect(at(5_700, 150)).toMatchObject({ changesPerSecond: 50, receivedPerSecond: 100, bytesPerSecond: 500 })
  expect(at(6_700, 150).changesPerSecond).toBe(0)
  // After a long block: the average over it.
  expect(at(10_700, 550).changesPerSecond).toBe(100)
})

test('history: a mark per second, the newest last, not more than it may keep; a block is spread', () => {
  const model = new Model(0)
  const at = (atMs: number, delivered: number) => first(model, atMs, following({ delivered })).history
  expect(at(0, 0)).toEqual([])
  expect(at(999, 5)).toEqual([])
  expect(at(1_000, 10)).toEqual([10])
  expect(at(1_200, 15)).toEqual([10])
  expect(at(2_000, 40)).toEqual([10, 30])
  expect(at(5_000, 100)).toEqual([10, 30, 20, 20, 20])
  expect(at(1_000_000, 100)).toEqual(Array.from({ length: historySecondsMax }, () => 0))
})

test('totals: sums over resources, CPU of all threads as a share of one core', () => {
  const model = new Model(0)
  model.add(runSample(1_000, following({ delivered: 10 }), following({ resource: 'nodes', delivered: 1 })))
  const figures = model.add(
    runSample(2_000, following({ delivered: 30 }), following({ resource: 'nodes', delivered: 4 })),
  )
  expect(figures).toMatchObject({ uptimeMs: 2_000, objects: 40_000, changesPerSecond: 23 })
  expect(figures.cpuPercent).toBeCloseTo(143, 5)
})

test('progress claims what is known only', () => {
  const model = new Model(0)
  const progress = (atMs: number, sample: ResourceSample) => first(model, atMs, sample).progress
  expect(progress(0, syncing({ state: 'connecting' }))).toBeUndefined()
  expect(progress(1, syncing())).toEqual({ kind: 'listing' })
  const listed = { isListed: true, state: 'watching', objects: 100, initialPending: 30 } as const
  expect(progress(2, syncing(listed))).toEqual({ kind: 'handling', done: 70, total: 100 })
  expect(progress(3, following())).toBeUndefined()
  expect(progress(4, following({ state: 'relisting', received: 500, objects: 90 }))).toEqual({
    kind: 'relisting',
    read: 0,
    cached: 90,
  })
  expect(progress(5, following({ state: 'relisting', received: 540, objects: 90 }))).toMatchObject({
    read: 40,
  })
  expect(progress(6, following())).toBeUndefined()
  expect(progress(7, following({ state: 'relisting', received: 900 }))).toMatchObject({ read: 0 })
})

test('trouble: how long it lasts, over when the watch follows again, then shown for a minute', () => {
  const model = new Model(0)
  const trouble = (atMs: number, more: Partial<ResourceSample> = {}) =>
    first(model, atMs, following(more)).trouble
  const failing = (error: string, attempt: number) => ({ state: 'retrying', error, attempt }) as const
  expect(trouble(0)).toBeUndefined()
  expect(trouble(1_000, failing('gone', 1))).toMatchObject({
    text: 'gone',
    attempt: 1,
    phase: 'now',
    ageMs: 0,
  })
  expect(trouble(2_000, failing('gone again', 2))).toMatchObject({
    text: 'gone again',
    attempt: 2,
    phase: 'now',
    ageMs: 1_000,
  })
  // The list that comes in clears the error; the cache is still the old one.
  expect(trouble(3_000, { state: 'relisting' })).toMatchObject({ phase: 'returning', ageMs: 2_000 })
  expect(trouble(4_000)).toMatchObject({ text: 'gone again', phase: 'over', ageMs: 0 })
  expect(trouble(7_000)).toMatchObject({ phase: 'over', ageMs: 3_000 })
  // Again: a time of its own.
  expect(trouble(8_000, failing('no', 1))).toMatchObject({ text: 'no', phase: 'now', ageMs: 0 })
  expect(trouble(9_000)).toMatchObject({ text: 'no', phase: 'over' })
  expect(trouble(69_001)).toBeUndefined()
})

test('sparkline: newest at the right, zero apart from little, the highest mark for the most', () => {
  expect(sparkline([], 4)).toBe('    ')
  expect(sparkline([0, 0], 4)).toBe('  ··')
  expect(sparkline([9, 0, 1, 40, 80, 100], 5)).toBe('·▁▂▅▇')
  expect(sparkline([5, 5, 5], 3)).toBe('▇▇▇')
})

test('bars: as full as the fraction, never over; a wandering one comes back', () => {
  expect(bar(0.5, 6)).toBe('[██░░]')
  expect(bar(7, 6)).toBe('[████]')
  const seen = Array.from({ length: 5 }, (_, i) => wanderingBar(i * 200, 8))
  expect(seen).toEqual(['[████░░]', '[░████░]', '[░░████]', '[░████░]', '[████░░]'])
  expect(wanderingBar(1_000, 4)).toBe('[██]')
})

test('texts are cut and padded by what they take on the screen, whole characters only', () => {
  expect(widthOf('容器')).toBe(4)
  expect(cut('a-long-name', 6)).toBe('a-lon…')
  expect(cut('容器组', 4)).toBe('容…')
  expect(cut('容器', 4)).toBe('容器')
  expect(cut('x', 0)).toBe('')
  expect(cutMiddle('apps/v1/deployments', 9)).toBe('apps…ents')
  expect(cutMiddle('👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 6)).toBe('👩‍👩‍👧‍👦…👩‍👩‍👧‍👦')
  expect(padEnd('容', 4)).toBe('容  ')
  expect(padStart('é', 3)).toBe('  é')
})
