import type { ExplicitConnection, ReflectorTiming } from '../../src/index.ts'
import type { KubeClient } from '../support/kube-client.ts'

/** Who asks: `admin` may do everything, `limited` nothing until it is granted something. */
export type ScenarioUser = 'admin' | 'limited'

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
  connection(user: ScenarioUser): ExplicitConnection
  /** Lets `limited` list and watch these resources in all namespaces. */
  grant(group: string, resources: readonly string[]): Promise<void>
}
