import type { InformerFactory } from '../informer-factory.ts'
import type { Percentiles, ProcessMeter } from './process-meter.ts'
import type { ResourceSample, RunSample } from './sample.ts'
import type { WatchedResource } from './watched-resource.ts'

/** What has to be counted over a time: less than a second would be too few samples. Timers come a little early. */
const windowMs = 950

/** Reads everything that an output may show. */
export class Sampler {
  readonly #resources: readonly WatchedResource[]
  readonly #factory: InformerFactory
  readonly #meter: ProcessMeter
  readonly #nowMs: () => number
  readonly #lags = new Map<WatchedResource, Percentiles>()
  #loopDelayMs: { readonly p99: number; readonly max: number } = { p99: 0, max: 0 }
  #windowAtMs: number

  constructor(options: {
    readonly resources: readonly WatchedResource[]
    readonly factory: InformerFactory
    readonly meter: ProcessMeter
    readonly nowMs: () => number
  }) {
    this.#resources = options.resources
    this.#factory = options.factory
    this.#meter = options.meter
    this.#nowMs = options.nowMs
    this.#windowAtMs = options.nowMs()
  }

  take(): RunSample {
    const atMs = this.#nowMs()
    if (atMs - this.#windowAtMs >= windowMs) {
      this.#windowAtMs = atMs
      this.#endWindow()
    }
    const { memory, cpuMs } = this.#meter
    let slabBytes = 0
    const resources = this.#resources.map((watched): ResourceSample => {
      const { informer, registration, recorder } = watched
      const { state, objects, watch, slabBytes: bytes } = informer.stats()
      const listener = registration.stats()
      slabBytes += bytes
      const report = watched.errorReport
      return {
        resource: watched.label,
        state,
        error: report?.text,
        advice: report?.advice,
        attempt: informer.health().attempt,
        isListed: informer.hasSynced(),
        hasSynced: listener.hasSynced,
        objects,
        initialPending: listener.initialPending,
        delivered: recorder.delivered,
        received: watch.events,
        bytesRead: watch.bytesRead,
        merged: watch.merged + listener.merged,
        relists: watch.relists,
        reconnects: watch.reconnects,
        queueCount: watch.queueCount,
        queueBytes: watch.queueBytes,
        bufferCount: listener.depth,
        lagMs: this.#lags.get(watched) ?? null,
      }
    })
    return {
      atMs,
      resources,
      process: {
        cpuMs,
        loopDelayMs: this.#loopDelayMs,
        rssBytes: memory.rssBytes,
        heapUsedBytes: memory.heapUsedBytes,
        slabBytes,
        threads: this.#factory.stats().threads,
      },
    }
  }

  #endWindow(): void {
    this.#loopDelayMs = this.#meter.takeRecentLoopDelayMs()
    for (const watched of this.#resources) {
      const { recentLag } = watched.recorder
      const lag = recentLag.percentiles()
      // A second without changes says nothing about lag: the last figure stays.
      if (lag !== null) this.#lags.set(watched, lag)
      recentLag.reset()
    }
  }
}
