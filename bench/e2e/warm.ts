import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median, mib, seconds } from '../support/numbers.ts'
import { type BenchContext, sleep } from './context.ts'
import { type EmbeddedServer, startEmbedded } from './embedded.ts'
import { type EngineReport, startEngine } from './engine.ts'
import type { Figure } from './figures.ts'
import { quiet } from './live.ts'

const changesPerSecond = 1_000
const churnSeconds = 3

/**
 * A start from a snapshot against a cold one, of the same process on the same server: after changes that the watch tells,
 * and after the history is gone, when a list tells them. Each start is audited against the server's list.
 */
export async function measureWarm(context: BenchContext): Promise<Figure[]> {
  context.log('warm')
  const folder = await mkdtemp(join(tmpdir(), 'bench-warm-'))
  const file = join(folder, 'pods.snapshot')
  const server = await startEmbedded(context.objects)
  const cold: EngineReport[] = []
  const saves: EngineReport[] = []
  const watched: EngineReport[] = []
  const listed: EngineReport[] = []
  try {
    for (let run = 0; run < context.runs; run++) {
      context.log(`warm, run ${run + 1} of ${context.runs}`)
      const first = startEngine({ url: server.url, read: 'two', fold: true })
      try {
        cold.push(await first.next())
        saves.push(await first.ask(`save ${file}`))
      } finally {
        await first.end()
      }
      const count = cold.at(-1)?.objects ?? 0
      await churn(server)
      watched.push(await start(context, server, file, count, 'changes since'))
      await server.post('compact')
      await churn(server)
      await server.post('compact')
      listed.push(await start(context, server, file, count, 'history gone'))
    }
    const { size } = await stat(file)
    return figures(cold, saves, watched, listed, size)
  } finally {
    await server.stop()
    await rm(folder, { recursive: true })
  }
}

async function churn(server: EmbeddedServer): Promise<void> {
  await server.post('churn', { rate: changesPerSecond, mode: 'mixed' })
  await sleep(churnSeconds * 1_000)
  await server.post('stop-churn')
}

async function start(
  context: BenchContext,
  server: EmbeddedServer,
  warm: string,
  count: number,
  name: string,
): Promise<EngineReport> {
  const engine = startEngine({ url: server.url, read: 'two', warm, count, fold: true })
  try {
    const report = await engine.next()
    await quiet(engine)
    const { audit } = await engine.ask('audit')
    if (audit === undefined || !audit.ok)
      throw new Error(`${name}: not the server's: ${JSON.stringify(audit)}`)
    context.log(
      `  ${name}: first call ${seconds(report.firstCallMs)}, all of the file ${seconds(report.countedMs)}, handler done ${seconds(report.handlerWallMs)}, peak ${mib(report.peakRssBytes)}`,
    )
    return report
  } finally {
    await engine.end()
  }
}

function figures(
  cold: readonly EngineReport[],
  saves: readonly EngineReport[],
  watched: readonly EngineReport[],
  listed: readonly EngineReport[],
  fileBytes: number,
): Figure[] {
  const of = (reports: readonly EngineReport[], figure: (report: EngineReport) => number): number =>
    median(reports.map(figure))
  const whole = of(cold, (report) => report.handlerWallMs)
  const ratio = (
    id: string,
    title: string,
    must: number,
    reports: readonly EngineReport[],
    figure: (report: EngineReport) => number,
  ): Figure => {
    const ms = of(reports, figure)
    const peak = `peak ${mib(of(reports, (report) => report.peakRssBytes))}`
    const detail = `${seconds(ms)} / ${seconds(whole)}; ${peak} / ${mib(of(cold, (report) => report.peakRssBytes))}`
    return { id, title, must, measured: ms / whole, unit: '', detail }
  }
  return [
    ratio('warm-first', 'warm start: first call / cold sync', 0.25, watched, (report) => report.firstCallMs),
    ratio('warm-all', 'warm start: every object / cold sync', 0.5, watched, (report) => report.handlerWallMs),
    ratio(
      'warm-gone-first',
      'the same, history gone: first call',
      0.25,
      listed,
      (report) => report.firstCallMs,
    ),
    ratio('warm-gone-all', 'the same: every object of the file', 0.5, listed, (report) => report.countedMs),
    {
      id: 'warm-gone-synced',
      title: 'the same: synced, all finished',
      measured: of(listed, (report) => report.handlerWallMs) / whole,
      unit: '',
      detail: 'a list of everything is a part of it',
    },
    {
      id: 'warm-save',
      title: 'saving the snapshot',
      measured: of(saves, (report) => report.saveMs ?? Number.NaN) / 1000,
      unit: 's',
      detail: `${mib(fileBytes)}; longest slice ${of(saves, (report) => report.sliceWallMsMax).toFixed(1)} ms by the clock`,
    },
  ]
}
