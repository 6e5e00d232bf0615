import type { ExplicitConnection } from '../../src/index.ts'
import { EmbeddedApiServer } from '../../src/testing/index.ts'
import { KubeClient } from '../support/kube-client.ts'
import { until } from '../support/until.ts'
import type { RestartOptions, ScenarioCluster, ScenarioUser, StreamCounts } from './scenario-cluster.ts'

const tokens: Readonly<Record<ScenarioUser, string>> = { admin: 'admin-token', limited: 'limited-token' }

export class EmbeddedCluster implements ScenarioCluster {
  readonly name = 'embedded'
  readonly threads = 0
  readonly patienceMs = 20_000
  readonly timing = { backoffBaseMs: 20, backoffMaxMs: 100, absentAfterMs: 400 }
  readonly admin: KubeClient
  readonly #server: EmbeddedApiServer
  readonly #granted: string[] = []
  #countsAtStart: StreamCounts = { finished: 0, refused: 0 }

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

  async restart({ hasWatchList }: RestartOptions): Promise<void> {
    await this.#server.stopListening()
    this.#server.triggerRelist()
    this.#server.hasWatchList = hasWatchList
    this.#countsAtStart = this.#counts()
    await this.#server.startListening()
    // The client has to notice that its sockets are closed.
    const isReady = async () => (await this.admin.request('GET', '/readyz')).status === 200
    await until(isReady, 'the server is ready')
  }

  async streamCounts(): Promise<StreamCounts> {
    const { finished, refused } = this.#counts()
    return {
      finished: finished - this.#countsAtStart.finished,
      refused: refused - this.#countsAtStart.refused,
    }
  }

  async sweepNamespace(): Promise<void> {
    // It has a namespace controller of its own.
  }

  #counts(): StreamCounts {
    const { watchLists, watchListsRefused } = this.#server.stats()
    return { finished: watchLists, refused: watchListsRefused }
  }

  async close(): Promise<void> {
    await this.admin.close()
    await this.#server.close()
  }
}
