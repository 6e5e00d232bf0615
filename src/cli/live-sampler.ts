import { nodeRuntime } from '../base/runtime.ts'
import type { Informer } from '../informer.ts'
import type { KubernetesObject } from '../kubernetes-object.ts'
import type { Registration } from '../notify/registration.ts'
import type { LiveSample } from './output.ts'
import type { ProcessMeter } from './process-meter.ts'
import type { Recorder } from './recorder.ts'

/** Turns running totals into the last second's figures. */
export class LiveSampler {
  readonly #informer: Informer<KubernetesObject>
  readonly #registration: Registration
  readonly #recorder: Recorder
  readonly #meter: ProcessMeter
  #atMs: number = nodeRuntime.nowMs()
  #delivered = 0
  #received = 0
  #bytes = 0

  constructor(
    informer: Informer<KubernetesObject>,
    registration: Registration,
    recorder: Recorder,
    meter: ProcessMeter,
  ) {
    this.#informer = informer
    this.#registration = registration
    this.#recorder = recorder
    this.#meter = meter
  }

  take(): LiveSample {
    const nowMs = nodeRuntime.nowMs()
    const seconds = Math.max(0.001, (nowMs - this.#atMs) / 1000)
    const { state, objects, watch } = this.#informer.stats()
    const listener = this.#registration.stats()
    const { delivered, recentLag } = this.#recorder
    const memory = this.#meter.memory
    const sample: LiveSample = {
      state,
      hasSynced: this.#registration.hasSynced(),
      objects,
      changesPerSecond: (delivered - this.#delivered) / seconds,
      receivedPerSecond: (watch.events - this.#received) / seconds,
      bytesPerSecond: (watch.bytesRead - this.#bytes) / seconds,
      lagMs: recentLag.percentiles(),
      queueCount: watch.queueCount,
      queueBytes: watch.queueBytes,
      bufferCount: listener.depth,
      merged: watch.merged + listener.merged,
      loopDelayMs: this.#meter.takeRecentLoopDelayMs(),
      rssBytes: memory.rssBytes,
      heapUsedBytes: memory.heapUsedBytes,
    }
    this.#atMs = nowMs
    this.#delivered = delivered
    this.#received = watch.events
    this.#bytes = watch.bytesRead
    recentLag.reset()
    return sample
  }
}
