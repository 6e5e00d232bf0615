import { expect } from 'vitest'
import {
  createInformerFactory,
  type ExplicitConnection,
  type Informer,
  type InformerFactory,
  type ReflectorTiming,
  type ResourceHandle,
} from '../../src/index.ts'
import { groupProperty } from '../../src/resources/group-property.ts'
import { collectionPath, knownResource, type NamedResource } from '../../src/resources/names.ts'
import { keyOf } from '../conformance/support/churn.ts'
import { expectSameObjects } from '../conformance/support/compare.ts'
import type { ConfigMap } from '../contract/contract-bed.ts'
import { Recorder } from '../contract/recorder.ts'
import { HttpGate } from '../support/http-gate.ts'
import type { KubeList } from '../support/kube-client.ts'
import { until } from '../support/until.ts'
import type { ScenarioCluster, ScenarioUser } from './scenario-cluster.ts'

const nothing: KubeList = { apiVersion: '', kind: '', metadata: { resourceVersion: '' }, items: [] }

/** How many lists beside its first one an informer may begin; one number: exactly so many. */
export type RelistBound = number | { readonly min: number; readonly max: number }

/** An informer of a scenario with the listener that judges it. */
export interface Watched {
  /** Where its objects are listed. */
  readonly path: string
  readonly informer: Informer<ConfigMap>
  readonly recorder: Recorder
  /** To be set before the end; 0 until then. */
  relists: RelistBound
}

/**
 * The informers of one scenario. {@link end} holds each against the server: the cache equals its list, so does what the
 * listener was told, no call broke the contract, and no more lists were needed than the scenario says.
 */
export class ScenarioBed {
  readonly cluster: ScenarioCluster
  readonly #factories: InformerFactory[] = []
  readonly #ends: (() => Promise<unknown>)[] = []
  readonly #watched: Watched[] = []

  constructor(cluster: ScenarioCluster) {
    this.cluster = cluster
  }

  /** `changes` to how this user connects: through a gate, say. */
  factory(
    user: ScenarioUser = 'admin',
    changes: Partial<ExplicitConnection> = {},
    timing: Partial<ReflectorTiming> = {},
  ): InformerFactory {
    const factory = createInformerFactory({
      kubeConfig: { ...this.cluster.connection(user), ...changes },
      threads: this.cluster.threads,
      timing: { ...this.cluster.timing, ...timing },
    })
    this.#factories.push(factory)
    return factory
  }

  /** Between a factory and the server, open. */
  async gate(): Promise<HttpGate> {
    const gate = new HttpGate(this.cluster.connection('admin'))
    await gate.open()
    this.onClose(() => gate.shut())
    return gate
  }

  /** What a scenario leaves to be ended with the factories, also when it fails. */
  onClose(end: () => Promise<unknown>): void {
    this.#ends.push(end)
  }

  /** Its informer, with a listener, not started. Built-in resources are asked for by their properties. */
  watch(factory: InformerFactory, type: NamedResource, namespace?: string): Watched {
    const handle = handleOf(factory, type)
    const { informer } = namespace === undefined ? handle : handle.select({ namespace })
    const recorder = new Recorder()
    informer.addEventHandler(recorder.handlers)
    const watched: Watched = { path: collectionPath(type, namespace), informer, recorder, relists: 0 }
    this.#watched.push(watched)
    return watched
  }

  /** Polls as long as the cluster may take. */
  async until(probe: () => boolean | Promise<boolean>, what: string): Promise<void> {
    await until(probe, what, this.cluster.patienceMs)
  }

  async synced(factory: InformerFactory): Promise<void> {
    await factory.waitForCacheSync({ signal: AbortSignal.timeout(this.cluster.patienceMs) })
  }

  /** Resolves once cache and listener equal the server's list; of a resource that is not served, once they are empty. */
  async settled({ path, informer, recorder }: Watched): Promise<void> {
    await this.until(async () => {
      const list = await this.#list(path)
      const truth = list.items.map((item) => [
        keyOf(item),
        `${item.metadata.uid}@${item.metadata.resourceVersion}`,
      ])
      expect(Object.fromEntries(recorder.state())).toEqual(Object.fromEntries(truth))
      expectSameObjects(informer.indexer.list(), list)
      return true
    }, `${informer.resource} is as on the server`)
  }

  /** So often at most an informer looks after an absent resource in this time: each pause is at least 3/4 of the longest. */
  looks(ms: number): number {
    return 1 + Math.ceil(ms / (0.75 * this.cluster.timing.backoffMaxMs))
  }

  /** Gives the relists of all informers. */
  async end(): Promise<number> {
    for (const watched of this.#watched) await this.settled(watched)
    // The counters come from the worker, the last of them at the stop.
    await this.close()
    let relists = 0
    for (const { informer, recorder, relists: bound } of this.#watched) {
      expect(recorder.problems).toEqual([])
      const { refused, watch } = { refused: informer.health().refused, watch: informer.stats().watch }
      expect(refused).toEqual([])
      const { min, max } = typeof bound === 'number' ? { min: bound, max: bound } : bound
      const found = `${informer.resource}: ${watch.relists} relists`
      expect(watch.relists, found).toBeGreaterThanOrEqual(min)
      expect(watch.relists, found).toBeLessThanOrEqual(max)
      relists += watch.relists
    }
    return relists
  }

  async close(): Promise<void> {
    try {
      await Promise.all(this.#factories.map((factory) => factory.close()))
    } finally {
      await Promise.all(this.#ends.splice(0).map((end) => end()))
    }
  }

  async #list(path: string): Promise<KubeList> {
    const { status, body } = await this.cluster.admin.request('GET', path)
    if (status === 404) return nothing
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${body}`)
    return JSON.parse(body) as KubeList
  }
}

type Groups = Readonly<
  Record<string, Readonly<Record<string, Readonly<Record<string, ResourceHandle<ConfigMap>>>>>>
>

function handleOf(factory: InformerFactory, type: NamedResource): ResourceHandle<ConfigMap> {
  if (knownResource(type) === undefined) return factory.forResource<ConfigMap>(type)
  const groups = factory as unknown as Groups
  const handle = groups[groupProperty(type.group)]?.[type.version]?.[type.resource]
  if (handle === undefined) throw new Error(`the factory has no property for ${collectionPath(type)}`)
  return handle
}
