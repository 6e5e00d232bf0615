import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { type Mutation, mutations, plant } from './mutations.ts'
import { runSchedules } from './runner.ts'
import { Schedule } from './schedule.ts'
import { loadStages } from './stages.ts'

/** The full run is `npm run simulate`; this one is short enough for every change. */
const scheduleCount = 1_500
/** Every planted bug shows within this many; most within ten. */
const mutationCountMax = 5_000
const isOfFullRun = ({ isHarmless, isRare }: Mutation): boolean => isHarmless === true || isRare === true
const repository = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

describe('the simulation', () => {
  test('finds no violation of the contract', { timeout: 300_000 }, async () => {
    const result = await runSchedules({ root: repository, start: 1, count: scheduleCount, threads: 2 })
    expect(result.failures).toEqual([])
    expect(result.schedules).toBe(scheduleCount)
    expect(result.stepsMin).toBeGreaterThanOrEqual(60)
    expect(result.keysMin).toBeGreaterThanOrEqual(3)
    // Queue and indexer know 19 rules; a rule that no schedule takes is a rule that nothing here tests.
    expect(result.rules.size).toBeGreaterThanOrEqual(19)
  })

  test('replays a seed exactly', { timeout: 60_000 }, async () => {
    const stages = await loadStages(repository)
    const trace = (seed: number): string[] => {
      const lines: string[] = []
      new Schedule({ stages, seed, log: (line) => lines.push(line) }).run()
      return lines
    }
    for (const seed of [7, 4711, 2 ** 40 + 1]) expect(trace(seed)).toEqual(trace(seed))
    expect(trace(7)).not.toEqual(trace(8))
  })

  test('can plant the bugs of the full run', () => {
    for (const mutation of mutations.filter(isOfFullRun)) plant(mutation, repository).remove()
  })

  test.each(mutations.filter((mutation) => !isOfFullRun(mutation)))(
    'finds: $name',
    { timeout: 120_000 },
    async (mutation) => {
      const { root, remove } = plant(mutation, repository)
      try {
        const { failures } = await runSchedules({
          root,
          start: 1,
          count: mutationCountMax,
          threads: 1,
          watchFromHighestPage: mutation.watchFromHighestPage ?? false,
          stopsAtFirst: true,
        })
        expect(failures.map(({ seed }) => seed)).toHaveLength(1)
      } finally {
        remove()
      }
    },
  )
})
