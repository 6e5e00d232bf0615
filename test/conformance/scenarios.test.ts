import { beforeAll, expect, it } from 'vitest'
import { collectionPath, knownResources } from '../../src/resources/names.ts'
import { RealCluster } from '../scenarios/real-cluster.ts'
import { runScenario, type ScenarioName, scenarioNames } from '../scenarios/scenarios.ts'
import { discoverServer } from '../support/discover-server.ts'
import { describeCluster } from './support/cluster.ts'

/** Those that a server with its default flags does not show in full. */
const everything: readonly ScenarioName[] = ['every-resource']

describeCluster('scenarios on a real server', {}, (server) => {
  let cluster: RealCluster

  beforeAll(async () => {
    cluster = await RealCluster.of(server())
  })

  it.each(scenarioNames.filter((name) => !everything.includes(name)))('%s', async (name) => {
    await runScenario(name, cluster)
  })
})

const allVersions = { runtimeConfig: 'api/all=true', featureGates: 'AllAlpha=true,AllBeta=true' }

describeCluster('scenarios on a real server with alpha and beta versions', allVersions, (server) => {
  let cluster: RealCluster

  beforeAll(async () => {
    cluster = await RealCluster.of(server())
  })

  it.each(everything)('%s', async (name) => {
    await runScenario(name, cluster)
  })

  it('offers every resource that a factory has a property for', async () => {
    const offered = new Set(
      (await discoverServer(cluster.admin)).map((one) => collectionPath({ ...one, resource: one.name })),
    )
    expect(knownResources.map((type) => collectionPath(type)).filter((path) => !offered.has(path))).toEqual(
      [],
    )
  })
})
