import { mib } from '../support/numbers.ts'
import { type BenchContext, sleep } from './context.ts'
import type { Figure } from './figures.ts'
import { quiet, withEngine } from './live.ts'

const times = 10

/** Memory after every object was replaced ten times in small batches: what compaction of the slabs is worth. */
export async function measureRewrite(context: BenchContext): Promise<Figure[]> {
  context.log('rewrite')
  return await withEngine(context, context.objects, { read: 'two' }, async (server, engine) => {
    // Both after the same rest: right at the sync's end the young heap still counts, in favour of the ratio.
    await sleep(5_000)
    const before = await engine.ask('mark')
    await server.post('rewrite', { times })
    const after = await quiet(engine, 300_000)
    await sleep(Math.max(0, 5_000 - 1_500))
    const settled = await engine.ask('mark')
    const rewritten = after.updated + after.merged - before.updated - before.merged
    if (rewritten !== context.objects * times) {
      throw new Error(`${rewritten} rewrites seen, ${context.objects * times} wanted`)
    }
    context.log(
      `  slabs ${mib(Number(before['slabBytes']))} → ${mib(Number(settled['slabBytes']))}, peak ${mib(settled.peakRssBytes)}`,
    )
    return [
      {
        id: 'rewrite-rss',
        title: `RSS after ${times} rewrites of all / after sync`,
        must: 1.5,
        measured: settled.rssBytes / before.rssBytes,
        unit: '',
        detail: `${mib(settled.rssBytes)} / ${mib(before.rssBytes)}, each 5 s after; no forced gc`,
      },
    ]
  })
}
