import { describe, expect, it } from 'vitest'
import { formatVerdict, hold, type RatioBudget } from '../../bench/guard/hold.ts'

/** Each try measures the next of these, in three rounds, one of them disturbed. */
function budget(medians: readonly number[]): RatioBudget & { tries: number } {
  return {
    title: 'transcode / JSON.parse',
    must: 0.5,
    tries: 0,
    async measure() {
      const ratio = medians[this.tries++] ?? Number.NaN
      return { ratios: [ratio, ratio * 3, ratio], baselineSpread: 1 + this.tries / 10, detail: 'a / b' }
    },
  }
}

describe('the ratio guard', () => {
  it('is content with the first try that holds', async () => {
    const held = budget([0.4, 0.1])
    expect(await hold(held)).toMatchObject({ isHeld: true, ratio: 0.4, tries: [0.4], baselineSpread: 1.1 })
    expect(held.tries).toBe(1)
  })

  it('tries again when a try is over, and takes the best median', async () => {
    const verdict = await hold(budget([0.7, 0.5]))
    expect(verdict).toMatchObject({ isHeld: true, ratio: 0.5, tries: [0.7, 0.5], baselineSpread: 1.2 })
    expect(formatVerdict(verdict)).toBe(
      'ok     transcode / JSON.parse: 0.500, must be ≤ 0.5 (a / b; tries 0.700, 0.500; noise: JSON.parse varied 1.2×)',
    )
  })

  it('fails what became slower, after three tries', async () => {
    // As measured when it was within, and a third slower since.
    const slower = [0.42, 0.4, 0.41, 0.2].map((ratio) => ratio * 1.33)
    const verdict = await hold(budget(slower))
    expect(verdict.isHeld).toBe(false)
    expect(verdict.ratio).toBeCloseTo(0.532)
    expect(verdict.tries).toHaveLength(3)
    expect(formatVerdict(verdict)).toMatch(/^BROKEN transcode .* 0\.532, must be ≤ 0\.5/)
  })

  it.each([Number.NaN, 0, Number.POSITIVE_INFINITY])('takes no figure for a good one: %s', async (none) => {
    expect((await hold(budget([none, none, none]))).isHeld).toBe(false)
  })
})
