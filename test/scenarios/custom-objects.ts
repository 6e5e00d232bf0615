import type { NamedResource } from '../../src/resources/names.ts'
import type { KubeClient, KubeObject } from '../support/kube-client.ts'
import { until } from '../support/until.ts'

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

/** A custom resource `gadgets`, in a group of its scenario's own, and its objects in the namespace `default`. */
export class Gadgets {
  readonly #client: KubeClient
  readonly #group: string

  constructor(client: KubeClient, group: string) {
    this.#client = client
    this.#group = group
  }

  type(version: string): NamedResource {
    return { group: this.#group, version, resource: 'gadgets' }
  }

  path(version: string): string {
    return `/apis/${this.#group}/${version}/namespaces/default/gadgets`
  }

  /** Resolves once the API server serves all versions; the last one is stored. */
  async define(versions: readonly string[]): Promise<void> {
    await this.#client.create(definitions, {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `gadgets.${this.#group}` },
      spec: {
        group: this.#group,
        scope: 'Namespaced',
        names: { plural: 'gadgets', singular: 'gadget', kind: 'Gadget', listKind: 'GadgetList' },
        versions: versionsOf(versions, []),
      },
    })
    for (const version of versions) await this.#isServed(version, true)
  }

  /** Resolves once the server serves these versions, less those withdrawn. */
  async redefine(versions: readonly string[], withdrawn: readonly string[] = []): Promise<void> {
    await this.#client.mergePatch(`${definitions}/gadgets.${this.#group}`, {
      spec: { versions: versionsOf(versions, withdrawn) },
    })
    for (const version of versions) await this.#isServed(version, !withdrawn.includes(version))
  }

  /** Resolves once neither the definition nor its objects are there. */
  async undefine(version: string): Promise<void> {
    await this.#client.delete(`${definitions}/gadgets.${this.#group}`)
    await this.#isServed(version, false)
  }

  async create(version: string, name: string): Promise<KubeObject> {
    return await this.#client.create(this.path(version), {
      apiVersion: `${this.#group}/${version}`,
      kind: 'Gadget',
      metadata: { name },
      spec: { size: 1 },
    })
  }

  async #isServed(version: string, wanted: boolean): Promise<void> {
    await until(
      async () => (await this.#client.request('GET', this.path(version))).status === (wanted ? 200 : 404),
      `gadgets ${version} are ${wanted ? '' : 'not '}served`,
      30_000,
    )
  }
}

function versionsOf(versions: readonly string[], withdrawn: readonly string[]): unknown {
  return versions.map((name) => ({
    name,
    served: !withdrawn.includes(name),
    storage: name === versions.at(-1),
    schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
  }))
}
