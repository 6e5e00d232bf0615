import { beforeAll, it } from 'vitest'
import { RealCluster } from '../scenarios/real-cluster.ts'
import { runScenario, scenarioNames } from '../scenarios/scenarios.ts'
import { describeCluster } from './support/cluster.ts'

describeCluster('scenarios on a real server', {}, (server) => {
  let cluster: RealCluster

  beforeAll(async () => {
    cluster = await RealCluster.of(server())
  })

  it.each(scenarioNames)('%s', async (name) => {
    await runScenario(name, cluster)
  })
})
