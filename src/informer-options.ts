import type { CredentialsBroker } from './config/credentials-broker.ts'
import type { Engine } from './engine/engine.ts'
import type { WatchTemplate } from './engine/watch-session-options.ts'
import type { RefusedObject } from './informer-stats.ts'
import type { ListerWatcher } from './lister-watcher.ts'
import type { HandlerErrorContext } from './notify/handler-error.ts'
import type { FactoryObserver } from './observe/factory-observer.ts'
import type { WatchState } from './protocol/messages.ts'
import type { WarmStartFile } from './warm-start/warm-start-file.ts'

export interface InformerOptions {
  readonly engine: Engine
  /** Left out where `source` answers everything. */
  readonly broker?: CredentialsBroker
  /** Answers what `template.source` says. */
  readonly source?: ListerWatcher
  /** `pods`, `apps/v1/deployments`: for messages. */
  readonly resource: string
  readonly template: Omit<WatchTemplate, 'columns'>
  readonly resyncPeriodMs: number
  readonly drainMs: number
  /** `source`: the registration, or what else failed. */
  readonly onHandlerError: (error: unknown, context: HandlerErrorContext, source: object) => void
  /** Logger and name; left out, there are channels only. */
  readonly observer?: FactoryObserver
  /** The factory has been started: one that is idle still was asked for too late. Left out without a factory. */
  readonly isFactoryStarted?: () => boolean
  /** What to begin with. */
  readonly warmStart?: WarmStartFile
  /** One registration at a time, which may hold the watch back. */
  readonly isPrivate?: boolean
  /** Each state the watch tells, the same again included: a watch that is opened anew is told so. */
  readonly onState?: (state: WatchState) => void
  /** Beside `health()`. */
  readonly onRefused?: (refused: RefusedObject) => void
}
