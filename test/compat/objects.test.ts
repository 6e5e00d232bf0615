import type { V1ConfigMap, V1Pod } from '@kubernetes/client-node'
import * as clientNode from '@kubernetes/client-node'
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest'
import * as compat from '../../src/compat/index.ts'
import { threadCounts, until } from '../contract/contract-bed.ts'
import { CompatBed } from './compat-bed.ts'

describe.each(threadCounts)('objects of a compat informer, threads: $threads', ({ threads }) => {
  let bed: CompatBed

  beforeEach(async () => {
    bed = await CompatBed.start(threads)
  })
  afterEach(() => bed.end())

  it('are copies of their own for every read, and may be changed', async () => {
    bed.create('a', { key: 'value' })
    const informer = bed.informer()
    const given: V1ConfigMap[] = []
    const second: V1ConfigMap[] = []
    informer.on('add', (object) => void given.push(object))
    informer.on('add', (object) => void second.push(object))
    await informer.start()
    // As there, the callbacks of one event share its object.
    expect(given[0]).toBe(second[0])
    for (const object of [given[0], informer.get('a', 'default'), informer.list()[0]]) {
      expect(object?.data).toEqual({ key: 'value' })
      Object.assign(object?.data ?? {}, { key: 'changed' })
      Object.assign(object ?? {}, { more: true })
    }
    expect(informer.get('a', 'default')).toMatchObject({ data: { key: 'value' } })
    expect(informer.get('a', 'default')).not.toHaveProperty('more')
  })

  it('are shared and frozen where that is asked for', async () => {
    bed.create('a', { key: 'value' })
    const informer = bed.informer(bed.list, { frozen: true })
    await informer.start()
    const data = informer.get('a', 'default')?.data ?? {}
    expect(() => {
      data['key'] = 'changed'
    }).toThrow(TypeError)
  })

  it('look the same from a list and from a watch: as on the wire, with kind and version', async () => {
    bed.server.populate({ resource: 'pods', objects: 3 })
    const listFn = (): Promise<clientNode.V1PodList> => bed.core.listPodForAllNamespaces()
    const options = { threads, timing: { backoffBaseMs: 20 } }
    const informer = compat.makeInformer<V1Pod>(bed.kubeConfig, '/api/v1/pods', listFn, undefined, options)
    const server = (): unknown[] =>
      bed.server.list('pods').map((pod) => {
        const { managedFields, ...metadata } = pod.metadata as unknown as Record<string, unknown>
        return { ...pod, metadata }
      })
    const byName = (objects: readonly unknown[]): unknown =>
      Object.fromEntries(
        (objects as V1Pod[]).map((object) => [object.metadata?.name, JSON.parse(JSON.stringify(object))]),
      )
    await informer.start()
    try {
      const listed = informer.list()
      expect(byName(listed)).toEqual(byName(server()))
      expect(Object.getPrototypeOf(listed[0])).toBe(Object.prototype)
      expect(typeof listed[0]?.metadata?.creationTimestamp).toBe('string')
      for (const { metadata } of bed.server.list('pods')) {
        bed.server.patch('pods', String(metadata.namespace), metadata.name, {
          metadata: { labels: { touched: 'yes' } },
        })
      }
      await until(
        () => informer.list().every((pod) => pod.metadata?.labels?.['touched'] === 'yes'),
        'all were watched',
      )
      expect(byName(informer.list())).toEqual(byName(server()))
    } finally {
      await informer.stop()
    }
  })

  it('keep what is not to be dropped', async () => {
    bed.server.populate({ resource: 'pods', objects: 1 })
    const listFn = (): Promise<clientNode.V1PodList> => bed.core.listPodForAllNamespaces()
    for (const [dropFields, expected] of [
      [undefined, undefined],
      [[], expect.arrayContaining([expect.objectContaining({ manager: expect.any(String) })])],
    ] as const) {
      const options = { threads, ...(dropFields && { dropFields }) }
      const informer = compat.makeInformer<V1Pod>(bed.kubeConfig, '/api/v1/pods', listFn, undefined, options)
      await informer.start()
      expect(informer.list()[0]?.metadata?.managedFields).toEqual(expected)
      await informer.stop()
    }
  })
})

describe('the module', () => {
  it('is client-node with another makeInformer', () => {
    const { makeInformer: own, ...others } = compat
    const { makeInformer: theirs, ...rest } = clientNode
    expect(own).not.toBe(theirs)
    expect(others).toEqual(rest)
  })

  it('has the same types', () => {
    expectTypeOf(compat.makeInformer).toExtend<typeof clientNode.makeInformer>()
    expectTypeOf(compat.makeInformer<V1Pod>).returns.toExtend<
      clientNode.Informer<V1Pod> & clientNode.ObjectCache<V1Pod>
    >()
    expectTypeOf<compat.V1Pod>().toEqualTypeOf<V1Pod>()
  })

  it('refuses what cannot work, at once', () => {
    const config = new clientNode.KubeConfig()
    const list = async (): Promise<clientNode.V1PodList> => ({ items: [] })
    const code = expect.objectContaining({ code: 'ERR_INVALID_OPTION' })
    expect(() => compat.makeInformer(config, 'pods', list)).toThrow(code)
    expect(() => compat.makeInformer(config, '/x', undefined as unknown as typeof list)).toThrow(code)
    expect(() => compat.makeInformer(config, '/x', list, undefined, { threads: -1 })).toThrow(code)
  })
})
