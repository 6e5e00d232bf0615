import { until } from '../../test/support/until.ts'
import { type BenchContext, parseBaseline } from './context.ts'
import { type Figure, seconds } from './figures.ts'
import { quiet, withEngine } from './live.ts'

/** All watches are cut and their history forgotten: the whole list comes again, and nothing in it has changed. */
export async function measureRelist(context: BenchContext): Promise<Figure[]> {
  context.log('relist')
  const parse = await parseBaseline(await context.podsFile(), context.objects)
  return await withEngine(context, context.objects, { read: 'none' }, async (server, engine) => {
    const before = await quiet(engine)
    await server.post('relist-trigger')
    await until(
      async () => {
        const report = await engine.ask('mark')
        return report.relists > before.relists && report.state === 'watching'
      },
      'the relist',
      120_000,
    )
    const after = await quiet(engine)
    const busyMs = after.mainBusyMs - before.mainBusyMs
    return [
      {
        id: 'relist-calls',
        title: 'handler calls of a relist of unchanged objects',
        must: 0,
        measured: after.handled - before.handled,
        unit: '',
        detail: `${after.received - before.received} items read`,
      },
      {
        id: 'relist-main-busy',
        title: 'main busy during it / JSON.parse',
        must: 0.2,
        measured: busyMs / parse.parseMs,
        unit: '',
        detail: `${seconds(busyMs)} (CPU ${seconds(after.mainCpuMs - before.mainCpuMs)}) / ${seconds(parse.parseMs)}`,
      },
    ]
  })
}
