import {
  createHistogram,
  type EventLoopUtilization,
  monitorEventLoopDelay,
  performance,
  type RecordableHistogram,
} from 'node:perf_hooks'

type IntervalHistogram = ReturnType<typeof monitorEventLoopDelay>

const resolutionMs = 5

export interface Percentiles {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Milliseconds, kept as microseconds in a fixed-size histogram: any number of samples costs the same. */
export class MsHistogram {
  readonly #histogram: RecordableHistogram = createHistogram({
    lowest: 1,
    highest: 3_600_000_000,
    figures: 3,
  })

  record(ms: number): void {
    // Zero and clock noise below it would be refused.
    this.#histogram.record(Math.max(1, Math.min(3_600_000_000, Math.round(ms * 1000))))
  }

  /** Takes over the other's samples as well. */
  add(other: MsHistogram): void {
    this.#histogram.add(other.#histogram)
  }

  reset(): void {
    this.#histogram.reset()
  }

  /** null: no sample yet. */
  percentiles(): Percentiles | null {
    if (this.#histogram.count === 0) return null
    const of = (p: number) => this.#histogram.percentile(p) / 1000
    return { p50: of(50), p99: of(99), max: this.#histogram.max / 1000 }
  }
}

/** What this process costs: the figures of the summary that no stage knows. */
export class ProcessMeter {
  readonly #delay: IntervalHistogram
  readonly #recentDelay: IntervalHistogram
  #utilization: EventLoopUtilization
  #cpu: NodeJS.CpuUsage

  constructor() {
    this.#delay = monitorEventLoopDelay({ resolution: resolutionMs })
    this.#recentDelay = monitorEventLoopDelay({ resolution: resolutionMs })
    this.#delay.enable()
    this.#recentDelay.enable()
    this.#utilization = performance.eventLoopUtilization()
    this.#cpu = process.cpuUsage()
  }

  /** Everything from here on counts: what came before (the embedded server's start) is not the engine's. */
  restart(): void {
    this.#delay.reset()
    this.#recentDelay.reset()
    this.#utilization = performance.eventLoopUtilization()
    this.#cpu = process.cpuUsage()
  }

  stop(): void {
    this.#delay.disable()
    this.#recentDelay.disable()
  }

  get loopDelayMs(): { readonly p99: number; readonly max: number } {
    return delays(this.#delay)
  }

  /** Since the last call. */
  takeRecentLoopDelayMs(): { readonly p99: number; readonly max: number } {
    const result = delays(this.#recentDelay)
    this.#recentDelay.reset()
    return result
  }

  /** Time the main thread's event loop was not waiting. */
  get mainBusyMs(): number {
    return performance.eventLoopUtilization(this.#utilization).active
  }

  /** All threads of the process. */
  get cpuMs(): number {
    const { user, system } = process.cpuUsage(this.#cpu)
    return (user + system) / 1000
  }

  get memory(): { readonly rssBytes: number; readonly peakRssBytes: number; readonly heapUsedBytes: number } {
    const { rss, heapUsed } = process.memoryUsage()
    return { rssBytes: rss, peakRssBytes: process.resourceUsage().maxRSS * 1024, heapUsedBytes: heapUsed }
  }
}

/** The histogram measures the time between two ticks: what exceeds the interval is the delay. */
function delays(histogram: IntervalHistogram): { p99: number; max: number } {
  const excess = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - resolutionMs)
  if (histogram.count === 0) return { p99: 0, max: 0 }
  return { p99: excess(histogram.percentile(99)), max: excess(histogram.max) }
}
