import { expect, it } from 'vitest'
import { readDiscovery } from '../../scripts/discovery-file.ts'
import { createInformerFactory, type ResourceHandle } from '../../src/index.ts'
import { groupProperty } from '../../src/resources/group-property.ts'
import { knownResources } from '../../src/resources/names.ts'
import { discoverServer } from '../support/discover-server.ts'
import { describeCluster } from './support/cluster.ts'

type Groups = Readonly<
  Record<string, Readonly<Record<string, Readonly<Record<string, ResourceHandle<unknown>>>>>>
>

describeCluster('built-in resources, as a server serves them by default', {}, (cluster) => {
  it('are those in the recorded discovery', async () => {
    const recorded = readDiscovery()
      .filter((resource) => resource.isServedByDefault)
      .map(({ isServedByDefault: _, ...resource }) => resource)
    expect(await discoverServer(await cluster().client())).toEqual(recorded)
  })
})

const everything = { runtimeConfig: 'api/all=true', featureGates: 'AllAlpha=true,AllBeta=true' }

describeCluster('built-in resources, alpha and beta versions included', everything, (cluster) => {
  it('can all be listed and watched by their properties', async () => {
    const factory = createInformerFactory({
      kubeConfig: {
        server: cluster().replicas[0]?.url ?? '',
        token: cluster().token('admin'),
        ca: await cluster().ca(),
      },
      threads: 1,
    })
    try {
      const handles = knownResources.map((type) => {
        const groups = factory as unknown as Groups
        const handle = groups[groupProperty(type.group)]?.[type.version]?.[type.resource]
        return { type, informer: handle?.informer }
      })
      factory.start()
      await factory.waitForCacheSync({ signal: AbortSignal.timeout(90_000) })
      expect(handles.filter(({ informer }) => !informer?.hasSynced()).map(({ type }) => type)).toEqual([])
      expect(factory.core.v1.namespaces.lister.get('default')?.status?.phase).toBe('Active')
      expect(factory.flowcontrol.v1.flowschemas.lister.get('exempt')?.spec?.matchingPrecedence).toBe(1)
    } finally {
      await factory.close()
    }
  })
})
