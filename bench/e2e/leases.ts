import type { BenchContext } from './context.ts'
import type { EngineReport } from './engine.ts'
import { type Figure, mib } from './figures.ts'
import { withEngine } from './live.ts'

/** A million small objects cost no more each than a tenth of them: nothing in the cache may be superlinear. */
export async function measureLeases(context: BenchContext): Promise<Figure[]> {
  const [fewCount, manyCount] = context.quick ? [1_000, 10_000] : [100_000, 1_000_000]
  const few = await sync(context, fewCount)
  const many = await sync(context, manyCount)
  const per = (figure: (report: EngineReport) => number, factor: number, unit: string): [number, string] => {
    const [was, is] = [(figure(few) * factor) / fewCount, (figure(many) * factor) / manyCount]
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
      measured: many.sliceCpuMsMax,
      unit: 'ms',
      detail: `by the clock ${many.sliceWallMsMax.toFixed(1)} ms; RSS ${mib(many.rssBytes)}`,
    },
  ]
}

async function sync(context: BenchContext, count: number): Promise<EngineReport> {
  context.log(`${count} leases`)
  const options = { read: 'two', resource: 'leases' } as const
  return await withEngine(context, count, options, async (_server, _engine, synced) => synced)
}
