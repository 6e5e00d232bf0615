import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'

/** Durations since the queue was made. */
export interface DurationStats {
  readonly count: number
  readonly sumMs: number
  /** Within 1 %, as is {@link p99Ms}; 0 while nothing was measured. */
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

/** A day in microseconds; longer ones count as this in the percentiles. */
const highest = 86_400_000_000

/** Any number of durations at the cost of 25 KB. */
export class DurationMeter {
  // Made with the first duration: a process may have many queues that never see an item.
  #histogram: RecordableHistogram | undefined
  #sumMs = 0
  #maxMs = 0

  record(ms: number): void {
    ms = Math.max(0, ms)
    this.#histogram ??= createHistogram({ lowest: 1, highest, figures: 2 })
    // Zero, and clock noise below it, would be refused.
    this.#histogram.record(Math.max(1, Math.min(highest, Math.round(ms * 1000))))
    this.#sumMs += ms
    if (ms > this.#maxMs) this.#maxMs = ms
  }

  stats(): DurationStats {
    return {
      count: this.#histogram?.count ?? 0,
      sumMs: this.#sumMs,
      p50Ms: this.#percentileMs(50),
      p99Ms: this.#percentileMs(99),
      maxMs: this.#maxMs,
    }
  }

  #percentileMs(percent: number): number {
    // A bucket's end may lie above the largest duration in it.
    return Math.min(this.#maxMs, (this.#histogram?.percentile(percent) ?? 0) / 1000)
  }
}
