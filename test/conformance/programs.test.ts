import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { CoreV1Api, KubeConfig, makeInformer } from '../../src/compat/index.ts'
import { Command } from '../cli/command.ts'
import { root } from '../guards/source-tree.ts'
import type { KubeClient } from '../support/kube-client.ts'
import { until } from '../support/until.ts'
import { describeCluster } from './support/cluster.ts'
import { expectSameObjects } from './support/compare.ts'
import { createNamespace, namespace, pod, podsPath } from './support/objects.ts'

// The examples as test/examples.test.ts runs them on the embedded server, here by a kubeconfig with TLS and a token.
// Two servers: what changes by the other one while the first is down is really missed.
describeCluster("users' programs on a real server", { replicas: 2 }, (cluster) => {
  let admin: KubeClient
  let other: KubeClient
  const started: Command[] = []

  beforeAll(async () => {
    admin = await cluster().client()
    other = await cluster().client('admin', 1)
    await createNamespace(admin)
    for (const name of ['a', 'b', 'c']) await admin.create(podsPath, pod(name))
    // Examples import the package as its users do: from dist.
    const tsc = join(root, 'node_modules/.bin/tsc')
    await promisify(execFile)(tsc, ['-p', join(root, 'tsconfig.build.json')])
  })

  async function example(name: string): Promise<Command> {
    const kubeconfig = await cluster().kubeconfig()
    const program = new Command(['--kubeconfig', kubeconfig], {}, join(root, 'examples', name))
    started.push(program)
    return program
  }

  // One that a failed test left running.
  afterEach(async () => {
    for (const program of started.splice(0)) await program.child.stop('SIGKILL')
  })

  it('shared-informer: lists what the server lists, and tells what comes after', async () => {
    const program = await example('shared-informer.ts')
    await program.waitFor('its list', () => program.lines.includes('3 pods'))
    const { items } = await admin.list('/api/v1/pods')
    const listed = program.lines.filter((line) => line.startsWith('listed ')).sort()
    expect(listed).toEqual(items.map(({ metadata }) => `listed ${namespace}/${metadata.name} on no node`))
    await admin.create(podsPath, pod('d'))
    await program.waitFor('the add', () => program.lines.includes(`add    ${namespace}/d`))
    await admin.mergePatch(`${podsPath}/d`, { metadata: { labels: { touched: 'yes' } } })
    await program.waitFor('the update', () =>
      program.lines.includes(`update ${namespace}/d Pending -> Pending`),
    )
    await admin.delete(`${podsPath}/d`)
    await program.waitFor('the delete', () => program.lines.includes(`delete ${namespace}/d`))
    expect(await program.interrupt()).toMatchObject({ code: 0, stderr: '' })
  })

  it('pod-watcher: prints each pod that is added, updated, deleted, until SIGTERM', async () => {
    const program = await example('pod-watcher.ts')
    await program.waitFor('the first pods', () => program.lines.length === 3)
    await admin.create(podsPath, pod('e'))
    await admin.mergePatch(`${podsPath}/e/status`, { status: { phase: 'Running' } })
    await program.waitFor('the update', () => program.lines.includes(`updated  ${namespace}/e Running`))
    await admin.delete(`${podsPath}/e`, { gracePeriodSeconds: 0 })
    await program.waitFor('the delete', () => program.lines.includes(`deleted  ${namespace}/e`))
    const { code, stdout, stderr } = await program.interrupt('SIGTERM')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const lines = stdout.trimEnd().split('\n')
    const initial = ['a', 'b', 'c'].map((name) => `added    ${namespace}/${name} Pending`)
    expect(lines.slice(0, 3).sort()).toEqual(initial)
    expect(lines[3]).toMatch(new RegExp(`^added {4}${namespace}/e (Pending|Running)$`))
    expect(lines.slice(-2)).toEqual([`deleted  ${namespace}/e`, 'stopped'])
  })

  it('node-controller: evicts from a tainted node, and follows daemon sets and namespaces', async () => {
    const taints = [{ key: 'out-of-service', effect: 'NoExecute' }]
    await admin.create('/api/v1/nodes', { metadata: { name: 'node-1' }, spec: { taints } })
    const { spec, ...rest } = pod('on-node') as { spec: object }
    await admin.create(podsPath, { ...rest, spec: { ...spec, nodeName: 'node-1' } })
    await admin.create('/api/v1/namespaces', { metadata: { name: 'to-go' } })

    const program = await example('node-controller.ts')
    await program.waitFor('its report', () => program.lines.includes('node-1: 1 pods'))
    const eviction = `evict ${namespace}/on-node from node-1`
    await program.waitFor('an eviction', () => program.lines.includes(eviction))
    await admin.create(`/apis/apps/v1/namespaces/${namespace}/daemonsets`, {
      metadata: { name: 'agent' },
      spec: {
        selector: { matchLabels: { app: 'agent' } },
        template: {
          metadata: { labels: { app: 'agent' } },
          spec: { containers: [{ name: 'agent', image: 'agent' }] },
        },
      },
    })
    await program.waitFor('the daemon set', () =>
      program.lines.includes(`daemon set ${namespace}/agent: 0 ready`),
    )
    await admin.delete('/api/v1/namespaces/to-go')
    // What the namespace controller does, which does not run here.
    const left = await admin.get('/api/v1/namespaces/to-go')
    const { status } = await admin.request('PUT', '/api/v1/namespaces/to-go/finalize', {
      ...left,
      spec: { finalizers: [] },
    })
    expect(status).toBe(200)
    await program.waitFor('its end', () =>
      program.lines.includes('namespace to-go is gone, 0 of its pods are still to go'),
    )
    expect(await program.interrupt()).toMatchObject({ code: 0, stderr: '' })
  })

  it('kube-informer/compat: tells what client-node tells, over a restart', async () => {
    for (const { metadata } of (await other.list(podsPath)).items) {
      await other.delete(`${podsPath}/${metadata.name}`, { gracePeriodSeconds: 0 })
    }
    for (const name of ['old', 'doomed']) await other.create(podsPath, pod(name))
    const kubeConfig = new KubeConfig()
    kubeConfig.loadFromFile(await cluster().kubeconfig())
    const api = kubeConfig.makeApiClient(CoreV1Api)
    const listFn = () => api.listNamespacedPod({ namespace })
    const informer = makeInformer(kubeConfig, podsPath, listFn)
    const log: string[] = []
    for (const verb of ['add', 'update', 'delete'] as const) {
      informer.on(verb, (object) => void log.push(`${verb} ${object.metadata?.name}`))
    }
    informer.on('connect', () => void log.push('connect'))
    informer.on('error', (error) => void log.push(`error ${error?.code}`))
    const told = (line: string): Promise<unknown> =>
      until(() => log.includes(line), `${line} is told, not only ${log}`, 60_000)
    const listIsRight = async (): Promise<void> => {
      const list = await other.list(podsPath)
      await until(
        () => {
          const versions = new Set(informer.list(namespace).map((one) => one.metadata?.resourceVersion))
          const isThere = list.items.every(({ metadata }) => versions.has(metadata.resourceVersion))
          return isThere && versions.size === list.items.length
        },
        'it has caught up',
        30_000,
      )
      expectSameObjects(informer.list(namespace), list)
      expectSameObjects(informer.list(), list)
    }
    try {
      await informer.start()
      expect(log[0]).toBe('connect')
      expect(log.slice(1).sort()).toEqual(['add doomed', 'add old'])
      await listIsRight()
      await other.create(podsPath, pod('live'))
      await told('add live')
      await other.mergePatch(`${podsPath}/live`, { metadata: { labels: { step: '1' } } })
      await told('update live')
      await other.delete(`${podsPath}/live`)
      await told('delete live')
      await listIsRight()

      const before = log.length
      await cluster().replicas[0]?.stop('SIGKILL')
      await other.create(podsPath, pod('meanwhile'))
      await other.delete(`${podsPath}/doomed`)
      await cluster().replicas[0]?.start()
      await told('add meanwhile')
      await told('delete doomed')
      await listIsRight()
      const since = log.slice(before)
      expect(since).toContain('error ERR_CONNECTION')
      expect(since).toContain('connect')
      // What did not change is not told again.
      expect(since.filter((line) => line.endsWith('old'))).toEqual([])
      expect(informer.get('old', namespace)?.metadata?.name).toBe('old')

      await informer.stop()
      const atStop = log.length
      await other.delete(`${podsPath}/old`)
      await other.delete(`${podsPath}/meanwhile`)
      expect(log.length).toBe(atStop)
    } finally {
      await informer.stop()
    }
  })
})
