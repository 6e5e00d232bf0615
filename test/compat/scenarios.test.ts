import { CoreV1Api, type KubernetesObject, type V1ConfigMap, type V1Namespace } from '@kubernetes/client-node'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeInformer } from '../../src/compat/index.ts'
import { EmbeddedApiServer } from '../../src/testing/index.ts'
import { sleep, threadCounts, until } from '../contract/contract-bed.ts'
import { CompatBed, configMaps, record } from './compat-bed.ts'

/** What client-node's own tests of its informer expect, one by one, against a server. */
describe.each(threadCounts)("client-node's scenarios, threads: $threads", ({ threads }) => {
  let bed: CompatBed

  beforeEach(async () => {
    bed = await CompatBed.start(threads)
  })
  afterEach(() => bed.end())

  const names = (objects: readonly KubernetesObject[]): (string | undefined)[] =>
    objects.map((object) => object.metadata?.name).sort()

  it('refuses an unknown verb, in on and in off', () => {
    const informer = bed.informer()
    const verb = 'random' as 'add'
    expect(() => informer.on(verb, () => {})).toThrow('Unknown verb: random')
    expect(() => informer.off(verb, () => {})).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION', message: 'Unknown verb: random' }),
    )
  })

  it('caches by name and namespace', async () => {
    for (const namespace of ['ns1', 'ns2']) {
      bed.server.create('namespaces', { metadata: { name: namespace } })
      bed.create('name1', { in: namespace }, namespace)
    }
    const informer = bed.informer(() => bed.core.listConfigMapForAllNamespaces(), {
      path: '/api/v1/configmaps',
    })
    await informer.start()
    expect(informer.list()).toHaveLength(2)
    expect(names(informer.list('ns1'))).toEqual(['name1'])
    expect(informer.get('name1', 'ns2')?.data).toEqual({ in: 'ns2' })
    expect(informer.get('name1')).toBeUndefined()
    expect(informer.list('nowhere')).toEqual([])
    bed.create('name3', {}, 'ns2')
    await until(() => informer.list('ns2').length === 2, 'the add came')
    // The name in the other namespace stays.
    bed.delete('name1', 'ns2')
    await until(() => informer.get('name1', 'ns2') === undefined, 'the delete came')
    expect(informer.get('name1', 'ns1')).toBeDefined()
    expect(informer.list()).toHaveLength(2)
  })

  it('caches what has no namespace', async () => {
    const informer = makeInformer<V1Namespace>(
      bed.kubeConfig,
      '/api/v1/namespaces',
      () => bed.core.listNamespace(),
      undefined,
      { threads },
    )
    await informer.start()
    try {
      expect(names(informer.list())).toContain('kube-system')
      expect(informer.get('kube-system')?.kind).toBe('Namespace')
      expect(informer.get('kube-system', 'ns')).toBeUndefined()
      expect(informer.list('ns')).toEqual([])
    } finally {
      await informer.stop()
    }
  })

  it('tells add, update, delete, and change of all three, to every callback once', async () => {
    const informer = bed.informer()
    const { log } = record(informer)
    const changes: (string | undefined)[] = []
    const again: (string | undefined)[] = []
    informer.on('change', (object) => void changes.push(object.metadata?.name))
    informer.on('change', (object) => void again.push(object.metadata?.name))
    await informer.start()
    bed.create('a')
    bed.update('a', { n: '1' })
    await until(() => informer.get('a', 'default')?.data?.['n'] === '1', 'both came')
    bed.delete('a')
    await until(() => changes.includes('a') && informer.list().length === 0, 'the delete came')
    await until(() => log.includes('delete a'), 'and was told')
    expect(log).toEqual(['connect', 'add a', ...(log.includes('update a') ? ['update a'] : []), 'delete a'])
    expect(changes).toHaveLength(log.length - 1)
    expect(again).toEqual(changes)
  })

  it('tells the initial list as adds, after connect, and is done with it when start resolves', async () => {
    for (const name of ['a', 'b']) bed.create(name)
    const informer = bed.informer()
    const { log } = record(informer)
    const started = informer.start()
    expect(informer.list()).toEqual([])
    await started
    expect(log).toEqual(['connect', 'add a', 'add b'])
    expect(names(informer.list())).toEqual(['a', 'b'])
    expect(informer.latestResourceVersion()).toBe(String(bed.server.version))
  })

  it('goes on from the last version when a watch ends: no list, nothing told twice', async () => {
    bed.create('a')
    const informer = bed.informer()
    const { log } = record(informer)
    await informer.start()
    bed.server.faults.cutStreams()
    bed.create('b')
    await until(() => log.includes('add b'), 'what came meanwhile is told')
    expect(log.filter((line) => line.startsWith('add'))).toEqual(['add a', 'add b'])
    expect(log.filter((line) => line === 'connect')).toHaveLength(2)
    expect(bed.server.stats().lists).toBe(1)
  })

  it('lists anew when its version is gone (410), and tells what changed and what vanished', async () => {
    for (const name of ['a', 'b', 'c']) bed.create(name)
    const informer = bed.informer()
    const { log, errors } = record(informer)
    await informer.start()
    log.length = 0
    bed.server.faults.loseChanges(2)
    bed.update('b', { n: '1' })
    bed.delete('c')
    bed.server.triggerRelist()
    await until(() => log.includes('delete c') && log.includes('update b'), 'it listed anew')
    expect([...new Set(log)].sort()).toEqual(['connect', 'delete c', 'update b'])
    expect(log.filter((line) => line !== 'connect')).toHaveLength(2)
    // A version that is gone is no fault.
    expect(errors).toEqual([])
    expect(bed.server.stats().lists).toBe(2)
  })

  it('does not call who was taken off, and bears with who was never on', async () => {
    const informer = bed.informer()
    const kept: (string | undefined)[] = []
    const gone: (string | undefined)[] = []
    const toKept = (object: V1ConfigMap): void => void kept.push(object.metadata?.name)
    const toGone = (object: V1ConfigMap): void => void gone.push(object.metadata?.name)
    informer.off('add', toGone)
    informer.on('change', toKept)
    informer.on('change', toGone)
    await informer.start()
    bed.create('a')
    await until(() => gone.length === 1, 'both are called')
    informer.off('change', toGone)
    for (const action of [() => bed.update('a', { n: '1' }), () => bed.delete('a')]) {
      const before: number = kept.length
      action()
      await until(() => kept.length === before + 1, 'one is called')
    }
    expect(gone).toHaveLength(1)
  })

  it('calls the others when a callback takes itself off', async () => {
    const informer = bed.informer()
    const added: (string | undefined)[] = []
    let own = 0
    const once = (): void => {
      own++
      informer.off('add', once)
    }
    informer.on('add', once)
    informer.on('add', (object) => void added.push(object.metadata?.name))
    await informer.start()
    for (const name of ['a', 'b']) bed.create(name)
    await until(() => added.length === 2, 'the other is called')
    expect(own).toBe(1)
  })

  it('stays stopped until it is started, and then goes on where it was', async () => {
    bed.create('a')
    const informer = bed.informer()
    const { log } = record(informer)
    await informer.start()
    await informer.stop()
    log.length = 0
    bed.create('b')
    bed.delete('a')
    await sleep(50)
    expect(log).toEqual([])
    expect(names(informer.list())).toEqual(['a'])
    expect(bed.server.stats().watchers).toBe(0)
    await informer.start()
    await until(() => log.length === 3, 'what was missed is told')
    expect([...log].sort()).toEqual(['add b', 'connect', 'delete a'])
    expect(log[0]).toBe('connect')
    expect(bed.server.stats().lists).toBe(1)
  })

  it('watches the server that the KubeConfig names when it is made', async () => {
    await bed.informer().start()
    const other = await new EmbeddedApiServer().start()
    try {
      bed.kubeConfig.loadFromString(bed.kubeConfig.exportConfig().replace(bed.server.url, other.url))
      const core = bed.kubeConfig.makeApiClient(CoreV1Api)
      const informer = bed.informer(() => core.listNamespacedConfigMap({ namespace: 'default' }))
      await informer.start()
      other.create('configmaps', { metadata: { name: 'elsewhere' } })
      await until(() => informer.get('elsewhere', 'default') !== undefined, 'a change there')
      await informer.stop()
    } finally {
      await other.close()
    }
  })

  it('sends the label selector, also one that stands in the path', async () => {
    const create = (name: string, app: string): unknown =>
      bed.server.create('configmaps', { metadata: { name, namespace: 'default', labels: { app } } })
    create('web0', 'web')
    create('db0', 'db')
    const listFn = (): ReturnType<CompatBed['list']> =>
      bed.core.listNamespacedConfigMap({ namespace: 'default', labelSelector: 'app=web' })
    const informers = [
      bed.informer(listFn, { labelSelector: 'app=web' }),
      bed.informer(listFn, { path: `${configMaps}?labelSelector=app%3Dweb` }),
      bed.informer(listFn, { fieldSelector: 'metadata.name=web1', labelSelector: 'app=web' }),
    ]
    await Promise.all(informers.map((informer) => informer.start()))
    for (const name of ['web1', 'web2']) create(name, 'web')
    create('db1', 'db')
    for (const informer of informers.slice(0, 2)) {
      await until(() => informer.list().length === 3, 'the matching ones came')
      expect(names(informer.list())).toEqual(['web0', 'web1', 'web2'])
    }
    expect(names(informers[2]?.list() ?? [])).toEqual(['web0', 'web1'])
  })

  it('opens a silent watch anew, which is no error', async () => {
    const informer = bed.informer(bed.list, { timing: { silenceMs: 250 } })
    const { log, errors } = record(informer)
    await informer.start()
    await until(() => log.filter((line) => line === 'connect').length >= 3, 'it connects again and again')
    expect(errors).toEqual([])
  })

  it('calls error with what the list function rejected with, and start resolves', async () => {
    const refusal = Object.assign(new Error('request failed'), { code: 503 })
    let isRefusing = true
    const informer = bed.informer(() => (isRefusing ? Promise.reject(refusal) : bed.list()))
    const { log, errors } = record(informer)
    await informer.start()
    expect(errors[0]).toBe(refusal)
    expect(log).not.toContain('connect')
    isRefusing = false
    bed.create('a')
    await until(() => log.includes('add a'), 'it goes on by itself')
    expect(log.indexOf('connect')).toBeLessThan(log.indexOf('add a'))
  })

  it('connects again after an error; start() again is no harm', async () => {
    const informer = bed.informer()
    const { log } = record(informer)
    informer.on('error', () => void informer.start())
    await informer.start()
    log.length = 0
    bed.server.faults.refuse({ status: 500, count: 2, match: 'watch' })
    bed.server.faults.cutStreams()
    await until(() => log.includes('connect'), 'it is connected again')
    expect(log.filter((line) => line === 'error').length).toBeGreaterThanOrEqual(2)
    expect(log.at(-1)).toBe('connect')
    await until(() => bed.server.stats().watchers === 1, 'one watch is open')
  })
})
