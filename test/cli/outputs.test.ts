import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { changesOutput } from '../../src/cli/changes-output.ts'
import { columnsOf } from '../../src/cli/columns.ts'
import { jsonlOutput, jsonOutput } from '../../src/cli/jsonl-output.ts'
import { LineWriter } from '../../src/cli/line-writer.ts'
import type { Change } from '../../src/cli/output.ts'
import type { ResourceSample, RunSample } from '../../src/cli/sample.ts'
import { type ResourceSummary, type Summary, sumUp } from '../../src/cli/summary.ts'
import { textOutput } from '../../src/cli/text-output.ts'
import { findKnownResource, type ResourceType } from '../../src/resources/names.ts'

function sink() {
  const stream = new PassThrough()
  const writer = new LineWriter(stream, () => {})
  const text = () => {
    writer.flush()
    return String(stream.read() ?? '')
  }
  return { stream, writer, text }
}

const pods: ResourceSummary = {
  resource: 'pods',
  objects: 2,
  changes: { add: 2, update: 1, delete: 0 },
  syncMs: 12.5,
  received: 3,
  bytesRead: 22_500,
  merged: 0,
  delivered: 3,
  lagMs: { p50: 0.5, p99: 2, max: 3 },
  relists: 0,
  reconnects: 0,
  handlerErrors: 0,
  refused: 0,
  audit: { ok: true, compared: 2, missing: 0, extra: 0, different: 0, fold: true, examples: [] },
}

function summaryOf(...resources: readonly ResourceSummary[]): Summary {
  return {
    ...sumUp(resources, pods.lagMs),
    durationMs: 1000,
    sliceMs: { p99: 1, max: 2 },
    loopDelayMs: { p99: 1, max: 2 },
    mainBusyMs: 5,
    cpuMs: 20,
    rssBytes: 100_000_000,
    peakRssBytes: 120_000_000,
    heapUsedBytes: 10_000_000,
    threads: 1,
    resources,
  }
}

const summary = summaryOf(pods)

function change(more: Partial<Change> = {}): Change {
  return {
    resource: 'pods',
    type: 'add',
    key: 'web/x',
    namespace: 'web',
    name: 'x',
    uid: 'u',
    resourceVersion: '7',
    cause: 'watch',
    finalStateUnknown: false,
    object: () => ({}),
    ...more,
  }
}

const nowMs = () => Date.parse('2026-01-01T01:00:00Z')

test('jsonl: one object per line, as documented', async () => {
  const { stream, writer, text } = sink()
  const problems = sink()
  const output = jsonlOutput(writer, problems.writer)
  output.state('pods', 'syncing', undefined)
  output.change(change())
  output.synced('pods')
  output.notice('no answer yet')
  output.change(change({ resource: 'nodes', type: 'delete', finalStateUnknown: true, cause: 'list' }))
  output.state('nodes', 'retrying', 'ERR_CONNECTION: gone')
  const lines = text().trim().split('\n')
  const x = { key: 'web/x', uid: 'u', resourceVersion: '7' }
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { type: 'state', resource: 'pods', state: 'syncing' },
    { type: 'add', resource: 'pods', ...x, cause: 'watch' },
    { type: 'synced', resource: 'pods' },
    { type: 'delete', resource: 'nodes', ...x, cause: 'list', finalStateUnknown: true },
    { type: 'state', resource: 'nodes', state: 'retrying', error: 'ERR_CONNECTION: gone' },
  ])
  await output.end(summary)
  expect(JSON.parse(String(stream.read()))).toEqual({ type: 'summary', ...summary })
  expect(problems.text()).toBe('no answer yet\n')
})

test('json: nothing but the summary on stdout', async () => {
  const out = sink()
  const problems = sink()
  const output = jsonOutput(out.writer, problems.writer)
  output.state('pods', 'retrying', 'ERR_CONNECTION: gone')
  output.sample({} as RunSample)
  await output.end(summary)
  expect(JSON.parse(out.text())).toEqual(summary)
  expect(problems.text()).toBe('pods retrying: ERR_CONNECTION: gone\n')
})

const nodes: ResourceSummary = {
  ...pods,
  resource: 'nodes',
  objects: 5,
  syncMs: 30,
  merged: 7,
  audit: { ok: false, compared: 4, missing: 0, extra: 1, different: 0, fold: true, examples: ['n-1: extra'] },
}

