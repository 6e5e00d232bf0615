import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { changesOutput } from '../../src/cli/changes-output.ts'
import { columnsOf } from '../../src/cli/columns.ts'
import { jsonlOutput, jsonOutput } from '../../src/cli/jsonl-output.ts'
import { LineWriter } from '../../src/cli/line-writer.ts'
import type { Change, LiveSample } from '../../src/cli/output.ts'
import type { Summary } from '../../src/cli/summary.ts'
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

const summary: Summary = {
  resource: 'pods',
  objects: 2,
  changes: { add: 2, update: 1, delete: 0 },
  syncMs: 12.5,
  durationMs: 1000,
  received: 3,
  bytesRead: 22_500,
  merged: 0,
  delivered: 3,
  lagMs: { p50: 0.5, p99: 2, max: 3 },
  sliceMs: { p99: 1, max: 2 },
  loopDelayMs: { p99: 1, max: 2 },
  mainBusyMs: 5,
  cpuMs: 20,
  rssBytes: 100_000_000,
  peakRssBytes: 120_000_000,
  heapUsedBytes: 10_000_000,
  relists: 0,
  reconnects: 0,
  handlerErrors: 0,
  refused: 0,
  threads: 1,
  audit: { ok: true, compared: 2, missing: 0, extra: 0, different: 0, fold: true, examples: [] },
}

function change(more: Partial<Change> = {}): Change {
  return {
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
  const output = jsonlOutput(writer)
  output.state('syncing', undefined)
  output.change(change())
  output.synced()
  output.change(change({ type: 'delete', finalStateUnknown: true, cause: 'list' }))
  output.state('retrying', 'ERR_CONNECTION: gone')
  const lines = text().trim().split('\n')
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { type: 'state', state: 'syncing' },
    { type: 'add', key: 'web/x', uid: 'u', resourceVersion: '7', cause: 'watch' },
    { type: 'synced' },
    { type: 'delete', key: 'web/x', uid: 'u', resourceVersion: '7', cause: 'list', finalStateUnknown: true },
    { type: 'state', state: 'retrying', error: 'ERR_CONNECTION: gone' },
  ])
  await output.end(summary)
  expect(JSON.parse(String(stream.read()))).toEqual({ type: 'summary', ...summary })
})

test('json: nothing but the summary on stdout', async () => {
  const out = sink()
  const problems = sink()
  const output = jsonOutput(out.writer, problems.writer)
  output.state('retrying', 'ERR_CONNECTION: gone')
  output.sample({} as LiveSample)
  await output.end(summary)
  expect(JSON.parse(out.text())).toEqual(summary)
  expect(problems.text()).toBe('retrying: ERR_CONNECTION: gone\n')
})

test('text: the summary names the audit and every figure', async () => {
  const { writer, text } = sink()
  await textOutput(writer, 'pods').end(summary)
  const shown = text()
  expect(shown).toContain('ok: true, compared: 2, missing: 0, extra: 0, different: 0, fold: true')
  for (const part of ['2 pods', '3 delivered', 'p99 2.0 ms', 'peak 120 MB', '0 relists'])
    expect(shown).toContain(part)
})

test('text: a line a second, with progress until synced', () => {
  const { writer, text } = sink()
  const output = textOutput(writer, 'pods')
  const sample: LiveSample = {
    state: 'syncing',
    hasSynced: false,
    objects: 1_500,
    changesPerSecond: 0,
    receivedPerSecond: 1_500,
    bytesPerSecond: 11_000_000,
    lagMs: null,
    queueCount: 10,
    queueBytes: 14_000,
    bufferCount: 5,
    merged: 0,
    loopDelayMs: { p99: 1, max: 4 },
    rssBytes: 100_000_000,
    heapUsedBytes: 10_000_000,
  }
  output.sample(sample)
  output.sample({
    ...sample,
    state: 'watching',
    hasSynced: true,
    changesPerSecond: 99,
    lagMs: { p50: 1, p99: 2, max: 3 },
  })
  const [syncing, live] = text().split('\n')
  expect(syncing).toMatch(/^syncing {3,}1,500 objects {2}1,500 read\/s, 11 MB\/s/)
  expect(live).toMatch(
    /^watching {2,}1,500 objects {2}99 changes\/s {2}lag p50 1\.0 ms p99 2\.0 ms {2}queue 10 \(14 KB\)/,
  )
})

test('changes: kubectl’s columns, growing widths, no control characters', () => {
  const { writer, text } = sink()
  const output = changesOutput(writer, writer, findKnownResource('pods') as ResourceType, nowMs)
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
    `MODIFIED   web            ${name('a-much-longer-name')}   0/2      [31mred    0          10m`,
    `DELETED    web            ${name('x')}   0/0     Unknown     0          <unknown>`,
    '',
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
