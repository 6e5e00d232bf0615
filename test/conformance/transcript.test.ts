import { afterAll, beforeAll, expect, it } from 'vitest'
import { startEmbeddedServer } from '../../src/testing/index.ts'
import { KubeClient } from '../support/kube-client.ts'
import { describeCluster } from './support/cluster.ts'
import { transcript } from './support/transcript.ts'

// The embedded server is what everything else is tested on: here it is held against the real one.
describeCluster('the embedded server beside a real one', {}, (cluster) => {
  let real: Record<string, unknown>
  let embedded: Record<string, unknown>
  let server: Awaited<ReturnType<typeof startEmbeddedServer>>

  beforeAll(async () => {
    server = await startEmbeddedServer({ objects: 0 })
    const client = new KubeClient(server.url)
    try {
      embedded = await transcript(client)
    } finally {
      await client.close()
    }
    real = await transcript(await cluster().client())
  })

  afterAll(async () => {
    await server?.close()
  })

  it('answers the same scenario with the same transcript', () => {
    expect(embedded).toEqual(real)
  })
})
