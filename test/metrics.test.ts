import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { factoryMetrics } from '../src/observe/factory-metrics.ts'
import { informerMetrics } from '../src/observe/informer-metrics.ts'
import { workQueueMetrics } from '../src/workqueue/work-queue-metrics.ts'
import { Command } from './cli/command.ts'
import { root } from './guards/source-tree.ts'

const page = readFileSync(join(root, 'docs/metrics.md'), 'utf8')

// Below the repository, so that packages resolve as they do for a source file.
mkdirSync(join(root, '.cache'), { recursive: true })
const folder = mkdtempSync(join(root, '.cache', 'metrics-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Type → the file that declares it. */
const types: Readonly<Record<string, string>> = {
  FactoryStats: 'src/informer-stats.ts',
  EngineStats: 'src/informer-engine.ts',
  InformerStats: 'src/informer-stats.ts',
  VerifyStats: 'src/informer-stats.ts',
  InformerHealth: 'src/informer-stats.ts',
  Staleness: 'src/informer-stats.ts',
  RefusedObject: 'src/informer-stats.ts',
  WatchCounters: 'src/protocol/messages.ts',
  ListenerStats: 'src/notify/registration.ts',
  DeliveryTotals: 'src/notify/delivery-totals.ts',
  WorkQueueStats: 'src/workqueue/work-queue-stats.ts',
  DurationStats: 'src/workqueue/duration-meter.ts',
  ReflectorStats: 'src/cache/reflector.ts',
}

/** `slices.count`: fields of an object in a field are named with it. */
function fieldsOf(type: string): readonly string[] {
  const text = readFileSync(join(root, types[type] as string), 'utf8')
  const body = new RegExp(`^export interface ${type} \\{\\n([\\s\\S]*?)^\\}`, 'm').exec(text)?.[1] as string
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??: (.*)$/gm)].flatMap(([, name, value]) => {
    const inner = [...(value as string).matchAll(/readonly (\w+):/g)].map((match) => `${name}.${match[1]}`)
    return /^(Factory|Engine)Stats$/.test(type) && inner.length > 0 ? inner : [name as string]
  })
}

function rowsOf(type: string): readonly string[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`\`${type}\``)) ?? ''
  return [...section.matchAll(/^\| `([\w.]+)` /gm)].map((match) => match[1] as string)
}

test.each(Object.keys(types))('every field of %s has its row, and every row its field', (type) => {
  expect(rowsOf(type)).toEqual(fieldsOf(type))
  expect(rowsOf(type).length).toBeGreaterThan(2)
})

test('every type of figures that is exported has a section', () => {
  const exported = readFileSync(join(root, 'src/index.ts'), 'utf8')
  const names = [...exported.matchAll(/\b\w+(?:Stats|Health|Counters)\b/g)].map(([name]) => name)
  expect(Object.keys(types)).toEqual(expect.arrayContaining(names))
})

test('every state has its row', () => {
  const messages = readFileSync(join(root, 'src/protocol/messages.ts'), 'utf8')
  const union = /^export type WatchState =\n((?: {2}\|.*\n)+)/m.exec(messages)?.[1] as string
  const states = [...union.matchAll(/\| '(\w+)'/g)].map((match) => match[1] as string)
  const section = /^## States\n([\s\S]*?)^## /m.exec(page)?.[1] as string
  const rows = [...section.matchAll(/^\| `(\w+)` /gm)].map((match) => match[1] as string)
  expect(rows).toEqual(['idle', ...states])
})

test('every metric has its row, with its kind, and every row its metric', () => {
  const rows = [...page.matchAll(/^\| `((?:kube_informer|reflector|workqueue)_\w+)` +\| ([\w, ]+?) +\|/gm)]
  const all = [informerMetrics, factoryMetrics, workQueueMetrics].flatMap((metrics) =>
    metrics.map(({ name, type, combine }) => [name, combine === 'sum' ? type : `${type}, ${combine}`]),
  )
  expect(rows.map(([, name, kind]) => [name, kind])).toEqual(all)
  // As Prometheus wants them: counters end in _total, and units stand in no other form.
  for (const [name, kind] of all) {
    expect([name, name?.endsWith('_total')]).toEqual([name, kind === 'counter'])
    expect(name).not.toMatch(/_ms\b|Ms\b/)
  }
})

test('the example for Prometheus tells what happens', async () => {
  const kubeconfig = join(folder, 'kubeconfig')
  const server = new Command(['serve', '--objects', '20', '--write-kubeconfig', kubeconfig])
  try {
    await server.waitFor('the URL', () => server.lines.length > 0)
    const example = /```ts\n([\s\S]*?)```/.exec(page)?.[1] as string
    const file = join(folder, 'run.ts')
    const end = `
await factory.waitForCacheSync({ signal: AbortSignal.timeout(30_000) })
while (queue.length < 20) await new Promise((resolve) => setTimeout(resolve, 10))
console.log(await register.metrics())
console.log(await register.metrics())
process.exit()`
    writeFileSync(
      file,
      example.replace("'kube-informer'", "'../../src/index.ts'").replace('listen(9464)', 'listen(0)') + end,
    )
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], {
      env: { PATH: process.env['PATH'], KUBECONFIG: kubeconfig },
    })
    expect(stderr).toBe('')
    // Scraped twice: a counter that is read does not grow by being read.
    for (const line of [
      'kube_informer_objects{resource="pods"} 20',
      'kube_informer_delivered_total{resource="pods"} 20',
      'kube_informer_fresh{resource="pods"} 1',
      'workqueue_depth{name="web"} 20',
    ]) {
      expect(stdout.split('\n').filter((each) => each === line)).toHaveLength(2)
    }
  } finally {
    await server.interrupt()
  }
})
