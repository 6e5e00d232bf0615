import { nodeRuntime } from '../base/runtime.ts'
import type { ApiClient } from '../config/api-request.ts'
import type { ConnectionConfig } from '../config/connection-config.ts'
import type { KubeInformerError } from '../errors.ts'
import { createInformerFactory, type InformerFactory } from '../informer-factory.ts'
import type { ResourceType } from '../resources/names.ts'
import type { WatchArguments } from './arguments.ts'
import { exitCodes, reportOf } from './cli-error.ts'
import type { CommandIo } from './command-io.ts'
import type { EmbeddedServer } from './embedded.ts'
import type { Output } from './output.ts'
import { MsHistogram, ProcessMeter } from './process-meter.ts'
import { Sampler } from './sampler.ts'
import { type ProcessFigures, roundNumbers, type Summary, sumUp } from './summary.ts'
import { WatchedResource } from './watched-resource.ts'

export interface WatchRunInput {
  readonly options: WatchArguments
  readonly io: CommandIo
  readonly config: ConnectionConfig | undefined
  readonly client: ApiClient
  readonly types: readonly ResourceType[]
  readonly embedded: EmbeddedServer | undefined
  readonly output: Output
  readonly startedAtMs: number
}

/** A connection is made and nothing comes: that may be a proxy, or another kind of server. */
const unansweredMs = 10_000
/** So long a refused resource waits for another one to work: if none does, one line is all that is told. */
const refusalQuietMs = 5_000

/** One `watch` from start to summary. Make it and {@link run} it once. */
export class WatchRun {
  readonly #input: WatchRunInput
  readonly #slices: MsHistogram = new MsHistogram()
  readonly #meter: ProcessMeter = new ProcessMeter()
  readonly #factory: InformerFactory
  readonly #resources: readonly WatchedResource[]
  readonly #end = new AbortController()
  /** Refused at the start, and nobody was told. */
  readonly #untold = new Set<WatchedResource>()
  #hasToldSilence = false
  #failure: KubeInformerError | undefined
  /** What each resource did before it was stopped. */
  #whys: readonly string[] = []

