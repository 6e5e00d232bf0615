import type { InformerState } from '../informer-stats.ts'
import type { Percentiles } from './process-meter.ts'

/** One resource at one moment. Counters run from the start of the command. */
export interface ResourceSample {
  readonly resource: string
  readonly state: InformerState
  /** What is wrong, for people; undefined: nothing. */
  readonly error: string | undefined
  /** What to do about it; undefined: nothing is known, or nothing is wrong. */
  readonly advice: string | undefined
  /** Failed attempts in a row; 0: none. */
  readonly attempt: number
  /** The cache holds a complete list. */
  readonly isListed: boolean
  /** And the handler has finished it. */
  readonly hasSynced: boolean
  readonly objects: number
  /** Objects of the initial list that the handler has not finished. */
  readonly initialPending: number
  readonly delivered: number
  readonly received: number
  readonly bytesRead: number
  /** In the worker's queue and in the listener's buffer. */
  readonly merged: number
  readonly relists: number
  readonly reconnects: number
  /** Waiting in the worker. */
  readonly queueCount: number
  readonly queueBytes: number
  /** Waiting for the handler. */
  readonly bufferCount: number
  /** Of the last second that had changes; null: none had. */
  readonly lagMs: Percentiles | null
}

/** Everything that is watched, and the process, at one moment. */
export interface RunSample {
  readonly atMs: number
  readonly resources: readonly ResourceSample[]
  readonly process: {
    /** Of all threads, since the start. */
    readonly cpuMs: number
    /** Of the last second. */
    readonly loopDelayMs: { readonly p99: number; readonly max: number }
    readonly rssBytes: number
    readonly heapUsedBytes: number
    /** Memory of all caches. */
    readonly slabBytes: number
    /** Worker threads; 0: the main thread does everything. */
    readonly threads: number
  }
}
