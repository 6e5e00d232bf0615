import type { CredentialsBroker } from '../config/credentials-broker.ts'
import type { KubeInformerError } from '../errors.ts'
import type { Indexer } from '../indexer/indexer.ts'
import type { ListerWatcher } from '../lister-watcher.ts'
import type {
  ConnectionMaterial,
  FromWatch,
  ReflectorNote,
  WatchSpec,
  WatchState,
} from '../protocol/messages.ts'
import type { Engine } from './engine.ts'

/** What of a {@link WatchSpec} does not change from run to run. */
export type WatchTemplate = Omit<
  WatchSpec,
  | 'incarnation'
  | 'resumeVersion'
  | 'knownVersion'
  | 'probeFirst'
  | 'firstGeneration'
  | 'connection'
  | 'memory'
>

export interface WatchSessionOptions {
  readonly engine: Engine
  /** Left out: `source` answers everything. */
  readonly broker?: CredentialsBroker | undefined
  /** Answers what `template.source` says. */
  readonly source?: ListerWatcher | undefined
  readonly indexer: Indexer
  readonly template: WatchTemplate
  readonly onState: (state: WatchState, error: KubeInformerError | undefined, attempt: number) => void
  /** A list or watch failed; main's own failures (credentials, a dead thread) too. */
  readonly onFailed: (error: KubeInformerError, attempt: number) => void
  readonly onRefused: (refused: Extract<FromWatch, { type: 'refused' }>) => void
  readonly onNote?: (note: ReflectorNote<KubeInformerError>) => void
  /** A batch has been applied. */
  readonly onApplied: () => void
  /** Fills the cache before the first request. */
  readonly warmStart?: WarmStarter
  /** Nothing more is to be applied, until {@link WatchSession.wake}. */
  readonly isHolding?: () => boolean
}

export interface WarmStarter {
  /** Never rejects; once `isOver`, it changes nothing. */
  load(connection: ConnectionMaterial, isOver: () => boolean): Promise<void>
  /** The server has not shown yet that it goes on from what was loaded. */
  readonly isUnconfirmed: boolean
  /** Resolves when no load goes on. */
  idle(): Promise<void>
}
