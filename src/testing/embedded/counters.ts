/** What the server counted since it was made; plain numbers, as `/embedded/stats` gives them. */
export interface Counters {
  requests: number
  lists: number
  watches: number
  /** Streams of initial events begun, and refused because the server does not know them. */
  watchLists: number
  watchListsRefused: number
  connectionsTotal: number
  /** Bodies of lists and watches that the kernel took; what waits for a slow reader does not count. Before gzip. */
  bytesSent: number
  eventsSent: number
  bookmarksSent: number
  /** Most lists and streams of initial events that were in progress at once, from arrival to last byte or end bookmark. */
  initialListsPeak: number
  changes: number
  /** Watchers that were force-closed because they did not read. */
  closures: number
  /** Answers and events with 410. */
  expired: number
  /** Changes that a churn gave up because the machine was too slow. */
  churnMissed: number
}

export function newCounters(): Counters {
  return {
    requests: 0,
    lists: 0,
    watches: 0,
    watchLists: 0,
    watchListsRefused: 0,
    connectionsTotal: 0,
    bytesSent: 0,
    eventsSent: 0,
    bookmarksSent: 0,
    initialListsPeak: 0,
    changes: 0,
    closures: 0,
    expired: 0,
    churnMissed: 0,
  }
}
