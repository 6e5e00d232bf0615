import { afterEach, beforeEach, describe, it } from 'vitest'
import { EmbeddedCluster } from './embedded-cluster.ts'
import { runScenario, scenarioNames } from './scenarios.ts'

describe('scenarios on the embedded server', () => {
  let cluster: EmbeddedCluster

  beforeEach(async () => {
    cluster = await EmbeddedCluster.start()
  })

  afterEach(async () => {
    await cluster.close()
  })

  it.each(scenarioNames)('%s', async (name) => {
    await runScenario(name, cluster)
  })
})
