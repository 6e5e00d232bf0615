import { nodeRuntime } from '../base/runtime.ts'
import type { ApiClient } from '../config/api-request.ts'
import type { ConnectionConfig } from '../config/connection-config.ts'
import type { KubeInformerError } from '../errors.ts'
import type { Informer } from '../informer.ts'
import { createInformerFactory, type InformerFactory } from '../informer-factory.ts'
import { pendingOf } from '../informer-stats.ts'
import type { KubernetesObject } from '../kubernetes-object.ts'
import type { Registration } from '../notify/registration.ts'
import { type ResourceType, resourceLabel } from '../resources/names.ts'
import type { WatchArguments } from './arguments.ts'
import { Audit, type AuditResult } from './audit.ts'
import { exitCodes } from './cli-error.ts'
import type { CommandIo } from './command-io.ts'
import type { EmbeddedServer } from './embedded.ts'
import { isFatalAtStart } from './fatal-error.ts'
import { Fold } from './fold.ts'
import { LiveSampler } from './live-sampler.ts'
import type { Output } from './output.ts'
import { outputFor } from './output-modes.ts'
import { MsHistogram, ProcessMeter } from './process-meter.ts'
import { Recorder } from './recorder.ts'
import { isFoldAtServer, listPages } from './server-list.ts'
import { type ProcessFigures, roundNumbers, type Summary } from './summary.ts'

export interface WatchRunInput {
  readonly options: WatchArguments
  readonly io: CommandIo
  readonly config: ConnectionConfig | undefined
  readonly client: ApiClient
  readonly type: ResourceType
  readonly embedded: EmbeddedServer | undefined
}

const sampleMs = 1_000
/** Above the time that a connection may take to fail. */
const quietMs = 12_000
/** A connection is made and nothing comes: that may be a proxy, or another kind of server. */
const unansweredMs = 10_000
const auditWaitMs = 30_000
const auditPollMs = 250
/** Of a listener that shows every change: merging may show only where the worker's queue had to. */
const everyChange = { countMax: 100_000_000, bytesMax: 1024 ** 4 } as const
const auditedDropFields = ['metadata.managedFields']

/** One `watch` from start to summary. Make it and {@link run} it once. */
export class WatchRun {
  readonly #input: WatchRunInput
  readonly #output: Output
  readonly #fold: Fold | undefined
  readonly #recorder: Recorder
  readonly #slices: MsHistogram = new MsHistogram()
  readonly #meter: ProcessMeter = new ProcessMeter()
  readonly #startedAtMs: number = nodeRuntime.nowMs()
  readonly #factory: InformerFactory
  readonly #informer: Informer<KubernetesObject>
  readonly #registration: Registration
  #syncMs: number | null = null
  #failure: KubeInformerError | undefined

