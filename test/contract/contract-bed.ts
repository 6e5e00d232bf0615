import {
  createInformerFactory,
  type Informer,
  type InformerFactory,
  type InformerFactoryOptions,
} from '../../src/index.ts'
import { EmbeddedApiServer, type EmbeddedApiServerOptions } from '../../src/testing/index.ts'

export { until } from '../support/until.ts'

export interface ConfigMap {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly uid: string
    readonly resourceVersion: string
    readonly labels?: Readonly<Record<string, string>>
  }
  readonly data?: Readonly<Record<string, string>>
}

/** Every contract line holds with worker threads and without. */
export const threadCounts: readonly { readonly threads: number }[] = [{ threads: 1 }, { threads: 0 }]

/** An API server on loopback and factories for it; `end` ends all that was made. */
export class ContractBed {
  readonly server: EmbeddedApiServer
  readonly threads: number
  readonly #factories: InformerFactory[] = []

  constructor(server: EmbeddedApiServer, threads: number) {
    this.server = server
    this.threads = threads
  }

  static async start(threads: number, options: EmbeddedApiServerOptions = {}): Promise<ContractBed> {
    const server = new EmbeddedApiServer(options)
    await server.start()
    return new ContractBed(server, threads)
  }

  factory(options: InformerFactoryOptions = {}): InformerFactory {
    const factory = createInformerFactory({
      kubeConfig: { server: this.server.url },
      threads: this.threads,
      ...options,
      timing: { backoffBaseMs: 20, backoffMaxMs: 200, ...options.timing },
    })
    this.#factories.push(factory)
    return factory
  }

  async end(): Promise<void> {
    await Promise.all(this.#factories.map((factory) => factory.close()))
    await this.server.close()
  }

  create(name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}): void {
    this.server.create('configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: 'default', labels },
      data,
    })
  }

  update(name: string, data: Record<string, string>): void {
    this.server.patch('configmaps', 'default', name, { data })
  }

  delete(name: string): void {
    this.server.delete('configmaps', 'default', name)
  }

  /** What the server holds, as `key` → `uid@resourceVersion`. */
  truth(): Map<string, string> {
    return new Map(
      this.server.list('configmaps').map((object) => {
        const { namespace, name, uid, resourceVersion } = (object as unknown as ConfigMap).metadata
        return [`${namespace}/${name}`, `${uid}@${resourceVersion}`]
      }),
    )
  }
}

export function informerOf(factory: InformerFactory): Informer<ConfigMap> {
  return factory.core.v1.configmaps.informer as unknown as Informer<ConfigMap>
}

export async function synced(informer: Informer<ConfigMap>): Promise<void> {
  informer.start()
  await informer.waitForSync({ signal: AbortSignal.timeout(10_000) })
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
