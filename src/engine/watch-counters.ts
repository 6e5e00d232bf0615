import type { WatchCounters } from '../protocol/messages.ts'

export const emptyCounters: Readonly<WatchCounters> = {
  bytesRead: 0,
  wireBytesRead: 0,
  transcodeMs: 0,
  events: 0,
  bookmarks: 0,
  lists: 0,
  watches: 0,
  shortWatches: 0,
  relists: 0,
  reconnects: 0,
  merged: 0,
  droppedStale: 0,
  refused: 0,
  queueCount: 0,
  queueBytes: 0,
  queueBytesPeak: 0,
  inFlightBytes: 0,
  lastByteAtMs: 0,
}

const cumulative = [
  'bytesRead',
  'wireBytesRead',
  'transcodeMs',
  'events',
  'bookmarks',
  'lists',
  'watches',
  'shortWatches',
  'relists',
  'reconnects',
  'merged',
  'droppedStale',
  'refused',
] as const satisfies readonly (keyof WatchCounters)[]

/** Adds to `sum` what counts on from run to run; gauges stay. */
export function addCounters(sum: WatchCounters, counters: Readonly<WatchCounters>): WatchCounters {
  for (const key of cumulative) sum[key] += counters[key]
  return sum
}
