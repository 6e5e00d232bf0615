import type { WatchCounters } from '../protocol/messages.ts'

/** What the reflector counts of a watch. */
export type ReflectorCounters = Pick<
  WatchCounters,
  | 'bytesRead'
  | 'wireBytesRead'
  | 'transcodeMs'
  | 'bookmarks'
  | 'lists'
  | 'watches'
  | 'shortWatches'
  | 'relists'
  | 'reconnects'
  | 'lastByteAtMs'
>

export function newCounters(): ReflectorCounters {
  return {
    bytesRead: 0,
    wireBytesRead: 0,
    transcodeMs: 0,
    bookmarks: 0,
    lists: 0,
    watches: 0,
    shortWatches: 0,
    relists: 0,
    reconnects: 0,
    lastByteAtMs: 0,
  }
}
