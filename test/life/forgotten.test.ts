import { expect, it } from 'vitest'
import { startChild } from '../support/child-process.ts'

it('a snapshot that nobody disposes of is let go of once nobody can read it, with a warning; one in use is not', async () => {
  const index = new URL('../../src/index.ts', import.meta.url).href
  const testing = new URL('../../src/testing/index.ts', import.meta.url).href
  const code = `
    const { createInformerFactory } = await import(${JSON.stringify(index)})
    const { EmbeddedApiServer } = await import(${JSON.stringify(testing)})
    const server = await new EmbeddedApiServer().start()
    const factory = createInformerFactory({ kubeConfig: { server: server.url }, threads: 0 })
    const { informer } = factory.core.v1.namespaces
    factory.start()
    await factory.waitForCacheSync()
    process.on('warning', ({ code, message }) => console.log(code, message))
    const collected = async () => {
      for (let i = 0; i < 20; i++) {
        globalThis.gc()
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      return informer.stats().snapshots
    }
    const iterator = informer.snapshot().list()[Symbol.iterator]()
    const first = iterator.next().value.metadata.name
    informer.snapshot()
    informer.snapshot().dispose()
    console.log('left', await collected())
    console.log('read', [first, ...iterator].length)
    await factory.close()
    await server.close()`
  const child = startChild(process.execPath, ['--expose-gc', '--input-type=module', '-e', code])
  expect(await child.exited).toBe(0)
  const lines = child.output().trim().split('\n')
  const warning =
    'KUBE_INFORMER_SNAPSHOT_FORGOTTEN a snapshot of namespaces was never disposed of: it pinned old states until now'
  expect(lines.filter((line) => line.startsWith('KUBE_INFORMER'))).toEqual([warning])
  expect(lines).toContain('left 1')
  expect(lines).toContain('read 4')
})