  constructor(input: WatchRunInput) {
    const { options, type, embedded, config, io } = input
    this.#input = input
    this.#output = outputFor(options.output, io, type)
    this.#fold = embedded === undefined ? undefined : new Fold()
    this.#recorder = new Recorder({
      read: options.read,
      fold: this.#fold,
      output: this.#output,
      nowMs: nodeRuntime.nowMs,
    })
    this.#factory = createInformerFactory({
      ...(config !== undefined && { kubeConfig: config }),
      ...(options.threads !== undefined && { threads: options.threads }),
      ...(options.inFlightBytes !== undefined && { inFlightBytesMax: options.inFlightBytes }),
      onHandlerError: (error, { key }) => io.problems.write(`handler of ${key}: ${String(error)}`),
    })
    this.#factory.onSlice((durationMs) => this.#slices.record(durationMs))
    this.#informer = this.#factory.forResource(type).select({
      ...(options.namespace !== undefined && { namespace: options.namespace }),
      ...(options.selector !== undefined && { labelSelector: options.selector }),
    }).informer
    this.#registration = this.#listen()
  }

  /** Gives the exit code; rejects with what makes the watch pointless before it delivered anything. */
  async run(): Promise<number> {
    const { options, io } = this.#input
    const end = new AbortController()
    const stop = () => end.abort()
    if (io.interrupt.aborted) stop()
    io.interrupt.addEventListener('abort', stop)
    const timer = options.duration === undefined ? undefined : setTimeout(stop, options.duration)
    const sampler = new LiveSampler(this.#informer, this.#registration, this.#recorder, this.#meter)
    let isTold = false
    const ticker = setInterval(() => {
      const sample = sampler.take()
      if (nodeRuntime.nowMs() - this.#startedAtMs > unansweredMs && !isTold) {
        isTold = true
        const { watch } = this.#informer.stats()
        if (watch.bytesRead === 0 && this.#informer.lastError === undefined) {
          io.problems.write(`no answer from ${options.server ?? 'the API server'} yet; still waiting`)
        }
      }
      // A server that refuses us ends in one line; a silent one must not leave the user without a word.
      const isQuiet = nodeRuntime.nowMs() - this.#startedAtMs < quietMs
      const isWaiting = isQuiet && sample.objects === 0 && !sample.hasSynced
      if (!isWaiting) this.#output.sample(sample)
    }, sampleMs)
    const unsubscribe = this.#informer.onStateChange((state, error) => {
      const isStarting = !this.#informer.hasSynced() && this.#recorder.delivered === 0
      if (error !== undefined && isStarting && isFatalAtStart(error)) {
        // Told once, as the reason of the end.
        this.#failure ??= error
        stop()
      } else if (this.#failure === undefined) {
        this.#output.state(state, error && `${error.code}: ${error.message}`)
      }
    })
    try {
      this.#factory.start()
      await this.#follow(end.signal)
      clearInterval(ticker)
      unsubscribe()
      if (this.#failure !== undefined) throw this.#failure
      const figures = this.#figures()
      const audit = await this.#audit()
      const { lastError, state } = pendingOf(this.#informer)
      const why = lastError === undefined ? state : `${state}: ${lastError}`
      // Stopped before it is summed up: the worker's last counters come with the stop.
      await this.#informer.stop()
      await this.#output.end(this.#summary(figures, audit))
      if (this.#syncMs === null && !io.interrupt.aborted) {
        io.problems.write(`error: not synced within --duration ${options.duration}ms (${why})`)
      }
      return this.#exitCode(audit)
    } finally {
      clearInterval(ticker)
      clearTimeout(timer)
      unsubscribe()
      io.interrupt.removeEventListener('abort', stop)
      this.#meter.stop()
      await this.#factory.close()
    }
  }

  #listen(): Registration {
    const { bufferCount, bufferBytes } = this.#input.options
    const recorder = this.#recorder
    const bounds = this.#output.needsEveryChange ? everyChange : {}
    return this.#informer.addEventHandler(
      {
        onAdd: (event) => recorder.take('add', event),
        onUpdate: (event) => recorder.take('update', event),
        onDelete: (event) => recorder.take('delete', event),
      },
      {
        buffer: {
          ...bounds,
          ...(bufferCount !== undefined && { countMax: bufferCount }),
          ...(bufferBytes !== undefined && { bytesMax: bufferBytes }),
        },
      },
    )
  }

  /** Until synced (if that is all that is wanted), interrupted, out of time, or failed. */
  async #follow(signal: AbortSignal): Promise<void> {
    try {
      await this.#registration.waitForSync({ signal })
    } catch (error) {
      if (signal.aborted) return
      throw error
    }
    this.#syncMs = nodeRuntime.nowMs() - this.#startedAtMs
    this.#recorder.live()
    this.#output.synced()
    if (this.#input.options.untilSynced || signal.aborted) return
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  }

  /** Compares with the server's own list, after the churn has stopped and we had time to catch up. */
  async #audit(): Promise<AuditResult | undefined> {
    const { embedded, client, type, options } = this.#input
    const fold = this.#fold
    if (embedded === undefined || fold === undefined || this.#syncMs === null) return undefined
    await embedded.stopChurn()
    const collection = { type, namespace: options.namespace, labelSelector: options.selector }
    const deadlineMs = nodeRuntime.nowMs() + auditWaitMs
    while (!(await isFoldAtServer(client, collection, fold)) && nodeRuntime.nowMs() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, auditPollMs))
    }
    const audit = new Audit({ cache: this.#informer.indexer, fold, dropFields: auditedDropFields })
    for await (const items of listPages(client, collection)) audit.compare(items)
    return audit.finish()
  }

  /** The process as it was while it watched: the audit unpacks everything, and is not what is measured. */
  #figures(): ProcessFigures {
    return {
      durationMs: nodeRuntime.nowMs() - this.#startedAtMs,
      loopDelayMs: this.#meter.loopDelayMs,
      mainBusyMs: this.#meter.mainBusyMs,
      cpuMs: this.#meter.cpuMs,
      sliceMs: this.#slices.percentiles(),
      ...this.#meter.memory,
    }
  }

  #summary(figures: ProcessFigures, audit: AuditResult | undefined): Summary {
    const { watch, objects } = this.#informer.stats()
    const listener = this.#registration.stats()
    const recorder = this.#recorder
    return roundNumbers({
      resource: resourceLabel(this.#input.type),
      objects,
      changes: recorder.changes,
      syncMs: this.#syncMs,
      received: watch.events,
      bytesRead: watch.bytesRead,
      merged: watch.merged + listener.merged,
      delivered: recorder.delivered,
      lagMs: recorder.lag.percentiles(),
      ...figures,
      relists: watch.relists,
      reconnects: watch.reconnects,
      handlerErrors: listener.errors,
      refused: watch.refused,
      threads: this.#factory.stats().threads,
      ...(audit !== undefined && { audit }),
    })
  }

  #exitCode(audit: AuditResult | undefined): number {
    if (audit !== undefined && !audit.ok) return exitCodes.auditFailed
    // To be interrupted is what the user wanted; to be out of time before the first list is not.
    return this.#syncMs === null && !this.#input.io.interrupt.aborted ? exitCodes.failure : 0
  }
}
