import type { RecordStore, VersionCell } from '../protocol/record-store.ts'
import type { ChangeCause } from './change-sink.ts'

/** Heap bytes of one pending change beside the records it holds, about: object, key's share, map entry. */
const changeBytes = 256

/**
 * What waits for one listener about one object, and a node of the buffer's lists. By what is there:
 *
 * | gone | here | old | calls to come              |
 * |------|------|-----|----------------------------|
 * |      |  x   |     | add                        |
 * |      |  x   |  x  | update, `old` → `here`     |
 * |  x   |      |     | delete                     |
 * |  x   |  x   |     | delete, then add (re-created) |
 *
 * Each cell named here carries one `use`. At most one of `gone` and `old` is there: the one state kept for the
 * listener's sake although the cache has moved on.
 */
export class PendingChange<E> {
  readonly key: string
  gone: VersionCell<E> | undefined
  goneFinalStateUnknown: boolean
  here: VersionCell<E> | undefined
  old: VersionCell<E> | undefined
  cause: ChangeCause
  /** `here` is an add that the listener's sync waits for. */
  isInitial: boolean
  /** Of the first change merged into this one, like the place: lag and age tell the longest wait. */
  receivedAtMs: number
  /** Since when it waits: whoever pushes what was never received, by comparing, says it. */
  sinceMs: number
  // Kept, not asked for: a record may be rewritten longer while it waits, and sums must go down by what they went up.
  bytes = 0
  pinnedBytes = 0
  // The buffer's order.
  previous: PendingChange<E> | undefined = undefined
  next: PendingChange<E> | undefined = undefined
  // Changes of the same key, first to last; the first one knows the last.
  nextOfKey: PendingChange<E> | undefined = undefined
  lastOfKey: PendingChange<E> = this
  /** Out of the order while a call for its key runs. */
  isParked = false

  constructor(
    key: string,
    gone: VersionCell<E> | undefined,
    goneFinalStateUnknown: boolean,
    here: VersionCell<E> | undefined,
    old: VersionCell<E> | undefined,
    cause: ChangeCause,
    isInitial: boolean,
    receivedAtMs: number,
  ) {
    this.key = key
    this.gone = gone
    this.goneFinalStateUnknown = goneFinalStateUnknown
    this.here = here
    this.old = old
    this.cause = cause
    this.isInitial = isInitial
    this.receivedAtMs = this.sinceMs = receivedAtMs
    this.measure()
  }

  /** Calls it will take. */
  get callCount(): number {
    return (this.gone === undefined ? 0 : 1) + (this.here === undefined ? 0 : 1)
  }

  /** To be called when its cells have changed. */
  measure(): void {
    this.pinnedBytes = (this.gone?.length ?? 0) + (this.old?.length ?? 0)
    this.bytes = changeBytes + this.pinnedBytes + (this.here?.length ?? 0)
  }

  useAll(store: RecordStore<E>): void {
    if (this.gone !== undefined) store.use(this.gone)
    if (this.here !== undefined) store.use(this.here)
    if (this.old !== undefined) store.use(this.old)
  }
}

/**
 * Merges `later` into `first`, changes of one key that follow each other: what is left is the net change, as seen by
 * somebody who heard neither. Cells that drop out go through `release`. Returns how many initial adds vanished.
 * Afterwards `later` must be forgotten, and `first` too if it has neither `gone` nor `here`.
 *
 * A delete followed by an add stays both, whatever the uids: an object that left a selector and came back may only
 * become an update for somebody who still has the state told last, and keeping that beside the final state would
 * double what a slow listener pins.
 */
export function mergeChanges<E>(
  first: PendingChange<E>,
  later: PendingChange<E>,
  release: (cell: VersionCell<E>) => void,
): number {
  let vanished = 0
  if (later.gone !== undefined) {
    const here = first.here as VersionCell<E>
    release(here)
    first.here = undefined
    if (first.old !== undefined) {
      // Told of before: now its end, in the state the later change knows.
      release(first.old)
      first.old = undefined
      first.gone = later.gone
      first.goneFinalStateUnknown = later.goneFinalStateUnknown
      first.cause = later.cause
    } else {
      // Never told of: its coming and going leave nothing, or only the earlier object's end.
      release(later.gone)
      if (first.isInitial) vanished = 1
      first.isInitial = false
    }
  }
  if (later.here !== undefined) {
    if (first.here !== undefined) release(first.here)
    if (later.old !== undefined) release(later.old)
    if (later.old === undefined) first.isInitial = later.isInitial
    // An add stays one whatever came after it, and with it why it came; all else is as new as its newest part.
    if (first.here === undefined || first.old !== undefined) first.cause = later.cause
    first.here = later.here
  }
  return vanished
}
