import { expect } from 'vitest'
import { collectionPath, type NamedResource } from '../../src/resources/names.ts'
import { discoverServer } from '../support/discover-server.ts'
import type { ScenarioBed, Watched } from './scenario-bed.ts'

const name = 'one-of-many'
const namespace = 'many'
const labels = { app: name }
const template = {
  metadata: { labels },
  spec: { containers: [{ name: 'main', image: 'registry.example.com/main:1' }] },
}

/** One object in each of several groups, namespaced and not. */
const samples: readonly (NamedResource & { readonly isGlobal?: boolean; readonly rest: object })[] = [
  { group: '', version: 'v1', resource: 'configmaps', rest: { data: { a: '1' } } },
  {
    group: 'apps',
    version: 'v1',
    resource: 'deployments',
    rest: { spec: { replicas: 2, selector: { matchLabels: labels }, template } },
  },
  {
    group: 'batch',
    version: 'v1',
    resource: 'jobs',
    rest: { spec: { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } } },
  },
  {
    group: 'coordination.k8s.io',
    version: 'v1',
    resource: 'leases',
    rest: { spec: { holderIdentity: 'me' } },
  },
  {
    group: 'networking.k8s.io',
    version: 'v1',
    resource: 'networkpolicies',
    rest: { spec: { podSelector: {} } },
  },
  { group: 'rbac.authorization.k8s.io', version: 'v1', resource: 'roles', rest: { rules: [] } },
  {
    group: 'storage.k8s.io',
    version: 'v1',
    resource: 'storageclasses',
    isGlobal: true,
    rest: { provisioner: 'example.com/none' },
  },
]

/** One informer for each resource that the server's discovery offers, all in one factory; changes in several groups. */
export async function everyResource(bed: ScenarioBed): Promise<void> {
  const { admin } = bed.cluster
  await admin.create('/api/v1/namespaces', { metadata: { name: namespace } })
  const types = (await discoverServer(admin))
    .filter(({ verbs }) => verbs.includes('list') && verbs.includes('watch'))
    .map(({ group, version, name: resource }) => ({ group, version, resource }))
  const factory = bed.factory()
  const watched = new Map<string, Watched>(
    types.map((type) => [collectionPath(type), bed.watch(factory, type)]),
  )
  expect(watched.size).toBeGreaterThan(50)
  factory.start()
  await bed.synced(factory)

  const changed = samples.map((sample) => ({
    sample,
    path: collectionPath(sample, sample.isGlobal ? undefined : namespace),
    watched: watched.get(collectionPath(sample)) as Watched,
  }))
  const settled = async (): Promise<void> => {
    for (const one of changed) await bed.settled(one.watched)
  }
  for (const { sample, path } of changed) await admin.create(path, { metadata: { name }, ...sample.rest })
  await settled()
  for (const { path } of changed)
    await admin.mergePatch(`${path}/${name}`, { metadata: { labels: { step: '2' } } })
  await settled()
  for (const { path } of changed) await admin.delete(`${path}/${name}`, { propagationPolicy: 'Background' })
  await settled()
  for (const { watched: one } of changed) {
    expect(one.recorder.log.filter((line) => line.includes(name))).toEqual(
      ['add', 'update', 'delete'].map((verb) => `${verb} ${name} watch`),
    )
  }
}
