import { beforeAll, it } from 'vitest'
import { RealCluster } from '../scenarios/real-cluster.ts'
import { outageNames, pagingNames, runScenario } from '../scenarios/scenarios.ts'
import { describeCluster } from './support/cluster.ts'

describeCluster('outages of real servers', { replicas: 2 }, (server) => {
  let cluster: RealCluster

  beforeAll(async () => {
    cluster = await RealCluster.of(server())
  })

  it.each(outageNames)('%s', async (name) => {
    await runScenario(name, cluster)
  })
})

// With the second gate on, the cache would still give a page that etcd has forgotten.
const gates = 'WatchList=false,ListFromCacheSnapshot=false'
describeCluster('pages of a real server', { featureGates: gates }, (server) => {
  let cluster: RealCluster

  beforeAll(async () => {
    cluster = await RealCluster.of(server())
  })

  it.each(pagingNames)('%s', async (name) => {
    await runScenario(name, cluster)
  })
})
