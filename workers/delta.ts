import type { ResourceVersion } from '../src/protocol/resource-version.ts'

/**
 * What the reflector's pipeline tells the delta queue. One sink, called in the order of the stream; the queue
 * copies what it keeps before a call returns (the source's bytes are the socket's).
 */
export interface DeltaSink {
  /** One object of a list, or ADDED / MODIFIED / DELETED. `start`/`end`: the object's JSON in `bytes`. */
  object(kind: 'upsert' | 'deleted', bytes: Buffer, start: number, end: number): void
  /** Items of the list that begins lack apiVersion and kind: these. Until the list ends or is aborted. */
  typeMeta(apiVersion: string, kind: string): void
  /** Version of the object last given; NaN if it could not be read, or cannot be compared. */
  lastVersion(): ResourceVersion
  /** Its text, as far as it could be read; undefined otherwise. */
  lastVersionText(): string | undefined
  /** A list begins. `reset`: versions so far mean nothing any more (etcd restored). Returns its generation. */
  listStart(reset: boolean): number
  /** The list is complete; the watch starts at `version` (several pages: the lowest). */
  listEnd(version: ResourceVersion, versionText: string): void
  listAbort(): void
  /** A bookmark, or the version of a frame without an object of interest. */
  bookmark(version: ResourceVersion, versionText: string): void
  /** A watch (not a list) starts reading after `version`: events at or below it are repeats. */
  watchStart(version: ResourceVersion, versionText: string): void
}
