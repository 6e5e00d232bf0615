import type { Subject } from '../support/subject.ts'
import { type BenchContext, sleep } from './context.ts'
import { type EmbeddedServer, startEmbedded } from './embedded.ts'
import { type EngineReport, type EngineRunOptions, startEngine } from './engine.ts'

/** Runs `use` with an embedded server and a synced engine, each in its process; both are gone afterwards. */
export async function withEngine<T>(
  context: BenchContext,
  objects: number,
  options: Omit<EngineRunOptions, 'url'>,
  use: (server: EmbeddedServer, engine: Subject<EngineReport>, synced: EngineReport) => Promise<T>,
): Promise<T> {
  const server = await startEmbedded(objects, options.resource)
  try {
    const engine = startEngine({ url: server.url, ...options })
    try {
      const synced = await engine.next()
      if (synced.objects !== objects) throw new Error(`synced ${synced.objects} objects, ${objects} wanted`)
      context.log(`  synced ${objects} objects in ${(synced.handlerWallMs / 1000).toFixed(1)} s`)
      return await use(server, engine, synced)
    } finally {
      await engine.end()
    }
  } finally {
    await server.stop()
  }
}

/** Waits until everything the server sent has been handled: the watch runs, and nothing moves for a second. */
export async function quiet(engine: Subject<EngineReport>, timeoutMs = 60_000): Promise<EngineReport> {
  const end = performance.now() + timeoutMs
  let last = await engine.ask('mark')
  while (performance.now() < end) {
    // Worker counters come once a second: a shorter pause would compare a report with itself.
    await sleep(1_500)
    const report = await engine.ask('mark')
    // A watch that waits to be tried again moves nothing either.
    const isQuiet =
      report.state === 'watching' &&
      last.state === 'watching' &&
      report.handled === last.handled &&
      report.received === last.received &&
      report.queueBytes === 0 &&
      report.bufferDepth === 0
    if (isQuiet) return report
    last = report
  }
  throw new Error(`the engine did not come to rest: ${JSON.stringify(last)}`)
}
