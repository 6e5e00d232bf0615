import { median } from '../support/numbers.ts'

/** Several rounds of one ratio. */
export interface Sample {
  /** One a round; below or at `must` is good. */
  readonly ratios: readonly number[]
  /** The slowest round's baseline over the fastest one's. */
  readonly baselineSpread: number
  /** The figures behind the ratios, for the reader. */
  readonly detail: string
}

export interface RatioBudget {
  readonly title: string
  readonly must: number
  measure(): Promise<Sample>
}

export interface Verdict {
  readonly title: string
  readonly must: number
  /** The median of every try; the last is the best one if any holds. */
  readonly tries: readonly number[]
  /** The best of them. */
  readonly ratio: number
  readonly isHeld: boolean
  readonly baselineSpread: number
  readonly detail: string
}

/**
 * Measures until the median of a try is within the budget, at most `triesMax` times. A neighbour on the machine makes a
 * try worse, hardly ever better; code that became slower fails all of them.
 */
export async function hold(budget: RatioBudget, triesMax = 3): Promise<Verdict> {
  const { title, must } = budget
  const tries: number[] = []
  let best: Sample | undefined
  let ratio = Number.POSITIVE_INFINITY
  let baselineSpread = 1
  while (tries.length < triesMax) {
    const sample = await budget.measure()
    const found = median(sample.ratios)
    // NaN is no figure: it must not pass as one.
    tries.push(Number.isFinite(found) && found > 0 ? found : Number.POSITIVE_INFINITY)
    baselineSpread = Math.max(baselineSpread, sample.baselineSpread)
    if (best === undefined || (tries.at(-1) as number) < ratio) {
      best = sample
      ratio = tries.at(-1) as number
    }
    if (ratio <= must) break
  }
  return { title, must, tries, ratio, isHeld: ratio <= must, baselineSpread, detail: best?.detail ?? '' }
}

export function formatVerdict({
  title,
  must,
  tries,
  ratio,
  isHeld,
  baselineSpread,
  detail,
}: Verdict): string {
  const again = tries.length === 1 ? '' : `; tries ${tries.map((each) => each.toFixed(3)).join(', ')}`
  return (
    `${isHeld ? 'ok    ' : 'BROKEN'} ${title}: ${ratio.toFixed(3)}, must be ≤ ${must} (${detail}${again}; ` +
    `noise: JSON.parse varied ${baselineSpread.toFixed(1)}×)`
  )
}
