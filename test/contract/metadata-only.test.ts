import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ContractBed, threadCounts, until } from './contract-bed.ts'
import { Recorder } from './recorder.ts'

const signal = (): AbortSignal => AbortSignal.timeout(10_000)
const partial = { apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata' }
const type = { version: 'v1', resource: 'configmaps' }

describe.each(threadCounts)('metadata alone, threads: $threads', ({ threads }) => {
  let bed: ContractBed

  beforeEach(async () => {
    bed = await ContractBed.start(threads)
  })
  afterEach(() => bed.end())

  it.each([{ hasWatchList: true }, { hasWatchList: false }])(
    'is listed, watched, relisted and deleted as the server sends it: %j',
    async ({ hasWatchList }) => {
      bed.server.hasWatchList = hasWatchList
      for (let i = 0; i < 12; i++) bed.create(`m${i}`, { text: 'x'.repeat(2_000) }, { app: `a${i % 2}` })
      const factory = bed.factory({ timing: { pageSize: 5 } })
      const { informer, lister } = factory.forResource({ ...type, metadataOnly: true })
      const recorder = new Recorder()
      informer.addEventHandler(recorder.handlers as object)
      informer.start()
      await informer.waitForSync({ signal: signal() })
      expect(lister.get('default/m1')).toEqual({
        ...partial,
        metadata: (bed.server.get('configmaps', 'default', 'm1') as { metadata?: unknown }).metadata,
      })
      expect(lister.list({ labelSelector: 'app=a1' }).size).toBe(6)
      await until(() => informer.state === 'watching', 'it watches')
      bed.server.patch('configmaps', 'default', 'm1', { metadata: { annotations: { a: 'b' } } })
      bed.create('late')
      bed.delete('m2')
      await until(
        () => recorder.state().size === 12 && lister.get('default/late') !== undefined,
        'all is told',
      )
      bed.server.triggerRelist()
      bed.delete('m3')
      await until(() => recorder.state().size === 11, 'a list found it')
      expect(lister.get('default/m1')).toMatchObject({ ...partial, metadata: { annotations: { a: 'b' } } })
      expect(lister.list().some((one) => 'data' in one)).toBe(false)
      expect(recorder.problems).toEqual([])
      await until(() => informer.stats().watch.bytesRead > 0, 'the counters have come')
      expect(informer.stats().watch.bytesRead).toBeLessThan(12 * 2_000)
    },
  )

  it('is a handle of its own, one for equal options; what has no index there has none', async () => {
    bed.create('a', {}, { app: 'web' })
    const { configmaps } = bed.factory().core.v1
    const metadata = configmaps.select({ metadataOnly: true })
    expect(metadata).not.toBe(configmaps)
    expect(configmaps.select({ metadataOnly: true })).toBe(metadata)
    const web = metadata.select({ labelSelector: 'app=web' })
    expect(web).toBe(configmaps.select({ labelSelector: 'app=web', metadataOnly: true }))
    expect(() => web.informer.addIndexers({ byText: 'data.text' })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
    )
    const several = metadata.selectNamespaces(['default', 'other'])
    several.informer.start()
    await several.informer.waitForSync({ signal: signal() })
    expect(several.lister.get('default/a')).toMatchObject(partial)
  })

  describe('from a server that does not know it', () => {
    let server: Server
    afterEach(() => {
      server.closeAllConnections()
      server.close()
    })

    it('is cut here to the same members', async () => {
      const accepted: (string | undefined)[] = []
      const metadata = { name: 'a', namespace: 'default', uid: 'u', resourceVersion: '5' }
      server = createServer((request, response) => {
        accepted.push(request.headers.accept)
        response.writeHead(200, { 'content-type': 'application/json' })
        const end = { resourceVersion: '7', annotations: { 'k8s.io/initial-events-end': 'true' } }
        for (const event of [
          { type: 'ADDED', object: { kind: 'ConfigMap', metadata, data: { a: 'b' }, spec: {}, x: [1] } },
          { type: 'BOOKMARK', object: { metadata: end } },
        ])
          response.write(`${JSON.stringify(event)}\n`)
      }).listen(0, '127.0.0.1')
      await until(() => server.listening, 'it listens')
      const factory = bed.factory({
        kubeConfig: { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
        dropFields: ['spec.x', 'x[*].y'],
      })
      const { informer } = factory.forResource({ ...type, metadataOnly: true })
      informer.start()
      await informer.waitForSync({ signal: signal() })
      expect(informer.indexer.get('default/a')).toEqual({ kind: 'ConfigMap', metadata })
      expect(accepted[0]).toBe(
        'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json',
      )
    })
  })
})
