import { median, seconds } from '../support/numbers.ts'
import { type BenchContext, parseBaseline, sleep } from './context.ts'
import type { Figure } from './figures.ts'
import { quiet, withEngine } from './live.ts'

/** All watches are cut and their history forgotten: the whole list comes again, and nothing in it has changed. */
export async function measureRelist(context: BenchContext): Promise<Figure[]> {
  const file = await context.podsFile()
  return await withEngine(context, context.objects, { read: 'none' }, async (server, engine) => {
    const busyMs: number[] = []
    const cpuMs: number[] = []
    const parseMs: number[] = []
    let handled = 0
    let received = 0
    for (let run = 0; run < context.runs; run++) {
      context.log(`relist, run ${run + 1} of ${context.runs}`)
      parseMs.push((await parseBaseline(file, context.objects)).parseMs)
      const before = await quiet(engine)
      await server.post('relist-trigger')
      const end = performance.now() + 120_000
      // Rarely: what the engine's process does to report is a part of what is measured.
      let report = before
      while (report.relists === before.relists || report.state !== 'watching') {
        if (performance.now() > end) throw new Error('waited 120 s in vain for the relist')
        await sleep(1_000)
        report = await engine.ask('mark')
      }
      const after = await quiet(engine)
      busyMs.push(after.mainBusyMs - before.mainBusyMs)
      cpuMs.push(after.mainCpuMs - before.mainCpuMs)
      handled += after.handled - before.handled
      received += after.received - before.received
    }
    const [busy, cpu, parse] = [median(busyMs), median(cpuMs), median(parseMs)]
    return [
      {
        id: 'relist-calls',
        title: 'handler calls of a relist of unchanged objects',
        must: 0,
        measured: handled,
        unit: '',
        detail: `${received} items read`,
      },
      {
        id: 'relist-main-busy',
        title: 'main busy during it / JSON.parse',
        must: 0.2,
        measured: busy / parse,
        unit: '',
        detail: `${seconds(busy)} (CPU ${seconds(cpu)}) / ${seconds(parse)}`,
      },
    ]
  })
}