test('a summary of several: sums, the latest sync, one audit; of one: its own figures', () => {
  const { audit, error: _, ...figures } = { error: '', ...pods }
  expect(summary).toMatchObject({ ...figures, audit: { ok: true, compared: 2 }, resources: [pods] })
  const both = summaryOf(pods, nodes)
  expect(both).toMatchObject({
    resource: 'pods,nodes',
    objects: 7,
    changes: { add: 4, update: 2, delete: 0 },
    syncMs: 30,
    merged: 7,
    delivered: 6,
    audit: { ok: false, compared: 6, extra: 1, fold: true, examples: ['nodes n-1: extra'] },
  })
  expect(audit).toBeDefined()
  const { audit: none, ...unsynced } = { ...nodes, syncMs: null, error: 'forbidden' }
  expect(none).toBeDefined()
  expect(summaryOf(pods, unsynced)).toMatchObject({ syncMs: null, audit: { ok: true, compared: 2 } })
})

test('text: the summary names the audit and every figure; several have a line each', async () => {
  const { writer, text } = sink()
  await textOutput(writer, writer, 0).end(summary)
  const shown = text()
  expect(shown).toMatch(
    /\naudit +ok: true, compared: 2, missing: 0, extra: 0, different: 0,\n +fold: true\n$/,
  )
  for (const part of ['2 pods', '3 delivered', 'p99 2.0 ms', 'peak 120 MB', '0 relists'])
    expect(shown).toContain(part)
  await textOutput(writer, writer, 0).end(summaryOf(pods, { ...nodes, syncMs: null, error: 'forbidden' }))
  const several = text()
  expect(several).toMatch(/objects +7 pods, nodes\n +pods: 2 objects, synced in 13 ms, 3 changes/)
  expect(several).toMatch(/nodes: 5 objects, never synced, 3 changes,\s+lag p99 2.0 ms \(forbidden\)/)
  expect(several).toMatch(/synced +all but nodes/)
})

test('text: no line of the summary is wider than 80 columns, and every figure stands in one', async () => {
  const many = ['pods', 'nodes', 'apps/v1/deployments', 'networking.k8s.io/v1/networkpolicies', 'secrets']
  const error = 'the connection to 10.0.0.1:6443 failed: ECONNREFUSED: connect ECONNREFUSED 10.0.0.1:6443'
  const large = many.map((resource) => ({
    ...pods,
    resource,
    objects: 150_000,
    delivered: 1_234_567,
    received: 9_876_543,
    changes: { add: 150_000, update: 1_000_000, delete: 84_567 },
    audit: {
      ok: false,
      compared: 150_000,
      missing: 10,
      extra: 20,
      different: 30,
      fold: false,
      examples: [error],
    },
    error,
  }))
  const { writer, text } = sink()
  await textOutput(writer, writer, 0).end(summaryOf(...large))
  const shown = text()
  expect(shown.split('\n').filter((line) => line.length > 80)).toEqual([])
  const words = shown.replaceAll(/\s+/g, ' ')
  for (const part of [
    '(750,000 add, 5,000,000 update',
    'own slices p99 1.0 ms max 2.0 ms',
    `(${error})`,
    'fold: false',
  ])
    expect(words).toContain(part)
})

const syncing: ResourceSample = {
  resource: 'pods',
  state: 'syncing',
  error: undefined,
  advice: undefined,
  attempt: 0,
  isListed: false,
  hasSynced: false,
  objects: 1_500,
  initialPending: 0,
  delivered: 0,
  received: 1_500,
  bytesRead: 11_000_000,
  merged: 0,
  relists: 0,
  reconnects: 0,
  queueCount: 10,
  queueBytes: 14_000,
  bufferCount: 5,
  lagMs: null,
}

function sampleAt(atMs: number, ...resources: readonly ResourceSample[]): RunSample {
  const loopDelayMs = { p99: 1, max: 4 }
  const memory = { rssBytes: 100_000_000, heapUsedBytes: 10_000_000, slabBytes: 0 }
  return { atMs, resources, process: { cpuMs: 0, loopDelayMs, ...memory, threads: 1 } }
}

test('text: a line a second, with progress until synced', () => {
  const { writer, text } = sink()
  const output = textOutput(writer, writer, 5_000)
  output.sample(sampleAt(6_000, syncing))
  const live: ResourceSample = {
    ...syncing,
    state: 'watching',
    hasSynced: true,
    delivered: 99,
    lagMs: { p50: 1, p99: 2, max: 3 },
  }
  output.sample(sampleAt(7_000, live))
  const [first, second] = text().split('\n')
  expect(first).toMatch(/^syncing {3,}1,500 objects {2}1,500 read\/s, 11 MB\/s/)
  expect(first).toMatch(/loop p99 1\.0 ms max 4\.0 ms {2}rss 100 MB heap 10 MB$/)
  expect(second).toMatch(
    /^watching {2,}1,500 objects {2}99 changes\/s {2}lag p50 1\.0 ms p99 2\.0 ms {2}queue 10 \(14 KB\)/,
  )
  output.sample(sampleAt(8_000, live, { ...live, resource: 'nodes' }))
  expect(text()).toMatch(/^pods {2,}watching .*\nnodes {2,}watching .*\nprocess {2}loop p99/)
})

