import type { KubeInformerError } from '../errors.ts'
import type { ReflectorNote, WatchState } from '../protocol/messages.ts'
import type { ResourceVersion } from '../protocol/resource-version.ts'
import type { ReflectorCounters } from './counters.ts'
import type { Effect, ReflectorEvent } from './state.ts'

/** What the driver itself tells of lists and versions. Objects come from the reader; one sink gets both, in order. */
export interface BracketSink {
  /** A list begins. `reset`: versions so far mean nothing any more (etcd restored). */
  listStart(reset: boolean): unknown
  /**
   * The list is complete; the watch starts at `version` (several pages: the lowest). `knownVersion`: the newest that any
   * answer told, also by what was not in it. A later consistent list below that means that etcd was restored.
   */
  listEnd(version: ResourceVersion, versionText: string, knownVersion: ResourceVersion): void
  listAbort(): void
  /** A bookmark, or the version of a frame without an object of interest. */
  bookmark(version: ResourceVersion, versionText: string): void
  /** A watch (not a list) starts reading after `version`: events at or below it are repeats. */
  watchStart(version: ResourceVersion, versionText: string): void
}

/** What the driver asks of whom it is part of. Answers come as calls of the driver, never from inside these. */
export interface DriverHost {
  setState(state: WatchState, error: KubeInformerError | undefined, attempt: number): void
  /** A list or watch was tried and failed; clean ends are no failures. Called after the state that it led to was told. */
  failed?(error: KubeInformerError, attempt: number): void
  /** The server did not accept the credentials. Answer: `connectionChanged` or `connectionFailed`. */
  requestConnection(): void
  /** Answer: `permitGranted`. */
  requestPermit(): void
  syncEnded(): void
  /** For people; the low-level Reflector has nobody to tell. */
  noted?(note: ReflectorNote<KubeInformerError>): void
  /** What was given so far must not wait. */
  chunkEnds(bytes: number): void
  queuePressure(): 'open' | 'half' | 'full'
}

export type OpenEffect = Extract<Effect, { type: 'open' }>

/** One request and its answer: objects go to the sink, and what they mean for the reflector becomes events. */
export interface AnswerReader {
  /** Stops and resumes reading; what is in memory may still arrive. */
  pause(): void
  resume(): void
  /** Gives the request up: no event, no object from now on, also of the chunk being read. Idempotent. */
  close(): void
}

/** What a reader may call, never before `open` has returned it. */
export interface ReaderCalls {
  /** What became of the request. May close the reader. */
  readonly emit: (event: ReflectorEvent) => void
  /** The reflector is stopped: nobody may be called any more. */
  readonly isStopped: () => boolean
  readonly counters: ReflectorCounters
}
