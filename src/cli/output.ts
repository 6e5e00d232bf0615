import type { InformerState } from '../informer-stats.ts'
import type { Percentiles } from './process-meter.ts'
import type { Summary } from './summary.ts'

/** A change as outputs see it: the event of the library, with the kind of call it came in. */
export interface Change {
  readonly type: 'add' | 'update' | 'delete'
  readonly key: string
  readonly namespace: string | undefined
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  readonly cause: string
  readonly finalStateUnknown: boolean
  /** Reading it unpacks the object. */
  object(): unknown
}

/** The last second, for the live view. */
export interface LiveSample {
  readonly state: InformerState
  readonly hasSynced: boolean
  readonly objects: number
  readonly changesPerSecond: number
  readonly receivedPerSecond: number
  readonly bytesPerSecond: number
  readonly lagMs: Percentiles | null
  readonly queueCount: number
  readonly queueBytes: number
  readonly bufferCount: number
  readonly merged: number
  readonly loopDelayMs: { readonly p99: number; readonly max: number }
  readonly rssBytes: number
  readonly heapUsedBytes: number
}

/** One way of showing a watch. All methods are called on the main thread, `change` in the handler. */
export interface Output {
  /** The listener's buffer is made so large that only the worker's queue can merge. */
  readonly needsEveryChange: boolean
  /** A promise: do not call again before it resolves. */
  change(change: Change): Promise<void> | undefined
  state(state: InformerState, error: string | undefined): void
  synced(): void
  sample(sample: LiveSample): void
  end(summary: Summary): Promise<void>
}
