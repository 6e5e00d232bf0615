import type { DurationStats } from './duration-meter.ts'

/** Gauges of this moment, and counters and durations since the queue was made. client-go's seven are marked so. */
export interface WorkQueueStats {
  /** As the queue was named; `''` if it was not. client-go's metrics have it as their label. */
  readonly name: string
  /** Items that a worker could take now (client-go: depth). */
  readonly depth: number
  /** Items handed out and not done. */
  readonly processing: number
  /** Items in process that were added again: handed out once more when they are done. */
  readonly held: number
  /** Items that wait for their time. */
  readonly delayed: number
  /** Keys whose failures the limiter remembers; see RateLimiter.size. */
  readonly failing: number
  /** Items accepted, those merged not counted (client-go: adds). */
  readonly adds: number
  /** Adds of an item that had to be handed out anyway. */
  readonly merged: number
  /** Calls of addAfter and addRateLimited that were accepted (client-go: retries). */
  readonly retries: number
  /** Adds after the shutdown, and delayed items that it found waiting. */
  readonly dropped: number
  /** From the add to the worker; the time held back included (client-go: queue duration). */
  readonly latency: DurationStats
  /** From the worker's get to its done (client-go: work duration). */
  readonly workDuration: DurationStats
  /** How long all items now in process have been so, in sum; one that grows by a second a second is stuck (client-go: unfinished work). */
  readonly unfinishedWorkMs: number
  /** The longest of them (client-go: longest running processor). */
  readonly longestRunningMs: number
}
