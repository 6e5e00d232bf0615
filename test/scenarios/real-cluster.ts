import type { ExplicitConnection } from '../../src/index.ts'
import { collectionPath, type NamedResource } from '../../src/resources/names.ts'
import { grant, revoke } from '../conformance/support/objects.ts'
import { discoverServer } from '../support/discover-server.ts'
import { KubeClient } from '../support/kube-client.ts'
import type { RealApiServer } from '../support/real-apiserver.ts'
import { until } from '../support/until.ts'
import type {
  IssuedToken,
  RestartOptions,
  ScenarioCluster,
  ScenarioReplica,
  ScenarioUser,
  StreamCounts,
} from './scenario-cluster.ts'
import { ServiceTokens } from './service-tokens.ts'

export class RealCluster implements ScenarioCluster {
  readonly name = 'real'
  readonly threads = 1
  readonly patienceMs = 60_000
  readonly timing = { backoffBaseMs: 100, backoffMaxMs: 1_000, absentAfterMs: 3_000 }
  readonly admin: KubeClient
  readonly #server: RealApiServer
  readonly #ca: string
  readonly #tokens: ServiceTokens
  #contents: readonly NamedResource[] | undefined

  private constructor(server: RealApiServer, admin: KubeClient, ca: string) {
    this.#server = server
    this.admin = admin
    this.#ca = ca
    this.#tokens = new ServiceTokens(admin)
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

  async restart({ hasWatchList }: RestartOptions): Promise<void> {
    const [replica] = this.#server.replicas
    await replica?.stop('SIGKILL')
    // Else a watch may find that nothing has happened since its version, and resume.
    await this.#server.moveRevision()
    await replica?.start(`WatchList=${hasWatchList}`)
  }

  async streamCounts(resource: string): Promise<StreamCounts> {
    const { body } = await this.admin.request('GET', '/metrics')
    const sum = (metric: string, ...labels: readonly string[]): number => {
      const wanted = [`resource="${resource}"`, 'scope="cluster"', ...labels]
      return body
        .split('\n')
        .filter((line) => line.startsWith(`${metric}{`) && wanted.every((label) => line.includes(label)))
        .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0)
    }
    return {
      finished: sum('apiserver_watch_list_duration_seconds_count'),
      refused: sum('apiserver_request_total', 'code="422"', 'verb="WATCH"'),
    }
  }

  async sweepNamespace(name: string): Promise<void> {
    const path = `/api/v1/namespaces/${name}`
    const { status, body } = await this.admin.request('GET', path)
    if (status === 404) return
    const namespace = JSON.parse(body)
    if (namespace.metadata.deletionTimestamp === undefined) return
    this.#contents ??= (await discoverServer(this.admin))
      .filter((one) => one.namespaced && one.verbs.includes('deletecollection'))
      .map((one) => ({ group: one.group, version: one.version, resource: one.name }))
    let left = 0
    for (const type of this.#contents) {
      const collection = collectionPath(type, name)
      if ((await this.admin.list(collection)).items.length === 0) continue
      await this.admin.request('DELETE', collection)
      left += (await this.admin.list(collection)).items.length
    }
    if (left > 0) return
    await this.admin.request('PUT', `${path}/finalize`, { ...namespace, spec: { finalizers: [] } })
  }

  async revoke(_group: string, resources: readonly string[]): Promise<void> {
    await revoke(this.admin, 'limited', resources)
  }

  async issueToken(): Promise<IssuedToken> {
    const { value, unbind } = await this.#tokens.issue()
    const revoke = async () => {
      await unbind()
      const client = new KubeClient(this.connection('admin').server, value, this.#ca)
      // API servers remember for ten seconds that a token was good.
      const isRefused = async () => (await client.request('GET', '/version')).status === 401
      await until(isRefused, 'the token is refused', 30_000).finally(() => client.close())
    }
    return { value, revoke }
  }

  async compact(): Promise<void> {
    await this.#server.compact()
  }

  async replicas(): Promise<readonly [ScenarioReplica, ScenarioReplica]> {
    return [await this.#replica(0), await this.#replica(1)]
  }

  async forget(): Promise<void> {
    await this.compact()
    // Their watch caches begin anew.
    for (const replica of this.#server.replicas) {
      await replica.stop('SIGKILL')
      await replica.start()
    }
  }

  async #replica(index: number): Promise<ScenarioReplica> {
    const replica = this.#server.replicas[index]
    if (replica === undefined) throw new Error(`the cluster was started without replica ${index}`)
    const admin = await this.#server.client('admin', index)
    return { url: replica.url, admin, stop: () => replica.stop(), start: () => replica.start() }
  }
}
