import type { ExplicitConnection } from '../../src/index.ts'
import { EmbeddedApiServer, type EmbeddedApiServerOptions } from '../../src/testing/index.ts'
import { KubeClient } from '../support/kube-client.ts'
import { until } from '../support/until.ts'
import type {
  IssuedToken,
  RestartOptions,
  ScenarioCluster,
  ScenarioReplica,
  ScenarioUser,
  StreamCounts,
} from './scenario-cluster.ts'

const tokens: Readonly<Record<ScenarioUser, string>> = { admin: 'admin-token', limited: 'limited-token' }

export class EmbeddedCluster implements ScenarioCluster {
  readonly name = 'embedded'
  readonly threads = 0
  readonly patienceMs = 20_000
  readonly timing = { backoffBaseMs: 20, backoffMaxMs: 100, absentAfterMs: 400 }
  readonly admin: KubeClient
  readonly #server: EmbeddedApiServer
  readonly #clients: KubeClient[]
  #granted: readonly string[] = []
  #tokensIssued = 0
  #countsAtStart: StreamCounts = { finished: 0, refused: 0 }

  private constructor(server: EmbeddedApiServer) {
    this.#server = server
    this.admin = new KubeClient(server.url, tokens.admin)
    this.#clients = [this.admin]
  }

  static async start(options: EmbeddedApiServerOptions = {}): Promise<EmbeddedCluster> {
    const server = new EmbeddedApiServer({
      ...options,
      tokens: { [tokens.admin]: 'all', [tokens.limited]: { resources: [] } },
      requiresNamespaces: true,
      bookmarkMs: 200,
    })
    return new EmbeddedCluster(await server.start())
  }

  connection(user: ScenarioUser): ExplicitConnection {
    return { server: this.#server.url, token: tokens[user] }
  }

  async grant(_group: string, resources: readonly string[]): Promise<void> {
    this.#allow([...this.#granted, ...resources])
  }

  async revoke(_group: string, resources: readonly string[]): Promise<void> {
    this.#allow(this.#granted.filter((resource) => !resources.includes(resource)))
  }

  async issueToken(): Promise<IssuedToken> {
    const value = `issued-${this.#tokensIssued++}`
    this.#server.access.set(value, { resources: ['configmaps'] })
    return { value, revoke: async () => this.#server.access.revoke(value) }
  }

  async compact(): Promise<void> {
    this.#server.compactStorage()
  }

  async replicas(): Promise<readonly [ScenarioReplica, ScenarioReplica]> {
    return [await this.#replica(), await this.#replica()]
  }

  async forget(): Promise<void> {
    this.#server.compact()
    await this.#server.stopListening()
    await this.#startListening()
  }

  async restart({ hasWatchList }: RestartOptions): Promise<void> {
    await this.#server.stopListening()
    this.#server.triggerRelist()
    this.#server.hasWatchList = hasWatchList
    this.#countsAtStart = this.#counts()
    await this.#startListening()
  }

  async #startListening(): Promise<void> {
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
    await Promise.all(this.#clients.map((client) => client.close()))
    await this.#server.close()
  }

  async #replica(): Promise<ScenarioReplica> {
    const replica = await this.#server.addReplica().start()
    const admin = new KubeClient(replica.url, tokens.admin)
    this.#clients.push(admin)
    const start = async () => void (await replica.start())
    return { url: replica.url, admin, stop: () => replica.stop(), start }
  }

  #allow(resources: readonly string[]): void {
    this.#granted = resources
    this.#server.access.set(tokens.limited, { resources })
  }
}
