import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EmbeddedApiServer } from '../../src/testing/index.ts'
import { threadCounts } from '../contract/contract-bed.ts'
import { type Child, startChild } from '../support/child-process.ts'
import { repositoryDir } from '../support/go-build.ts'
import { until } from '../support/until.ts'

describe.each(threadCounts)('a process with a running informer, threads: $threads', ({ threads }) => {
  let server: EmbeddedApiServer

  beforeAll(async () => {
    server = new EmbeddedApiServer()
    server.populate({ resource: 'configmaps', objects: 3 })
    await server.start()
  })
  afterAll(() => server.close())

  function start(when: string): Child {
    const script = join(repositoryDir, 'test/threads/reference-child.ts')
    return startChild(process.execPath, [script, server.url, String(threads), when])
  }

  it.each(['before', 'after'])(
    'ends by itself when the informer is unreferenced %s it synced',
    async (when) => {
      const child = start(when)
      try {
        expect(await child.exited, child.output()).toBe(0)
        expect(child.output()).toContain(when === 'before' ? 'started' : 'synced 3')
      } finally {
        await child.stop('SIGKILL')
      }
    },
  )

  it.each(['never', 'back'])('lives on when it is unreferenced: %s', async (when) => {
    const child = start(when)
    try {
      await until(() => child.output().includes('synced'), 'the child has synced', 30_000)
      server.create('configmaps', { metadata: { name: `${when}${threads}`, namespace: 'default' } })
      // One that ends by itself does so within milliseconds of its last line.
      await new Promise((resolve) => setTimeout(resolve, 700))
      expect(child.process.exitCode, child.output()).toBe(null)
    } finally {
      await child.stop('SIGKILL')
    }
  })
})
