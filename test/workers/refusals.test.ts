import { expect, test } from 'vitest'
import { type Refusal, Refusals } from '../../workers/refusals.ts'

function refusal(key: string | undefined): Refusal {
  const error = { code: 'ERR_INVALID_JSON', message: 'broken' } as Refusal['error']
  return { type: 'refused', key, resourceVersion: '1', bytes: 1, error, generation: 1 }
}

test('a flood while main sees nothing is counted, told up to a bound, then as one object that may be any', () => {
  const told: (string | undefined)[] = []
  const refusals = new Refusals(({ key }) => told.push(key))
  for (let i = 0; i < 50_000; i++) refusals.add(refusal(`web/pod-${i}`))
  expect(refusals.count).toBe(50_000)
  expect(told).toHaveLength(1_000)
  for (let i = 0; i < 999; i++) refusals.seen()
  expect(told).toHaveLength(1_000)
  refusals.seen()
  expect(told.slice(1_000)).toEqual([undefined])
  refusals.seen()
  refusals.add(refusal('web/later'))
  expect(told.slice(1_001)).toEqual(['web/later'])
})
