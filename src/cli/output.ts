import type { InformerState } from '../informer-stats.ts'
import type { RunSample } from './sample.ts'
import type { Summary } from './summary.ts'

/** A change as outputs see it: the event of the library, with the kind of call it came in. */
export interface Change {
  readonly resource: string
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

/** The handler threw. */
export interface HandlerFailure {
  readonly resource: string
  readonly key: string
  readonly text: string
}

/** One way of showing a watch. All methods are called on the main thread, `change` in the handler. */
export interface Output {
  /** The listener's buffer is made so large that only the worker's queue can merge. */
  readonly needsEveryChange: boolean
  /** How often it wants a sample. */
  readonly sampleMs: number
  /** A promise: do not call again before it resolves. */
  change(change: Change): Promise<void> | undefined
  state(resource: string, state: InformerState, error: string | undefined): void
  synced(resource: string): void
  sample(sample: RunSample): void
  /** Something a person should read now: a line for people, never for programs. `failure`: it says this. */
  notice(text: string, failure?: HandlerFailure): void
  /** Nothing is watched any more; what is left may take a while. */
  ending(): void
  end(summary: Summary): Promise<void>
  /** Leaves the terminal as it was, whatever happened: also without `end`, and twice. */
  close(): void
}

/** What most outputs do about most things: nothing. */
export const silent: Omit<Output, 'end' | 'notice'> = {
  needsEveryChange: false,
  sampleMs: 1_000,
  change: () => undefined,
  state() {},
  synced() {},
  sample() {},
  ending() {},
  close() {},
}
