import { afterAll, beforeAll, describe, it } from 'vitest'
import { EmbeddedCluster } from './embedded-cluster.ts'
import { outageNames, pagingNames, runScenario } from './scenarios.ts'

describe('outages of the embedded server', () => {
  let cluster: EmbeddedCluster

  beforeAll(async () => {
    cluster = await EmbeddedCluster.start()
  })

  afterAll(async () => {
    await cluster?.close()
  })

  it.each(outageNames)('%s', async (name) => {
    await runScenario(name, cluster)
  })
})

describe('pages of the embedded server', () => {
  let cluster: EmbeddedCluster

  beforeAll(async () => {
    cluster = await EmbeddedCluster.start({ hasWatchList: false })
  })

  afterAll(async () => {
    await cluster?.close()
  })

  it.each(pagingNames)('%s', async (name) => {
    await runScenario(name, cluster)
  })
})
