import { expect, it } from 'vitest'
import { readDiscovery } from '../../scripts/discovery-file.ts'
import { discoverServer } from '../support/discover-server.ts'
import { describeCluster } from './support/cluster.ts'

describeCluster('built-in resources, as a server serves them by default', {}, (cluster) => {
  it('are those in the recorded discovery', async () => {
    const recorded = readDiscovery()
      .filter((resource) => resource.isServedByDefault)
      .map(({ isServedByDefault: _, ...resource }) => resource)
    expect(await discoverServer(await cluster().client())).toEqual(recorded)
  })
})
