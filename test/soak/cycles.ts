/**
 * `node test/soak/cycles.ts --cycles 1000`: a factory made, started and closed again and again leaves nothing behind.
 *
 * After every cycle no worker thread is left; every `--look` cycles also no socket, timer or port of this process and
 * no connection at the server, and the heap is measured after a collection. Exit code 1 when something is left, or when
 * the heap at the end is more than 1 MB above that at cycle `--from`. `--leak` leaves the last factory open: it must fail.
 */

import { parseArgs } from 'node:util'
import { createInformerFactory } from '../../src/index.ts'
import { until } from '../support/until.ts'
import { collect } from './collect.ts'
import { type ServerProcess, startServerProcess } from './server-process.ts'

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '1000' },
    from: { type: 'string', default: '100' },
    look: { type: 'string', default: '20' },
    objects: { type: 'string', default: '50' },
    threads: { type: 'string', default: '2' },
    leak: { type: 'boolean', default: false },
  },
})
const cycles = Number(values.cycles)
const from = Number(values.from)
const look = Number(values.look)
const threads = Number(values.threads)
const heapGrowthBytesMax = 1_000_000

let workers = 0
process.on('worker', (worker) => {
  workers++
  worker.once('exit', () => void workers--)
})

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function heapAfterGc(): Promise<number> {
  await collect()
  return process.memoryUsage().heapUsed
}

/** Four lives in turn: whole, ended while it starts, ended while it lists, stopped and started in between. */
async function cycle(server: ServerProcess, index: number, leak: boolean): Promise<void> {
  const factory = createInformerFactory({ kubeConfig: { server: server.url }, threads, drainMs: 30_000 })
  const { pods, configmaps } = factory.core.v1
  let handled = 0
  const registration = pods.informer.addEventHandler(
    { onAdd: async () => void handled++ },
    { resyncPeriodMs: 50 },
  )
  configmaps.informer.addEventHandler({ onAdd() {} })
  factory.start()
  const signal = AbortSignal.timeout(60_000)
  if (index % 4 === 2) await until(() => handled > 0, 'the first object', 60_000)
  if (index % 4 === 3 || index % 4 === 0) {
    await factory.waitForCacheSync({ signal })
    await registration.waitForSync({ signal })
  }
  if (index % 4 === 3) {
    await pods.informer.stop()
    pods.informer.start()
  }
  if (!leak) await factory.close()
}

function beyond(now: readonly string[], before: readonly string[]): readonly string[] {
  const extra = [...now]
  for (const known of before) {
    const at = extra.indexOf(known)
    if (at >= 0) extra.splice(at, 1)
  }
  return extra
}

async function left(server: ServerProcess, before: readonly string[]): Promise<string[]> {
  const problems: string[] = []
  if (workers > 0) problems.push(`${workers} worker threads`)
  // A closed handle is listed until the loop has come round.
  let extra: readonly string[] = []
  await until(
    () => {
      extra = beyond(process.getActiveResourcesInfo(), before)
      return extra.length === 0
    },
    'nothing is active',
    5_000,
  ).catch(() => problems.push(`active here: ${extra.join(', ')}`))
  // The server sees the end of a connection a moment later than we do; its own count includes this question.
  let connections = 0
  await until(
    async () => {
      connections = (await server.stats())['connections'] ?? 0
      return connections <= 1
    },
    'connections are gone',
    5_000,
  ).catch(() => problems.push(`${connections - 1} connections at the server`))
  return problems
}

async function run(server: ServerProcess): Promise<readonly string[]> {
  await server.stats()
  // The first line opens the stream it goes to: where that is a pipe it is one more active resource.
  console.error(`${cycles} cycles on ${server.url}`)
  console.log('')
  await turn()
  const before = process.getActiveResourcesInfo()
  const problems: string[] = []
  let heapFrom = Number.NaN
  let heapLast = Number.NaN
  for (let index = 1; index <= cycles && problems.length === 0; index++) {
    await cycle(server, index, values.leak && index === cycles)
    if (workers > 0) problems.push(`cycle ${index}: ${workers} worker threads are left`)
    if (index % look !== 0 && index !== cycles && index !== from) continue
    problems.push(...(await left(server, before)).map((what) => `cycle ${index}: ${what}`))
    heapLast = await heapAfterGc()
    if (index === from) heapFrom = heapLast
    const { rss } = process.memoryUsage()
    console.error(`cycle ${index}: heap ${(heapLast / 1e6).toFixed(2)} MB, rss ${(rss / 1e6).toFixed(0)} MB`)
  }
  const growth = heapLast - heapFrom
  console.log(JSON.stringify({ cycles, threads, heapFrom, heapLast, growth, left: problems.length, workers }))
  if (!(growth <= heapGrowthBytesMax)) problems.push(`the heap grew by ${growth} bytes since cycle ${from}`)
  return problems
}

if (!(cycles > from && from > 0 && look > 0 && threads >= 0)) {
  console.error('--cycles must be above --from; --from, --look and --threads take whole numbers')
  process.exit(2)
}
const server = await startServerProcess({ objects: Number(values.objects) })
try {
  const problems = await run(server)
  for (const problem of problems) console.error(problem)
  process.exitCode = problems.length === 0 ? 0 : 1
} finally {
  await server.stop()
}
// A leaked factory would keep this process alive: what it leaves is told already.
if (values.leak) process.exit()
