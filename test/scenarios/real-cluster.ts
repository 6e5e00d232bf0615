import type { ExplicitConnection } from '../../src/index.ts'
import { grant } from '../conformance/support/objects.ts'
import type { KubeClient } from '../support/kube-client.ts'
import type { RealApiServer } from '../support/real-apiserver.ts'
import type { ScenarioCluster, ScenarioUser } from './scenario-cluster.ts'

export class RealCluster implements ScenarioCluster {
  readonly name = 'real'
  readonly timing = { backoffBaseMs: 100, backoffMaxMs: 1_000, absentAfterMs: 3_000 }
  readonly admin: KubeClient
  readonly #server: RealApiServer
  readonly #ca: string

  private constructor(server: RealApiServer, admin: KubeClient, ca: string) {
    this.#server = server
    this.admin = admin
    this.#ca = ca
  }

  /** `server` ends what was made here, too. */
  static async of(server: RealApiServer): Promise<RealCluster> {
    return new RealCluster(server, await server.client(), await server.ca())
  }

  connection(user: ScenarioUser): ExplicitConnection {
    return { server: this.#server.replicas[0]?.url ?? '', token: this.#server.token(user), ca: this.#ca }
  }

  async grant(group: string, resources: readonly string[]): Promise<void> {
    await grant(this.admin, 'limited', group, resources, ['list', 'watch'])
  }
}
