import {
  type Encoding,
  type NeutralServer,
  startClientGo,
  startNeutralServer,
} from '../peers/neutral-server.ts'
import { median, mib, seconds } from '../support/numbers.ts'
import type { Report } from '../support/subject.ts'
import { type BenchContext, parseBaseline } from './context.ts'
import { type EngineReport, type Reading, startEngine } from './engine.ts'
import type { Figure } from './figures.ts'

/** Sync of the whole cluster from the neutral server, beside client-go; subjects alternate within each run. */
export async function measureSync(context: BenchContext): Promise<Figure[]> {
  const binaries = await context.peers()
  const file = await context.podsFile()
  const server = await startNeutralServer(binaries, file, context.objects)
  const peers = { protobuf: [] as Report[], json: [] as Report[], small: [] as Report[] }
  const engine: Record<Reading, EngineReport[]> = { two: [], none: [], all: [] }
  const parseMs: number[] = []
  const peer = async (encoding: Encoding, gogc?: number): Promise<Report> => {
    const subject = startClientGo(binaries, {
      url: server.url,
      encoding,
      ...(gogc && { gogc }),
    })
    return await finish(context, `client-go ${encoding}${gogc ? ` GOGC=${gogc}` : ''}`, subject)
  }
  try {
    for (let run = 0; run < context.runs; run++) {
      context.log(`sync, run ${run + 1} of ${context.runs}`)
      peers.protobuf.push(await peer('protobuf'))
      engine.two.push(await engineRun(context, server, 'two'))
      peers.json.push(await peer('json'))
      engine.none.push(await engineRun(context, server, 'none'))
      peers.small.push(await peer('protobuf', 50))
      engine.all.push(await engineRun(context, server, 'all'))
      parseMs.push((await parseBaseline(file, context.objects)).parseMs)
    }
  } finally {
    await server.stop()
  }
  return figures(peers, engine, parseMs)
}

function engineRun(context: BenchContext, server: NeutralServer, read: Reading): Promise<EngineReport> {
  return finish(context, `engine, reading ${read}`, startEngine({ url: server.url, read }))
}

async function finish<R extends Report>(
  context: BenchContext,
  name: string,
  subject: { next(): Promise<R>; end(): Promise<void> },
): Promise<R> {
  const report = await subject.next()
  await subject.end()
  if (report['objects'] !== context.objects) throw new Error(`${name}: synced ${report['objects']} objects`)
  const wall = report.handlerWallMs === undefined ? '' : `, handler done ${seconds(report.handlerWallMs)}`
  const use = `cpu ${seconds(report.cpuMs)}, peak ${mib(report.peakRssBytes)}`
  context.log(`  ${name}: ${seconds(report.wallMs)}${wall}, ${use}`)
  return report
}

function figures(
  peers: Readonly<Record<'protobuf' | 'json' | 'small', readonly Report[]>>,
  engine: Readonly<Record<Reading, readonly EngineReport[]>>,
  parseMs: readonly number[],
): Figure[] {
  const of = <R>(reports: readonly R[], figure: (report: R) => number): number => median(reports.map(figure))
  const wall = of(engine.two, (report) => report.handlerWallMs)
  const cpu = of(engine.two, (report) => report.cpuMs)
  const peak = of(engine.two, (report) => report.peakRssBytes)
  const peerWall = of(peers.protobuf, (report) => report.wallMs)
  const jsonWall = of(peers.json, (report) => report.wallMs)
  const peerCpu = of(peers.protobuf, (report) => report.cpuMs)
  const peerPeak = of(peers.protobuf, (report) => report.peakRssBytes)
  const smallPeak = of(peers.small, (report) => report.peakRssBytes)
  const busy = of(engine.none, (report) => report.mainBusyMs)
  const parse = median(parseMs)
  const heap = of(engine.two, (report) => report.heapUsedBytes)
  const slice = of(engine.all, (report) => report.sliceCpuMsMax)
  const sliceWall = of(engine.all, (report) => report.sliceWallMsMax)
  const allWall = of(engine.all, (report) => report.handlerWallMs)
  return [
    {
      id: 'sync-wall-protobuf',
      title: 'sync wall / client-go protobuf',
      must: 0.5,
      measured: wall / peerWall,
      unit: '',
      detail: `${seconds(wall)} (handler done) / ${seconds(peerWall)} (HasSynced)`,
    },
    {
      id: 'sync-wall-json',
      title: 'sync wall / client-go JSON',
      must: 0.1,
      measured: wall / jsonWall,
      unit: '',
      detail: `${seconds(wall)} / ${seconds(jsonWall)}`,
    },
    {
      id: 'sync-cpu',
      title: 'sync CPU / client-go protobuf',
      must: 0.5,
      measured: cpu / peerCpu,
      unit: '',
      detail: `${seconds(cpu)} / ${seconds(peerCpu)}`,
    },
    {
      id: 'sync-rss',
      title: 'peak RSS / client-go protobuf',
      must: 0.22,
      measured: peak / peerPeak,
      unit: '',
      detail: `${mib(peak)} / ${mib(peerPeak)}`,
    },
    {
      id: 'sync-rss-gogc50',
      title: 'peak RSS / client-go protobuf, GOGC=50',
      measured: peak / smallPeak,
      unit: '',
      detail: `${mib(peak)} / ${mib(smallPeak)}`,
    },
    {
      id: 'sync-heap',
      title: 'JS heap after sync',
      must: 100,
      measured: heap / 1e6,
      unit: 'MB',
      detail: 'main thread, no forced gc',
    },
    {
      id: 'sync-main-busy',
      title: 'main busy, nobody reading / JSON.parse',
      must: 0.2,
      measured: busy / parse,
      unit: '',
      detail: `${seconds(busy)} (CPU ${seconds(of(engine.none, (report) => report.mainCpuMs))}) / ${seconds(parse)}`,
    },
    {
      id: 'sync-slice',
      title: 'longest own slice, reading all, thread CPU',
      must: 15,
      measured: slice,
      unit: 'ms',
      detail: `by the clock ${sliceWall.toFixed(1)} ms; sync ${seconds(allWall)}`,
    },
    {
      id: 'sync-gc',
      title: 'longest GC pause on main, reading all',
      must: 25,
      measured: of(engine.all, (report) => report.gcMsMax),
      unit: 'ms',
      detail: `all pauses together ${seconds(of(engine.all, (report) => report.gcMs))}`,
    },
  ]
}
