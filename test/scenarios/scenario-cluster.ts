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
  /** Takes back what was granted in these words; open watches are not looked at again, here as there. */
  revoke(group: string, resources: readonly string[]): Promise<void>
  /** A bearer token that may list and watch config maps. */
  issueToken(): Promise<IssuedToken>
  /**
   * Storage forgets the past, as after an etcd compaction: lists and pages from before end with 410. Watches still
   * resume, from what the API server remembers by itself.
   */
  compact(): Promise<void>
  /** Two API servers over one storage; what {@link connection} names may be one of them, or a third. */
  replicas(): Promise<readonly [ScenarioReplica, ScenarioReplica]>
  /** The API servers forget it, too: watches from before end with 410. Connections break; it resolves once all answer. */
  forget(): Promise<void>
}

export interface IssuedToken {
  readonly value: string
  /** Resolves once the server refuses it. */
  revoke(): Promise<void>
}

export interface ScenarioReplica {
  readonly url: string
  /** As an administrator, by this one alone. */
  readonly admin: KubeClient
  /** Its watches end or break, new connections are refused, once it resolves. */
  stop(): Promise<void>
  /** At the same port, with a watch cache that begins now. Resolves once it answers. */
  start(): Promise<void>
}
