import { CoreV1Api, KubeConfig, type V1ConfigMap, type V1ConfigMapList } from '@kubernetes/client-node'
import { type CompatInformer, type MakeInformerOptions, makeInformer } from '../../src/compat/index.ts'
import { EmbeddedApiServer, type EmbeddedApiServerOptions } from '../../src/testing/index.ts'
import { sleep } from '../contract/contract-bed.ts'

export const configMaps = '/api/v1/namespaces/default/configmaps'

/** An API server on loopback, client-node's configuration for it, and informers; `end` finds what was left unhandled. */
export class CompatBed {
  readonly server: EmbeddedApiServer
  readonly kubeConfig: KubeConfig = new KubeConfig()
  readonly core: CoreV1Api
  readonly #threads: number
  readonly #informers: { stop(): Promise<void> }[] = []
  readonly #unhandled: unknown[] = []
  readonly #onUnhandled = (error: unknown): void => void this.#unhandled.push(error)

  private constructor(server: EmbeddedApiServer, threads: number) {
    this.server = server
    this.#threads = threads
    this.kubeConfig.loadFromOptions({
      // client-node's own calls take plain HTTP only so.
      clusters: [{ name: 'c', server: server.url, skipTLSVerify: true }],
      users: [{ name: 'u' }],
      contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
      currentContext: 'x',
    })
    this.core = this.kubeConfig.makeApiClient(CoreV1Api)
    process.on('unhandledRejection', this.#onUnhandled)
  }

  static async start(threads: number, options: EmbeddedApiServerOptions = {}): Promise<CompatBed> {
    return new CompatBed(await new EmbeddedApiServer(options).start(), threads)
  }

  readonly list = (): Promise<V1ConfigMapList> => this.core.listNamespacedConfigMap({ namespace: 'default' })

  informer(
    listFn: () => Promise<V1ConfigMapList> = this.list,
    options: MakeInformerOptions & { readonly path?: string; readonly labelSelector?: string } = {},
  ): CompatInformer<V1ConfigMap> {
    const { path = configMaps, labelSelector, timing, ...rest } = options
    const informer = makeInformer(this.kubeConfig, path, listFn, labelSelector, {
      threads: this.#threads,
      ...rest,
      timing: { backoffBaseMs: 20, backoffMaxMs: 100, ...timing },
    })
    this.#informers.push(informer)
    return informer
  }

  create(name: string, data: Record<string, string> = {}, namespace = 'default'): void {
    this.server.create('configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace },
      data,
    })
  }

  update(name: string, data: Record<string, string>): void {
    this.server.patch('configmaps', 'default', name, { data })
  }

  delete(name: string, namespace = 'default'): void {
    this.server.delete('configmaps', namespace, name)
  }

  async end(): Promise<void> {
    await Promise.all(this.#informers.map((informer) => informer.stop()))
    await this.server.close()
    await sleep(5)
    process.off('unhandledRejection', this.#onUnhandled)
    if (this.#unhandled.length > 0) throw new Error('unhandled', { cause: this.#unhandled })
  }
}

/** What the callbacks were called with: `add a`, `update a`, `connect`, `error 404`. */
export function record(informer: CompatInformer<V1ConfigMap>): {
  readonly log: string[]
  readonly errors: unknown[]
} {
  const log: string[] = []
  const errors: unknown[] = []
  for (const verb of ['add', 'update', 'delete'] as const) {
    informer.on(verb, (object) => void log.push(`${verb} ${object.metadata?.name}`))
  }
  informer.on('connect', () => void log.push('connect'))
  informer.on('error', (error: unknown) => {
    log.push('error')
    errors.push(error)
  })
  return { log, errors }
}
