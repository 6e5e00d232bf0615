import type { ExplicitConnection } from '../../src/index.ts'
import { EmbeddedApiServer } from '../../src/testing/index.ts'
import { KubeClient } from '../support/kube-client.ts'
import type { ScenarioCluster, ScenarioUser } from './scenario-cluster.ts'

const tokens: Readonly<Record<ScenarioUser, string>> = { admin: 'admin-token', limited: 'limited-token' }

export class EmbeddedCluster implements ScenarioCluster {
  readonly name = 'embedded'
  readonly timing = { backoffBaseMs: 20, backoffMaxMs: 100, absentAfterMs: 400 }
  readonly admin: KubeClient
  readonly #server: EmbeddedApiServer
  readonly #granted: string[] = []

  private constructor(server: EmbeddedApiServer) {
    this.#server = server
    this.admin = new KubeClient(server.url, tokens.admin)
  }

  static async start(): Promise<EmbeddedCluster> {
    const server = new EmbeddedApiServer({
      tokens: { [tokens.admin]: 'all', [tokens.limited]: { resources: [] } },
      requiresNamespaces: true,
    })
    return new EmbeddedCluster(await server.start())
  }

  connection(user: ScenarioUser): ExplicitConnection {
    return { server: this.#server.url, token: tokens[user] }
  }

  async grant(_group: string, resources: readonly string[]): Promise<void> {
    this.#granted.push(...resources)
    this.#server.access.set(tokens.limited, { resources: [...this.#granted] })
  }

  async close(): Promise<void> {
    await this.admin.close()
    await this.#server.close()
  }
}
