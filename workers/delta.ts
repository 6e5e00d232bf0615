import type { ResourceVersion } from '../src/protocol/resource-version.ts'
import type { BracketSink } from '../src/reflector/host.ts'

/**
 * What the reflector's pipeline tells the delta queue. One sink, called in the order of the stream; the queue
 * copies what it keeps before a call returns (the source's bytes are the socket's).
 */
export interface DeltaSink extends BracketSink {
  /** One object of a list, or ADDED / MODIFIED / DELETED. `start`/`end`: the object's JSON in `bytes`. */
  object(kind: 'upsert' | 'deleted', bytes: Buffer, start: number, end: number): void
  /** Items of the list that begins lack apiVersion and kind: these. Until the list ends or is aborted. */
  typeMeta(apiVersion: string, kind: string): void
  /** Version of the object last given; NaN if it could not be read, or cannot be compared. */
  lastVersion(): ResourceVersion
  /** Its text, as far as it could be read; undefined otherwise. */
  lastVersionText(): string | undefined
  /** Returns the list's generation. */
  listStart(reset: boolean): number
}
