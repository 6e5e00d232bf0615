import type { ApiClient } from '../config/api-request.ts'
import type { KubeInformerError } from '../errors.ts'
import type { Informer } from '../informer.ts'
import type { InformerFactory } from '../informer-factory.ts'
import { pendingOf } from '../informer-stats.ts'
import type { KubernetesObject } from '../kubernetes-object.ts'
import type { Registration } from '../notify/registration.ts'
import { type ResourceType, resourceLabel } from '../resources/names.ts'
import type { WatchArguments } from './arguments.ts'
import { Audit, type AuditResult } from './audit.ts'
import { type ErrorReport, reportOf } from './cli-error.ts'
import { isFatalAtStart } from './fatal-error.ts'
import { Fold } from './fold.ts'
import type { Output } from './output.ts'
import { Recorder } from './recorder.ts'
import { type Collection, isFoldAtServer, listPages } from './server-list.ts'
import type { ResourceSummary } from './summary.ts'

export interface WatchedResourceInput {
  readonly type: ResourceType
  readonly options: WatchArguments
  readonly factory: InformerFactory
  readonly output: Output
  readonly isAudited: boolean
  readonly nowMs: () => number
}

const auditWaitMs = 30_000
const auditPollMs = 250
/** Of a listener that shows every change: merging may show only where the worker's queue had to. */
const everyChange = { countMax: 100_000_000, bytesMax: 1024 ** 4 } as const
const auditedDropFields = ['metadata.managedFields']

/** One resource of a `watch`: its informer, its handler, what became of it. */
export class WatchedResource {
  readonly label: string
  readonly informer: Informer<KubernetesObject>
  readonly registration: Registration
  readonly recorder: Recorder
  readonly #input: WatchedResourceInput
  readonly #fold: Fold | undefined
  #syncMs: number | null = null
  #refusal: KubeInformerError | undefined

  constructor(input: WatchedResourceInput) {
    const { type, options, factory, output, isAudited, nowMs } = input
    this.#input = input
    this.label = resourceLabel(type)
    this.#fold = isAudited ? new Fold() : undefined
    this.recorder = new Recorder({
      resource: this.label,
      read: options.read,
      fold: this.#fold,
      output,
      nowMs,
    })
    this.informer = factory.forResource(type).select({
      ...(options.namespace !== undefined && type.namespaced && { namespace: options.namespace }),
      ...(options.selector !== undefined && { labelSelector: options.selector }),
    }).informer
    this.registration = this.#listen()
  }

  /** From the start until the handler had finished the initial list; null: not yet. */
  get syncMs(): number | null {
    return this.#syncMs
  }

  /** Something of it was read: what fails from here on is retried without a word to the exit code. */
  get hasBegun(): boolean {
    return this.informer.hasSynced() || this.recorder.delivered > 0
  }

  /** Why it could not be watched so far: what a person must mend. Latched: a new attempt is not a success. */
  get refusal(): KubeInformerError | undefined {
    return this.hasBegun ? undefined : this.#refusal
  }

  /** Whether this is its first refusal. */
  refuse(error: KubeInformerError): boolean {
    const isFirst = this.#refusal === undefined
    if (!this.hasBegun && isFatalAtStart(error)) this.#refusal ??= error
    return isFirst && this.#refusal !== undefined
  }

  /** What is wrong now, and what to do about it. */
  get errorReport(): ErrorReport | undefined {
    const { lastError } = this.informer
    return lastError && reportOf(lastError, { server: this.#input.options.server })
  }

  /** What it is doing, and what is wrong. */
  get why(): string {
    const { lastError, state } = pendingOf(this.informer, false)
    return lastError === undefined ? state : `${state}: ${lastError}`
  }

  /** Resolves when the handler has finished the initial list, or `signal` aborts. */
  async sync(signal: AbortSignal, startedAtMs: number): Promise<void> {
    try {
      await this.registration.waitForSync({ signal })
    } catch (error) {
      if (signal.aborted) return
      throw error
    }
    this.#syncMs = this.#input.nowMs() - startedAtMs
    this.recorder.live()
    this.#input.output.synced(this.label)
  }

  /** Compares with the server's own list, once we had time to catch up; undefined: there is nothing to compare. */
  async audit(client: ApiClient): Promise<AuditResult | undefined> {
    const { type, options, nowMs } = this.#input
    const fold = this.#fold
    if (fold === undefined || this.#syncMs === null) return undefined
    const collection: Collection = {
      type,
      namespace: type.namespaced ? options.namespace : undefined,
      labelSelector: options.selector,
    }
    const deadlineMs = nowMs() + auditWaitMs
    while (!(await isFoldAtServer(client, collection, fold)) && nowMs() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, auditPollMs))
    }
    const audit = new Audit({ cache: this.informer.indexer, fold, dropFields: auditedDropFields })
    for await (const items of listPages(client, collection)) audit.compare(items)
    return audit.finish()
  }

  summary(audit: AuditResult | undefined, error: string | undefined): ResourceSummary {
    const { watch, objects } = this.informer.stats()
    const listener = this.registration.stats()
    const { changes, delivered, lag } = this.recorder
    return {
      resource: this.label,
      objects,
      changes,
      syncMs: this.#syncMs,
      received: watch.events,
      bytesRead: watch.bytesRead,
      merged: watch.merged + listener.merged,
      delivered,
      lagMs: lag.percentiles(),
      relists: watch.relists,
      reconnects: watch.reconnects,
      handlerErrors: listener.errors,
      refused: watch.refused,
      ...(error !== undefined && { error }),
      ...(audit !== undefined && { audit }),
    }
  }

  #listen(): Registration {
    const { options, output } = this.#input
    const { bufferCount, bufferBytes } = options
    const recorder = this.recorder
    const bounds = output.needsEveryChange ? everyChange : {}
    return this.informer.addEventHandler(
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
}