test('text: not a word before anything came, for a while: a server that refuses us ends in one line', () => {
  const { writer, text } = sink()
  const output = textOutput(writer, writer, 0)
  const nothing: ResourceSample = { ...syncing, state: 'connecting', objects: 0 }
  output.sample(sampleAt(11_000, nothing))
  expect(text()).toBe('')
  output.sample(sampleAt(12_000, nothing))
  expect(text()).toMatch(/^connecting/)
})

test('changes: kubectl’s columns, growing widths, no control characters', () => {
  const { writer, text } = sink()
  const output = changesOutput(writer, writer, [findKnownResource('pods') as ResourceType], nowMs)
  const pod = {
    metadata: { creationTimestamp: '2026-01-01T00:50:00Z' },
    spec: { containers: [{}, {}] },
    status: { phase: 'Running', containerStatuses: [{ ready: true, restartCount: 2 }, { restartCount: 1 }] },
  }
  output.change(change({ object: () => pod }))
  output.change(
    change({
      type: 'update',
      name: 'a-much-longer-name',
      object: () => ({ ...pod, status: { phase: '\u001b[31mred\n' } }),
    }),
  )
  output.change(change({ type: 'delete', object: () => undefined }))
  const name = (text: string) => text.padEnd(32)
  expect(text().split('\n')).toEqual([
    `EVENT      NAMESPACE      ${name('NAME')}   READY   STATUS   RESTARTS   AGE`,
    `ADDED      web            ${name('x')}   1/2     Running   3          10m`,
    `MODIFIED   web            ${name('a-much-longer-name')}   0/2     red       0          10m`,
    `DELETED    web            ${name('x')}   0/0     Unknown   0          <unknown>`,
    '',
  ])
})

test('changes of several resources: names as kubectl has them, a head for each', () => {
  const { writer, text } = sink()
  const types = ['pods', 'deployments', 'nodes'].map((name) => findKnownResource(name) as ResourceType)
  const output = changesOutput(writer, writer, types, nowMs)
  output.change(change())
  output.change(change({ resource: 'apps/v1/deployments' }))
  output.change(change({ resource: 'nodes', namespace: undefined }))
  output.change(change({ type: 'delete' }))
  const lines = text().trim().split('\n')
  expect(lines.map((line) => line.split(/ +/).slice(0, 3).join(' '))).toEqual([
    'EVENT NAMESPACE NAME',
    'ADDED web pods/x',
    'EVENT NAMESPACE NAME',
    'ADDED web deployments.apps/x',
    'EVENT NAME STATUS',
    'ADDED nodes/x NotReady',
    'DELETED web pods/x',
  ])
})

test.each<[string, object, string[]]>([
  [
    'deployments',
    { spec: { replicas: 3 }, status: { readyReplicas: 2, updatedReplicas: 1 } },
    ['2/3', '1', '0', '60m'],
  ],
  [
    'services',
    {
      spec: {
        type: 'ClusterIP',
        clusterIP: '10.0.0.1',
        ports: [{ port: 80 }, { port: 53, protocol: 'UDP' }],
      },
    },
    ['ClusterIP', '10.0.0.1', '80/TCP,53/UDP', '60m'],
  ],
  ['configmaps', { data: { a: '1', b: '2' }, binaryData: { c: '' } }, ['3', '60m']],
  [
    'nodes',
    { status: { conditions: [{ type: 'Ready', status: 'True' }], nodeInfo: { kubeletVersion: 'v1.36.0' } } },
    ['Ready', 'v1.36.0', '60m'],
  ],
  ['leases', { spec: { holderIdentity: 'node-1' } }, ['node-1', '60m']],
  ['roles', {}, ['60m']],
])('columns of %s', (resource, object, expected) => {
  const type = findKnownResource(resource) as ResourceType
  const whole = { metadata: { creationTimestamp: '2026-01-01T00:00:00Z' }, ...object }
  expect(columnsOf(type).map((column) => column.value(whole, nowMs()))).toEqual(expected)
})

test('every kind shows something of an object that has nothing', () => {
  for (const name of ['pods', 'nodes', 'services', 'deployments', 'jobs', 'events', 'secrets', 'pvc', 'pv']) {
    for (const column of columnsOf(findKnownResource(name) as ResourceType)) {
      expect(column.value(undefined, 0)).not.toBe('')
    }
  }
})
