import { median } from '../support/numbers.ts'
import { type BenchContext, sleep } from './context.ts'
import type { Figure } from './figures.ts'
import { withEngine } from './live.ts'

const rate = 1_000

/** Last byte of an event read in the worker → handler called, at 1,000 changes a second on 20,000 pods. */
export async function measureLag(context: BenchContext): Promise<Figure[]> {
  const p50: number[] = []
  const p99: number[] = []
  const max: number[] = []
  for (let run = 0; run < context.runs; run++) {
    context.log(`lag, run ${run + 1} of ${context.runs}`)
    await withEngine(context, context.quick ? 1_000 : 20_000, { read: 'two' }, async (server, engine) => {
      await server.post('churn', { rate, mode: 'mixed', seconds: context.quick ? 4 : 40 })
      await sleep(context.quick ? 1_000 : 8_000)
      const before = await engine.ask('reset')
      await sleep(context.quick ? 2_000 : 30_000)
      const report = await engine.ask('mark')
      const handled = report.handled - before.handled
      if (report.lagMs === null || handled < rate) throw new Error(`only ${handled} changes were seen`)
      context.log(`  p50 ${report.lagMs.p50} ms, p99 ${report.lagMs.p99} ms, max ${report.lagMs.max} ms`)
      p50.push(report.lagMs.p50)
      p99.push(report.lagMs.p99)
      max.push(report.lagMs.max)
    })
  }
  const detail = `max ${median(max).toFixed(1)} ms`
  return [
    { id: 'lag-p50', title: `lag at ${rate}/s, p50`, must: 1, measured: median(p50), unit: 'ms', detail },
    { id: 'lag-p99', title: `lag at ${rate}/s, p99`, must: 10, measured: median(p99), unit: 'ms', detail },
  ]
}
