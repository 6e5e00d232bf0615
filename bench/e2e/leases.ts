import { median, mib } from '../support/numbers.ts'
import type { BenchContext } from './context.ts'
import type { EngineReport } from './engine.ts'
import type { Figure } from './figures.ts'
import { withEngine } from './live.ts'

/** A million small objects cost no more each than a tenth of them: nothing in the cache may be superlinear. */
export async function measureLeases(context: BenchContext): Promise<Figure[]> {
  const [fewCount, manyCount] = context.quick ? [1_000, 10_000] : [100_000, 1_000_000]
  const few: EngineReport[] = []
  const many: EngineReport[] = []
  for (let run = 0; run < context.runs; run++) {
    few.push(await sync(context, fewCount))
    many.push(await sync(context, manyCount))
  }
  const of = (reports: readonly EngineReport[], figure: (report: EngineReport) => number): number =>
    median(reports.map(figure))
  const per = (figure: (report: EngineReport) => number, factor: number, unit: string): [number, string] => {
    const [was, is] = [(of(few, figure) * factor) / fewCount, (of(many, figure) * factor) / manyCount]
    return [is / was, `${is.toFixed(1)} / ${was.toFixed(1)} ${unit} an object`]
  }
  const [cpu, cpuDetail] = per((report) => report.cpuMs, 1000, 'µs')
  const [heap, heapDetail] = per((report) => report.heapUsedBytes, 1, 'B')
  const title = `${manyCount} leases / ${fewCount}`
  return [
    {
      id: 'leases-cpu',
      title: `${title}: sync CPU each`,
      must: 1.5,
      measured: cpu,
      unit: '',
      detail: cpuDetail,
    },
    {
      id: 'leases-heap',
      title: `${title}: heap each`,
      must: 1.5,
      measured: heap,
      unit: '',
      detail: heapDetail,
    },
    {
      id: 'leases-slice',
      title: `${manyCount} leases: longest own slice, thread CPU`,
      must: 15,
      measured: of(many, (report) => report.sliceCpuMsMax),
      unit: 'ms',
      detail: `by the clock ${of(many, (report) => report.sliceWallMsMax).toFixed(1)} ms; RSS ${mib(of(many, (report) => report.rssBytes))}`,
    },
  ]
}

async function sync(context: BenchContext, count: number): Promise<EngineReport> {
  context.log(`${count} leases`)
  const options = { read: 'two', resource: 'leases' } as const
  return await withEngine(context, count, options, async (_server, _engine, synced) => {
    context.log(
      `  longest slice ${synced.sliceCpuMsMax.toFixed(1)} ms, longest pause for garbage ${synced.gcMsMax.toFixed(1)} ms`,
    )
    return synced
  })
}
