import {
  type Encoding,
  type NeutralServer,
  startClientGo,
  startNeutralServer,
} from '../peers/neutral-server.ts'
import { median } from '../support/numbers.ts'
import type { Report, Subject } from '../support/subject.ts'
import { type BenchContext, sleep } from './context.ts'
import { startEngine } from './engine.ts'
import type { Figure } from './figures.ts'

const rate = 5_000

/**
 * CPU per event at 5,000 changes a second: all three clients on the neutral server, the only one that speaks both
 * encodings, one client at a time. Handlers read two fields of every new state.
 */
export async function measureSteady(context: BenchContext): Promise<Figure[]> {
  const binaries = await context.peers()
  const objects = context.quick ? 2_000 : 20_000
  const server = await startNeutralServer(binaries, await context.podsFile(), objects)
  const client = (encoding: Encoding): Subject => startClientGo(binaries, { url: server.url, encoding })
  const micros = { engine: [] as number[], json: [] as number[], protobuf: [] as number[] }
  try {
    for (let run = 0; run < context.runs; run++) {
      micros.engine.push(await perEvent(context, server, startEngine({ url: server.url, read: 'two' })))
      micros.json.push(await perEvent(context, server, client('json')))
      micros.protobuf.push(await perEvent(context, server, client('protobuf')))
      const line = Object.entries(micros).map(([name, values]) => `${name} ${values.at(-1)?.toFixed(0)} µs`)
      context.log(`steady, run ${run + 1} of ${context.runs}: ${line.join(', ')} an event`)
    }
  } finally {
    await server.stop()
  }
  const [engine, json, protobuf] = [median(micros.engine), median(micros.json), median(micros.protobuf)]
  return [
    {
      id: 'steady-json',
      title: `CPU per event at ${rate}/s / client-go JSON`,
      must: 0.3,
      measured: engine / json,
      unit: '',
      detail: `${engine.toFixed(1)} µs / ${json.toFixed(1)} µs`,
    },
    {
      id: 'steady-protobuf',
      title: `CPU per event at ${rate}/s / client-go protobuf`,
      must: 0.8,
      measured: engine / protobuf,
      unit: '',
      detail: `${engine.toFixed(1)} µs / ${protobuf.toFixed(1)} µs`,
    },
  ]
}

async function perEvent(context: BenchContext, server: NeutralServer, subject: Subject): Promise<number> {
  try {
    await subject.next()
    // Warm: the first events compile code and grow heaps, which no steady state does.
    await server.churn(rate, context.quick ? 1 : 5)
    const before = await settled(subject)
    const { sent, dropped } = await server.churn(rate, context.quick ? 2 : 15)
    const after = await settled(subject)
    const seen = Number(after['updated']) - Number(before['updated'])
    // Merged changes count as work done: the engine may fold, but only what it has read; a gap would be a cheat.
    const merged = Number(after['merged'] ?? 0) - Number(before['merged'] ?? 0)
    if (dropped > 0 || seen + merged !== sent) {
      throw new Error(`${sent} events sent, ${dropped} dropped, ${seen} handled, ${merged} merged`)
    }
    return ((after.cpuMs - before.cpuMs) * 1000) / sent
  } finally {
    await subject.end()
  }
}

/** The report once the handler has been idle for a moment. */
async function settled(subject: Subject): Promise<Report> {
  let last = await subject.ask('mark')
  for (;;) {
    await sleep(250)
    const report = await subject.ask('mark')
    if (report['updated'] === last['updated']) return report
    last = report
  }
}
