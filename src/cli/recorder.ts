import type { ReadMode } from './arguments.ts'
import type { Fold } from './fold.ts'
import type { Output } from './output.ts'
import { MsHistogram } from './process-meter.ts'

/** What the recorder reads of the library's event. */
export interface RecordedEvent {
  readonly key: string
  readonly namespace: string | undefined
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  readonly cause: string
  readonly finalStateUnknown?: boolean
  /** When the worker read the change's last byte. */
  readonly receivedAtMs: number
  readonly object: unknown
}

/** The handler of the command line: counts, measures, reads as much as asked, folds, and shows. */
export class Recorder {
  readonly changes: { add: number; update: number; delete: number } = { add: 0, update: 0, delete: 0 }
  readonly lag: MsHistogram = new MsHistogram()
  readonly recentLag: MsHistogram = new MsHistogram()
  readonly #resource: string
  readonly #read: ReadMode
  readonly #fold: Fold | undefined
  readonly #output: Output
  readonly #nowMs: () => number
  #liveFromMs = Number.POSITIVE_INFINITY
  /** Sum of what was read: without a use of it, reading could be optimised away. */
  charactersRead = 0

  constructor(options: {
    /** For outputs of several. */
    readonly resource: string
    readonly read: ReadMode
    readonly fold: Fold | undefined
    readonly output: Output
    readonly nowMs: () => number
  }) {
    this.#resource = options.resource
    this.#read = options.read
    this.#fold = options.fold
    this.#output = options.output
    this.#nowMs = options.nowMs
  }

  get delivered(): number {
    return this.changes.add + this.changes.update + this.changes.delete
  }

  /** The initial list is finished: lag counts from here on. */
  live(): void {
    this.#liveFromMs = this.#nowMs()
  }

  take(type: 'add' | 'update' | 'delete', event: RecordedEvent): Promise<void> | undefined {
    this.changes[type]++
    // What was read during the initial sync waited behind it; objects of a list have no moment they happened at.
    if (event.cause === 'watch' && event.receivedAtMs >= this.#liveFromMs) {
      const lagMs = this.#nowMs() - event.receivedAtMs
      this.lag.record(lagMs)
      this.recentLag.record(lagMs)
    }
    if (this.#read !== 'none') {
      this.charactersRead += event.uid.length + event.resourceVersion.length + event.name.length
      if (this.#read === 'all') this.charactersRead += touch(event.object)
    }
    this.#fold?.apply(type, event.key, event.uid, event.resourceVersion)
    if (!this.#output.needsEveryChange) return undefined
    return this.#output.change({
      resource: this.#resource,
      type,
      key: event.key,
      namespace: event.namespace,
      name: event.name,
      uid: event.uid,
      resourceVersion: event.resourceVersion,
      cause: event.cause,
      finalStateUnknown: event.finalStateUnknown === true,
      object: () => event.object,
    })
  }
}

/** Images and phase as a controller of pods would, or the whole object for kinds without them. */
function touch(object: unknown): number {
  const { spec, status } = (object ?? {}) as {
    readonly spec?: { readonly containers?: readonly { readonly image?: string }[] }
    readonly status?: { readonly phase?: string }
  }
  if (!Array.isArray(spec?.containers)) return touchAll(object)
  let read = status?.phase?.length ?? 0
  for (const container of spec.containers) read += container.image?.length ?? 0
  return read
}

/** With a stack of its own: how deep an object nests is not ours to decide. */
function touchAll(object: unknown): number {
  const pending: unknown[] = [object]
  let read = 0
  while (pending.length > 0) {
    const value = pending.pop()
    if (typeof value === 'string') read += value.length
    else if (typeof value === 'object' && value !== null) {
      for (const inner of Object.values(value)) pending.push(inner)
    } else read++
  }
  return read
}
