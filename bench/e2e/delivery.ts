import { fileURLToPath } from 'node:url'
import type { AuditResult } from '../../src/cli/audit.ts'
import { median, seconds } from '../support/numbers.ts'
import { type Report, Subject } from '../support/subject.ts'
import { type BenchContext, sleep } from './context.ts'
import { type EmbeddedServer, startEmbedded } from './embedded.ts'
import type { Figure } from './figures.ts'

interface DeliveryReport extends Report {
  readonly handlerWallMs: number
  readonly mainCpuMs: number
  readonly objects: number
  readonly received: number
  readonly overlaps: number
  readonly desynced: number
  readonly lagMs: { readonly p50: number; readonly p99: number; readonly max: number } | null
  readonly audit?: AuditResult
}

const rate = 1_000
const statusRate = 5_000

/** One blocked listener among a hundred, a handler that awaits, and a handler that only the spec interests. */
export async function measureDelivery(context: BenchContext): Promise<Figure[]> {
  return [
    ...(await blockedListener(context, 'coalesce')),
    ...(await blockedListener(context, 'replay')),
    ...(await awaitingHandler(context)),
    ...(await statusChurn(context)),
  ]
}

async function withRun<T>(
  objects: number,
  args: readonly string[],
  use: (server: EmbeddedServer, run: Subject<DeliveryReport>, synced: DeliveryReport) => Promise<T>,
): Promise<T> {
  const server = await startEmbedded(objects)
  try {
    const script = fileURLToPath(new URL('./delivery-run.ts', import.meta.url))
    const run = new Subject<DeliveryReport>('delivery', process.execPath, [
      script,
      '--server',
      server.url,
      ...args,
    ])
    try {
      return await use(server, run, await run.next())
    } finally {
      await run.end()
    }
  } finally {
    await server.stop()
  }
}

/** 100 listeners, 99 idle and one blocked, at 1,000 changes a second: whether the others notice, and how it ends. */
async function blockedListener(context: BenchContext, overflow: 'coalesce' | 'replay'): Promise<Figure[]> {
  const objects = context.quick ? 1_000 : 20_000
  const measureMs = context.quick ? 3_000 : 30_000
  context.log(`100 listeners, one blocked, ${overflow}`)
  return await withRun(objects, ['--idle', '99', '--blocked', overflow], async (server, run) => {
    await server.post('churn', { rate, mode: 'mixed', seconds: measureMs / 1000 + 30 })
    await sleep(context.quick ? 1_000 : 10_000)
    const before = await run.ask('reset')
    await sleep(measureMs)
    const report = await run.ask('mark')
    await server.post('stop-churn')
    await sleep(2_000)
    const { audit, desynced } = await run.ask('release')
    if (report.lagMs === null) throw new Error('no change was seen')
    const figure = (
      id: string,
      title: string,
      must: number,
      measured: number,
      unit: string,
      detail: string,
    ) => ({
      id: `blocked-${overflow}-${id}`,
      title: `one of 100 listeners blocked, ${overflow}: ${title}`,
      must,
      measured,
      unit,
      detail,
    })
    const { p50, p99, max } = report.lagMs
    return [
      figure('p99', "the others' p99", 10, p99, 'ms', `p50 ${p50} ms, max ${max} ms, at ${rate}/s`),
      figure('rss', 'RSS', 1.15, report.rssBytes / before.rssBytes, '', `over ${measureMs / 1000} s`),
      figure('audit', 'audit of it once released', 0, audit?.ok === true ? 0 : 1, '', `desynced ${desynced}`),
    ]
  })
}

/** The initial adds of the whole cluster, each awaited for 5 ms, 64 objects at once. */
async function awaitingHandler(context: BenchContext): Promise<Figure[]> {
  context.log(`${context.objects} adds, each awaited for 5 ms, 64 at once`)
  const args = ['--awaitMs', '5', '--concurrency', '64']
  return await withRun(context.objects, args, async (_server, _run, synced) => {
    const { handlerWallMs, handled, overlaps } = synced
    const detail = `${handled} handled, of 64 at once 11.7 s are the least`
    const title = 'handler that awaits 5 ms, concurrency 64'
    return [
      { id: 'await-wall', title, must: 60, measured: handlerWallMs / 1000, unit: 's', detail },
      { id: 'await-order', title: 'calls out of order', must: 0, measured: overlaps, unit: '', detail },
    ]
  })
}

/** Updates change the status alone: main's CPU an event where only the spec interests, beside one that reads each change. */
async function statusChurn(context: BenchContext): Promise<Figure[]> {
  const cpuUs = { all: [] as number[], spec: [] as number[] }
  for (let run = 0; run < context.runs; run++) {
    context.log(`status churn, run ${run + 1} of ${context.runs}`)
    cpuUs.all.push(await statusRun(context, []))
    cpuUs.spec.push(await statusRun(context, ['--when', 'spec']))
    context.log(
      `  ${cpuUs.all.at(-1)?.toFixed(1)} µs an event, when spec changed ${cpuUs.spec.at(-1)?.toFixed(1)} µs`,
    )
  }
  const [all, spec] = [median(cpuUs.all), median(cpuUs.spec)]
  return [
    {
      id: 'status-cpu',
      title: "status churn: main's CPU an event, when: ['spec'] / all",
      must: 1 / 3,
      measured: spec / all,
      unit: '',
      detail: `${spec.toFixed(1)} / ${all.toFixed(1)} µs at ${statusRate}/s`,
    },
  ]
}

async function statusRun(context: BenchContext, when: readonly string[]): Promise<number> {
  const objects = context.quick ? 1_000 : 20_000
  const measureMs = context.quick ? 2_000 : 10_000
  return await withRun(objects, ['--reads', ...when], async (server, run) => {
    await server.post('churn', { rate: statusRate, mode: 'updates', seconds: measureMs / 1000 + 20 })
    await sleep(context.quick ? 1_000 : 4_000)
    const before = await run.ask('mark')
    await sleep(measureMs)
    const after = await run.ask('mark')
    const received = after.received - before.received
    const handled = after.handled - before.handled
    const isFiltered = when.length > 0
    if (received < (statusRate * measureMs) / 2000) throw new Error(`only ${received} events came`)
    if (isFiltered ? handled > 0 : handled < received / 2)
      throw new Error(`${handled} of ${received} were handled`)
    context.log(`  ${received} events in ${seconds(measureMs)}, ${handled} handled`)
    return ((after.mainCpuMs - before.mainCpuMs) * 1000) / received
  })
}
