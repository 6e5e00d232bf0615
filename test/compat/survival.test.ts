import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { KubeConfig, type V1ConfigMap, type V1ConfigMapList } from '@kubernetes/client-node'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type CompatInformer, makeInformer } from '../../src/compat/index.ts'
import { sleep, threadCounts, until } from '../contract/contract-bed.ts'
import { CompatBed, record } from './compat-bed.ts'

/** What client-node's informer dies of, leaks by or loses objects by: this one does not. */
describe.each(threadCounts)(
  "what client-node's informer does not survive, threads: $threads",
  ({ threads }) => {
    let bed: CompatBed

    beforeEach(async () => {
      bed = await CompatBed.start(threads)
    })
    afterEach(() => bed.end())

    const versions = (objects: readonly V1ConfigMap[]): string[] =>
      objects.map(({ metadata }) => `${metadata?.name}@${metadata?.resourceVersion}`).sort()

    async function converged(informer: CompatInformer<V1ConfigMap>): Promise<void> {
      const truth = (): string =>
        versions(bed.server.list('configmaps') as unknown as readonly V1ConfigMap[]).join()
      await until(() => versions(informer.list()).join() === truth(), 'the cache shows what the server holds')
    }

    it('errors of the server and of the network, at the list and at the watch', async () => {
      bed.create('a')
      const informer = bed.informer()
      const { errors } = record(informer)
      for (const status of [500, 429, 401, 403]) {
        bed.server.faults.refuse({ status, count: 2, match: 'configmaps', retryAfterSeconds: 0 })
      }
      await informer.start()
      bed.create('b')
      await converged(informer)
      for (const status of [500, 429, 401, 403, 504]) {
        bed.server.faults.refuse({ status, count: 1, match: 'watch', retryAfterSeconds: 0 })
      }
      bed.server.faults.cutStreams()
      bed.create('c')
      await converged(informer)
      await bed.server.stopListening()
      bed.create('d')
      bed.delete('a')
      await sleep(100)
      await bed.server.startListening()
      await converged(informer)
      const seen = (errors as { code?: unknown; statusCode?: number }[]).map(
        ({ code, statusCode }) => statusCode ?? code,
      )
      // The list's are client-node's own, the watch's have the status where client-node has it.
      for (const one of [500, 429, 401, 403, 'ERR_CONNECTION']) expect(seen).toContain(one)
    })

    it('errors that a watch tells of in its stream, and a server that ends each watch at once', async () => {
      let watches = 0
      const metadata = { name: 'a', namespace: 'default', uid: 'u' }
      const server = createServer((request, response) => {
        if (request.url?.includes('watch=') !== true) {
          response.end('{"metadata":{"resourceVersion":"5"},"items":[]}')
          return
        }
        watches++
        const error = { kind: 'Status', code: 500, message: 'told in the stream' }
        const object = { metadata: { ...metadata, resourceVersion: String(10 + watches) } }
        const events = watches === 1 ? [{ type: 'ERROR', object: error }] : [{ type: 'MODIFIED', object }]
        response.end(events.map((event) => `${JSON.stringify(event)}\n`).join(''))
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const kubeConfig = new KubeConfig()
      kubeConfig.loadFromClusterAndUser({ name: 'c', server: url, skipTLSVerify: true }, { name: 'u' })
      const list = { metadata: { resourceVersion: '5' }, items: [] }
      const timing = { backoffBaseMs: 100, backoffMaxMs: 100 }
      const options = { threads, timing }
      const informer = makeInformer<V1ConfigMap>(kubeConfig, '/x', async () => list, undefined, options)
      try {
        const { log, errors } = record(informer)
        await informer.start()
        await until(() => log.includes('update a'), 'events of later watches come')
        expect(errors[0]).toMatchObject({ code: 'ERR_API_STATUS', statusCode: 500 })
        const before = watches
        await sleep(500)
        expect(watches - before).toBeLessThan(12)
      } finally {
        await informer.stop()
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
    })

    it('callbacks that throw or reject: the others are called, and error tells', async () => {
      const informer = bed.informer()
      informer.on('add', () => {
        throw new Error('thrown')
      })
      informer.on('add', (async () => Promise.reject(new Error('rejected'))) as () => void)
      informer.on('connect', () => {
        throw new Error('at connect')
      })
      const { log, errors } = record(informer)
      informer.on('error', () => {
        throw new Error('in error itself')
      })
      const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
      await informer.start()
      bed.create('a')
      await until(() => errors.length === 3, 'all are told')
      expect(errors.map((error) => (error as Error).message).sort()).toEqual([
        'at connect',
        'rejected',
        'thrown',
      ])
      expect(log).toContain('add a')
      // What nobody can be told is warned of, once.
      expect(emitWarning.mock.calls.map(([text]) => String(text).split('\n', 1)[0])).toEqual([
        'a callback of an informer failed, and no error callback took it: Error: in error itself',
      ])
      emitWarning.mockRestore()
    })

    it('objects that cannot be taken: error names them, the others are there', async () => {
      const informer = bed.informer(async () => {
        const list = await bed.list()
        list.items.push({ metadata: { name: 'stranger', namespace: 'default' } })
        return list
      })
      bed.create('a')
      const { errors } = record(informer)
      await informer.start()
      await until(() => errors.length > 0, 'it is named')
      expect(errors[0]).toMatchObject({ code: 'ERR_OBJECT_IDENTITY' })
      expect((errors[0] as Error).message).toContain('default/stranger')
      await converged(informer)
      expect(informer.health().refused).toHaveLength(1)
    })

    it('stop at any moment: no watch is left, and nothing is told', async () => {
      bed.create('a')
      const informer = bed.informer()
      const { log } = record(informer)
      for (const wait of [0, 1, 5, 20]) {
        bed.server.faults.delay(wait)
        const started = informer.start()
        await sleep(wait)
        await informer.stop()
        await started
        const told = log.length
        bed.create(`while-stopped-${wait}`)
        await sleep(60)
        expect(log.length).toBe(told)
        expect(bed.server.stats().watchers).toBe(0)
      }
      bed.server.faults.clear()
      await informer.start()
      await converged(informer)
      await until(() => log.filter((line) => line.startsWith('add')).length === 5, 'each was told once')
    })

    it('start twice, and start and stop in any order', async () => {
      bed.create('a')
      const informer = bed.informer()
      const { log } = record(informer)
      await Promise.all([informer.start(), informer.start()])
      expect(bed.server.stats().watchers).toBe(1)
      const all: Promise<void>[] = []
      for (let i = 0; i < 12; i++) {
        all.push(i % 3 === 1 ? informer.start() : informer.stop())
        if (i % 4 === 3) await sleep(i)
      }
      all.push(informer.start())
      await Promise.all(all)
      bed.create('b')
      await until(() => log.includes('add b'), 'it lives')
      expect(log.filter((line) => line.startsWith('add'))).toEqual(['add a', 'add b'])
      await until(() => bed.server.stats().watchers === 1, 'one watch is open')
      await informer.stop()
      await until(() => bed.server.stats().watchers === 0, 'none is left')
    })

    it('stop in a callback: what comes after waits for the next start', async () => {
      for (const name of ['a', 'b', 'c']) bed.create(name)
      const informer = bed.informer()
      const { log } = record(informer)
      let stopped: Promise<void> | undefined
      informer.on('add', (object) => {
        if (object.metadata?.name === 'a') stopped = informer.stop()
      })
      await informer.start()
      await stopped
      await sleep(20)
      expect(log).toEqual(['connect', 'add a'])
      bed.delete('c')
      await informer.start()
      await until(() => log.includes('delete c') || log.length === 4, 'the rest came')
      await converged(informer)
      expect(log.filter((line) => line.startsWith('add')).slice(0, 2)).toEqual(['add a', 'add b'])
    })

    it('an object deleted and made anew while nobody watched', async () => {
      bed.create('a', { n: '1' })
      const informer = bed.informer()
      const { log } = record(informer)
      await informer.start()
      bed.server.faults.loseChanges(2)
      bed.delete('a')
      bed.create('a', { n: '2' })
      bed.server.triggerRelist()
      await until(() => informer.get('a', 'default')?.data?.['n'] === '2', 'the new one is there')
      await until(() => log.filter((line) => line === 'add a').length === 2, 'and told')
      expect(log.filter((line) => line !== 'connect')).toEqual(['add a', 'delete a', 'add a'])
    })

    it('line separators inside a text', async () => {
      const informer = bed.informer()
      await informer.start()
      bed.create('a', { text: 'one\u2028two\u2029three' })
      await until(() => informer.get('a', 'default') !== undefined, 'the event came')
      expect(informer.get('a', 'default')?.data).toEqual({ text: 'one\u2028two\u2029three' })
    })

    it('a list function that gives only the first page', async () => {
      for (let i = 0; i < 25; i++) bed.create(`m${i}`)
      const informer = bed.informer(() =>
        bed.core.listNamespacedConfigMap({ namespace: 'default', limit: 10 }),
      )
      await informer.start()
      await converged(informer)
      expect(informer.list()).toHaveLength(25)
    })

    it('a path that is wrong: its watch is refused, the listed objects stay', async () => {
      bed.create('a')
      const timing = { backoffBaseMs: 5, backoffMaxMs: 10 }
      const informer = bed.informer(bed.list, { path: '/api/v1/namespaces/default/configmap', timing })
      const { log, errors } = record(informer)
      await informer.start()
      await until(() => errors.length > 5, 'it is told')
      expect(errors[0]).toMatchObject({ statusCode: 404 })
      expect(log.filter((line) => line !== 'error')).toEqual(['connect', 'add a'])
    })

    it('a configuration without a cluster', async () => {
      const informer = makeInformer<V1ConfigMap>(new KubeConfig(), '/x', bed.list, undefined, { threads })
      const { errors } = record(informer)
      await informer.start()
      expect(errors[0]).toMatchObject({ code: 'ERR_KUBECONFIG' })
      await informer.stop()
    })
  },
)

describe('a list of 130,000 objects in one namespace', () => {
  it('is given whole', { timeout: 120_000 }, async () => {
    const bed = await CompatBed.start(1)
    try {
      const items = Array.from({ length: 130_000 }, (_, n) => ({
        metadata: { name: `m${n}`, namespace: 'default', uid: `u${n}`, resourceVersion: '1' },
      }))
      const resourceVersion = String(bed.server.version)
      const list: V1ConfigMapList = { metadata: { resourceVersion }, items }
      const informer = bed.informer(async () => list)
      await informer.start()
      expect(informer.list()).toHaveLength(130_000)
      expect(informer.list('default')).toHaveLength(130_000)
    } finally {
      await bed.end()
    }
  })
})
