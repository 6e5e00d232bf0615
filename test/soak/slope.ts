export interface Sample {
  readonly minutes: number
  readonly megabytes: number
}

/** Least-squares slope in MB/min over the last `share` of the samples: what comes before is warming up. */
export function slopeOf(samples: readonly Sample[], share = 0.8): number {
  const kept = samples.slice(Math.floor(samples.length * (1 - share)))
  if (kept.length < 2) return Number.NaN
  const mean = (of: (sample: Sample) => number): number =>
    kept.reduce((sum, sample) => sum + of(sample), 0) / kept.length
  const minutes = mean((sample) => sample.minutes)
  const megabytes = mean((sample) => sample.megabytes)
  const spread = mean((sample) => (sample.minutes - minutes) ** 2)
  return mean((sample) => (sample.minutes - minutes) * (sample.megabytes - megabytes)) / spread
}
