import type { ChangeSink } from '../notify/change-sink.ts'
import type { Column } from '../protocol/column.ts'
import type { VersionCell } from '../protocol/record-store.ts'
import type { ResourceVersion } from '../protocol/resource-version.ts'
import type { CacheEpoch } from './cache-epoch.ts'
import type { IndicesOptions } from './indices.ts'

/** The rules that hold on main, by name, for the simulation's coverage table. */
export type IndexerRule =
  | 'main: Deleted of unknown'
  | 'main: Deleted old'
  | 'main: Deleted same uid'
  | 'main: Deleted same uid, earlier end'
  | 'main: Deleted other uid'
  | 'main: tombstone drop'
  | 'main: old or equal drop'
  | 'main: other uid old drop'
  | 'main: other uid replaces'
  | 'main: sweep'
  | 'main: sweep spared by version'
  | 'main: reset'
  | 'main: abort'

/** Where a record that arrives lies, and how it becomes the cache's if it is accepted. */
export interface IncomingRecords {
  readonly bytes: Buffer
  readonly epoch: CacheEpoch
  place(offset: number, length: number, generation: number): VersionCell<CacheEpoch>
}

export interface IndexerOptions {
  readonly sink: ChangeSink<CacheEpoch>
  readonly columns: readonly Column[]
  readonly onIndexError: IndicesOptions['onIndexError']
  /** A key's end at `version` holds, whether it was cached or not. Not told of what a list did not contain. */
  readonly onDeleted?: (key: string, version: ResourceVersion) => void
  readonly slabBytes?: number
  readonly memoCount?: number
  /** Sows the hash of keys; left out: always the same. */
  readonly random?: () => number
  readonly onRule?: (rule: IndexerRule) => void
}
