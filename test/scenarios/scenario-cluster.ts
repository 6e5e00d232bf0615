import type { ExplicitConnection, ReflectorTiming } from '../../src/index.ts'
import type { KubeClient } from '../support/kube-client.ts'

/** Who asks: `admin` may do everything, `limited` nothing until it is granted something. */
export type ScenarioUser = 'admin' | 'limited'

/** Streams of initial events over one resource in all namespaces, since the server started last. */
export interface StreamCounts {
  readonly finished: number
  readonly refused: number
}

export interface RestartOptions {
  /** The feature gate WatchList. */
  readonly hasWatchList: boolean
}

/**
 * What a scenario may ask of a cluster. Two stand behind it: a real API server with etcd (`RealCluster`, in the
 * conformance run) and the embedded one (`EmbeddedCluster`, in `npm test`). A scenario knows neither.
 */
export interface ScenarioCluster {
  readonly name: 'real' | 'embedded'
  /** As an administrator, without the engine: what changes the cluster and says the truth about it. */
  readonly admin: KubeClient
  /** So short that a scenario ends soon, and so long that the server is not asked without end. */
  readonly timing: Pick<ReflectorTiming, 'backoffBaseMs' | 'backoffMaxMs' | 'absentAfterMs'>
  /** Of each factory: to start one takes longer than most of what happens on the embedded server. */
  readonly threads: number
  /** How long anything may take, below the time limit of a test: what was waited for in vain is to be told. */
  readonly patienceMs: number
  connection(user: ScenarioUser): ExplicitConnection
  /** Lets `limited` list and watch these resources in all namespaces. */
  grant(group: string, resources: readonly string[]): Promise<void>
  /** Stops the server and starts it anew, as after a crash: connections break, what it remembers of changes is gone. */
  restart(options: RestartOptions): Promise<void>
  streamCounts(resource: string): Promise<StreamCounts>
  /**
   * One round of the namespace controller, where none runs: deletes all there is in a namespace that is being deleted,
   * and the namespace once it is empty.
   */
  sweepNamespace(name: string): Promise<void>
}