  constructor(input: WatchRunInput) {
    const { options, types, embedded, config, output } = input
    this.#input = input
    this.#factory = createInformerFactory({
      ...(config !== undefined && { kubeConfig: config }),
      ...(options.threads !== undefined && { threads: options.threads }),
      ...(options.inFlightBytes !== undefined && { inFlightBytesMax: options.inFlightBytes }),
      onHandlerError: (error, { resource, key }) => {
        const { text } = reportOf(error)
        output.notice(`handler failed on ${resource} ${key}: ${text}`, { resource, key, text })
      },
    })
    this.#factory.onSlice((durationMs) => this.#slices.record(durationMs))
    this.#resources = types.map(
      (type) =>
        new WatchedResource({
          type,
          options,
          factory: this.#factory,
          output,
          isAudited: embedded !== undefined,
          nowMs: nodeRuntime.nowMs,
        }),
    )
  }

  /** Gives the exit code; rejects with what makes the watch pointless before it delivered anything. */
  async run(): Promise<number> {
    const { options, io, output } = this.#input
    const stop = () => this.#end.abort()
    if (io.interrupt.aborted) stop()
    io.interrupt.addEventListener('abort', stop)
    const timer = options.duration === undefined ? undefined : setTimeout(stop, options.duration)
    const sampler = new Sampler({
      resources: this.#resources,
      factory: this.#factory,
      meter: this.#meter,
      nowMs: nodeRuntime.nowMs,
    })
    const ticker = setInterval(() => {
      this.#tellSilence()
      this.#tellRefusals()
      output.sample(sampler.take())
    }, output.sampleMs)
    const unsubscribe = this.#resources.map((watched) => this.#listen(watched))
    try {
      this.#factory.start()
      await this.#follow()
      clearInterval(ticker)
      for (const end of unsubscribe) end()
      if (this.#failure !== undefined) throw this.#failure
      this.#tellRefusals(true)
      output.sample(sampler.take())
      output.ending()
      const summary = await this.#sumUp()
      await output.end(summary)
      return this.#outcome(summary)
    } finally {
      clearInterval(ticker)
      clearTimeout(timer)
      for (const end of unsubscribe) end()
      io.interrupt.removeEventListener('abort', stop)
      this.#meter.stop()
      await this.#factory.close()
    }
  }

  #listen(watched: WatchedResource): () => void {
    return watched.informer.onStateChange(({ state, error }) => {
      if (error !== undefined && watched.refuse(error)) this.#untold.add(watched)
      const { refusal } = watched
      if (refusal === undefined) {
        this.#untold.delete(watched)
        this.#input.output.state(watched.label, state, error && `${error.code}: ${error.message}`)
      } else if (this.#resources.every((each) => each.refusal !== undefined)) {
        // Told once, as the reason of the end.
        this.#failure ??= refusal
        this.#end.abort()
      } else if (this.#input.options.untilSynced) this.#checkSettled()
    })
  }

  /** Until synced (if that is all that is wanted), interrupted, out of time, or failed. */
  async #follow(): Promise<void> {
    const { options, startedAtMs } = this.#input
    const { signal } = this.#end
    await Promise.all(
      this.#resources.map(async (watched) => {
        await watched.sync(signal, startedAtMs)
        if (options.untilSynced) this.#checkSettled()
      }),
    )
    if (options.untilSynced || signal.aborted) return
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  }

  /** A resource that is refused may stay so for ever: it does not hold up the end. */
  #checkSettled(): void {
    if (this.#resources.every(({ syncMs, refusal }) => syncMs !== null || refusal !== undefined)) {
      this.#end.abort()
    }
  }

  #tellRefusals(isLast = false): void {
    const uptimeMs = nodeRuntime.nowMs() - this.#input.startedAtMs
    if (!isLast && uptimeMs < refusalQuietMs && !this.#resources.some(({ hasBegun }) => hasBegun)) return
    for (const { label, informer, refusal } of this.#untold) {
      if (refusal !== undefined) {
        this.#input.output.state(label, informer.state, `${refusal.code}: ${refusal.message}`)
      }
    }
    this.#untold.clear()
  }

  #tellSilence(): void {
    const { options, startedAtMs, output } = this.#input
    if (this.#hasToldSilence || nodeRuntime.nowMs() - startedAtMs <= unansweredMs) return
    this.#hasToldSilence = true
    const isSilent = this.#resources.every(
      ({ informer }) => informer.stats().watch.bytesRead === 0 && informer.lastError === undefined,
    )
    if (isSilent) output.notice(`no answer from ${options.server ?? 'the API server'} yet; still waiting`)
  }

  async #sumUp(): Promise<Summary> {
    const { embedded, client } = this.#input
    const figures = this.#figures()
    await embedded?.stopChurn()
    const audits = new Map<WatchedResource, Awaited<ReturnType<WatchedResource['audit']>>>()
    for (const watched of this.#resources) audits.set(watched, await watched.audit(client))
    const errors = new Map(this.#resources.map((each) => [each, each.informer.lastError?.message]))
    this.#whys = this.#resources.map(({ why }) => why)
    // Stopped before it is summed up: the worker's last counters come with the stop.
    await Promise.all(this.#resources.map(({ informer }) => informer.stop()))
    const resources = this.#resources.map((each) => each.summary(audits.get(each), errors.get(each)))
    const lag = new MsHistogram()
    for (const { recorder } of this.#resources) lag.add(recorder.lag)
    return roundNumbers({
      ...sumUp(resources, lag.percentiles()),
      ...figures,
      threads: this.#factory.stats().threads,
      resources,
    })
  }

  /** The process as it was while it watched: the audit unpacks everything, and is not what is measured. */
  #figures(): ProcessFigures {
    return {
      durationMs: nodeRuntime.nowMs() - this.#input.startedAtMs,
      loopDelayMs: this.#meter.loopDelayMs,
      mainBusyMs: this.#meter.mainBusyMs,
      cpuMs: this.#meter.cpuMs,
      sliceMs: this.#slices.percentiles(),
      ...this.#meter.memory,
    }
  }

  /** The exit code. Of several resources one that works is enough, unless all of them were waited for. */
  #outcome({ audit }: Summary): number {
    const { options, io } = this.#input
    if (audit !== undefined && !audit.ok) return exitCodes.auditFailed
    // To be interrupted is what the user wanted; to be out of time before the first list is not.
    if (io.interrupt.aborted) return 0
    const unsynced = this.#resources.filter(({ syncMs }) => syncMs === null).length
    const isFailure = options.untilSynced ? unsynced > 0 : unsynced === this.#resources.length
    const within = options.duration === undefined ? '' : ` within --duration ${options.duration}ms`
    for (const [i, { label, syncMs }] of this.#resources.entries()) {
      if (syncMs !== null) continue
      const name = this.#resources.length === 1 ? '' : `${label} `
      io.problems.write(`${isFailure ? 'error' : 'note'}: ${name}not synced${within} (${this.#whys[i]})`)
    }
    return isFailure ? exitCodes.failure : 0
  }
}
