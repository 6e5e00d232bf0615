import { median, mib } from '../support/numbers.ts'
import { type BenchContext, sleep } from './context.ts'
import type { EngineReport } from './engine.ts'
import type { Figure } from './figures.ts'
import { quiet, withEngine } from './live.ts'

const rate = 10_000

/** 60 s at 10,000 changes a second: nothing may grow from seconds 20–40 to the last 20; the audit must be clean. */
export async function measureSaturation(context: BenchContext): Promise<Figure[]> {
  const secondsTotal = context.quick ? 9 : 60
  context.log(`${secondsTotal} s at ${rate} changes a second`)
  const options = { read: 'two', fold: true } as const
  return await withEngine(
    context,
    context.quick ? 2_000 : 20_000,
    options,
    async (server, engine, synced) => {
      const changesBefore = (await server.stats())['changes'] ?? 0
      await server.post('churn', { rate, mode: 'mixed', seconds: secondsTotal })
      const samples: EngineReport[] = []
      const start = performance.now()
      for (let second = 1; second <= secondsTotal; second++) {
        await sleep(Math.max(0, start + second * 1000 - performance.now()))
        samples.push(await engine.ask('mark'))
      }
      await server.post('stop-churn')
      const made = ((await server.stats())['changes'] ?? 0) - changesBefore
      const end = await quiet(engine)
      const { audit } = await engine.ask('audit')
      const third = Math.floor(secondsTotal / 3)
      const [middle, last] = [samples.slice(third, 2 * third), samples.slice(2 * third)]
      const handled = end.handled - synced.handled
      const merged = end.merged - synced.merged
      context.log(
        `  ${handled} handled, ${merged} merged, ${end.reconnects} reconnects; audit ${JSON.stringify(audit)}`,
      )
      const growth = (
        id: string,
        title: string,
        figure: (report: EngineReport) => number,
        show: (value: number) => string,
        floor: number,
      ): Figure => {
        const [was, is] = [median(middle.map(figure)), median(last.map(figure))]
        return {
          id,
          title,
          must: 1.2,
          // Near zero a ratio is noise: below the floor, one hundredth of the bound, nothing has grown.
          measured: is <= floor ? Math.min(1, is / Math.max(was, 1)) : is / Math.max(was, floor),
          unit: '',
          detail: `${show(is)} / ${show(was)}`,
        }
      }
      const count = (value: number): string => String(Math.round(value))
      return [
        growth('saturate-queue', 'queue bytes, last third / middle third', (r) => r.queueBytes, mib, 655_360),
        growth(
          'saturate-buffer',
          'buffer depth, last third / middle third',
          (r) => r.bufferDepth,
          count,
          100,
        ),
        growth('saturate-rss', 'RSS, last third / middle third', (r) => r.rssBytes, mib, 0),
        {
          id: 'saturate-rate',
          title: 'changes a second that the server really made',
          // Less, and the machine was too slow for the run to show anything.
          must: 0.95 * rate,
          bound: 'min',
          measured: made / secondsTotal,
          unit: '/s',
          detail:
            `${Math.round((handled + merged) / secondsTotal)}/s taken in, ${merged} merged, ` +
            `${end.reconnects} reconnects, ${end.relists} relists`,
        },
        {
          id: 'saturate-audit',
          title: 'audit after it',
          must: 0,
          measured: audit?.ok === true ? 0 : 1,
          unit: 'faults',
          detail: audit === undefined ? 'none' : `compared ${audit.compared}, fold ${audit.fold}`,
        },
      ]
    },
  )
}
