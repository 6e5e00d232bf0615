import type { ChangeCause } from '../notify/change-sink.ts'

/**
 * Who is handed out first: larger numbers before smaller ones, whatever waits. Any finite number may be used; these
 * keep what happens now ahead of what was there at the start, and that ahead of what merely comes again.
 */
export const priorities: {
  readonly live: number
  readonly initialList: number
  readonly resync: number
} = { live: 0, initialList: -100, resync: -200 }

/**
 * Of an event that a handler got: a resync's is last; an object of the initial list, or one that was cached before the
 * handler came, waits for everything that changes meanwhile; all else is live, what a relist found included.
 *
 * @example
 * onUpdate: (event) => queue.add(event.key, { priority: priorityOf(event) })
 */
export function priorityOf(event: {
  readonly cause: ChangeCause
  readonly isInInitialList: boolean
}): number {
  switch (event.cause) {
    case 'resync':
      return priorities.resync
    case 'list':
    case 'replay':
      return event.isInInitialList ? priorities.initialList : priorities.live
    case 'watch':
      return priorities.live
  }
}
