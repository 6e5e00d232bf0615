import { mib } from '../support/numbers.ts'
import { type BenchContext, sleep } from './context.ts'
import type { Figure } from './figures.ts'
import { quiet, withEngine } from './live.ts'

const rate = 5_000

/** The main thread does nothing for 10 s while 5,000 changes a second come: the worker must read on, and merge. */
export async function measureBlock(context: BenchContext): Promise<Figure[]> {
  const blockMs = context.quick ? 4_000 : 10_000
  const own = await blocked(context, 1, blockMs)
  const control = await blocked(context, 0, blockMs)
  const figure = (id: string, title: string, must: number, measured: number, detail: string): Figure => {
    return { id, title, must, measured, unit: '', detail }
  }
  const during = `main blocked ${blockMs / 1000} s at ${rate}/s`
  return [
    figure('block-reconnects', `${during}: reconnects`, 0, own.reconnects, 'threads: 1'),
    figure('block-closures', 'closures counted by the server', 0, own.closures, 'slow-watcher closure on'),
    {
      ...figure('block-bytes', 'bytes read meanwhile', 1, own.bytesPerSecond / 1e6, ''),
      bound: 'min',
      unit: 'MB/s',
      detail: `server sends about ${((rate * 7_500) / 1e6).toFixed(0)} MB/s`,
    },
    { ...figure('block-merged', 'changes merged', 1, own.merged, 'in queue and buffer'), bound: 'min' },
    figure('block-audit', 'audit after it', 0, own.isAuditClean ? 0 : 1, own.auditText),
    {
      ...figure('block-control', 'control, threads: 0: closures by the server', 1, control.closures, ''),
      bound: 'min',
      detail: `reconnects ${control.reconnects}: the check can fail`,
    },
  ]
}

interface BlockResult {
  readonly reconnects: number
  readonly closures: number
  readonly bytesPerSecond: number
  readonly merged: number
  readonly isAuditClean: boolean
  readonly auditText: string
}

async function blocked(context: BenchContext, threads: number, blockMs: number): Promise<BlockResult> {
  context.log(`main thread blocked for ${blockMs / 1000} s, threads: ${threads}`)
  const objects = context.quick ? 2_000 : 20_000
  return await withEngine(context, objects, { read: 'two', threads, fold: true }, async (server, engine) => {
    const closuresBefore = (await server.stats())['closures'] ?? 0
    await server.post('churn', { rate, mode: 'mixed', seconds: blockMs / 1000 + 8 })
    await sleep(3_000)
    const before = await engine.ask('mark')
    const sentBefore = (await server.stats())['bytesSent'] ?? 0
    const asked = engine.ask(`block ${blockMs}`)
    // What the server could send is what somebody read: the blocked process cannot be asked.
    await sleep(blockMs - 500)
    const sentAfter = (await server.stats())['bytesSent'] ?? 0
    await asked
    await sleep(1_000)
    await server.post('stop-churn')
    const after = await quiet(engine, 120_000)
    const { audit } = await engine.ask('audit')
    const closures = ((await server.stats())['closures'] ?? 0) - closuresBefore
    const result: BlockResult = {
      reconnects: after.reconnects - before.reconnects,
      closures,
      bytesPerSecond: ((sentAfter - sentBefore) * 1000) / (blockMs - 500),
      merged: after.merged - before.merged,
      isAuditClean: audit?.ok === true,
      auditText: audit === undefined ? 'none' : `compared ${audit.compared}, fold ${audit.fold}`,
    }
    context.log(`  ${mib(result.bytesPerSecond)}/s read, ${JSON.stringify(result)}`)
    return result
  })
}
