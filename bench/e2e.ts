// `npm run bench:e2e`: the end-to-end budgets as a table. Everything measured runs in a process of its own.
import { parseArgs } from 'node:util'
import { measureBlock } from './e2e/block.ts'
import type { BenchContext } from './e2e/context.ts'
import { measureDelivery } from './e2e/delivery.ts'
import { type Figure, formatTable, isWithin } from './e2e/figures.ts'
import { measureLag } from './e2e/lag.ts'
import { measureLeases } from './e2e/leases.ts'
import { measureRelist } from './e2e/relist.ts'
import { measureRewrite } from './e2e/rewrite.ts'
import { measureSaturation } from './e2e/saturate.ts'
import { measureSteady } from './e2e/steady.ts'
import { measureSync } from './e2e/sync.ts'
import { measureWarm } from './e2e/warm.ts'
import { buildGoPeers, type GoBinaries } from './peers/neutral-server.ts'
import { objectsFile } from './support/objects-file.ts'

const measurements: Readonly<Record<string, (context: BenchContext) => Promise<Figure[]>>> = {
  sync: measureSync,
  steady: measureSteady,
  rewrite: measureRewrite,
  relist: measureRelist,
  leases: measureLeases,
  lag: measureLag,
  saturate: measureSaturation,
  block: measureBlock,
  delivery: measureDelivery,
  warm: measureWarm,
}

const usage = `usage: npm run bench:e2e -- [--only NAME]... [--runs 3] [--quick] [--json] [--pods FILE]
  --only   ${Object.keys(measurements).join(', ')} (default: all)
  --runs   runs of the measurements that take a median
  --quick  small clusters and short churn: shows that the bench works, says nothing about budgets
  --json   the figures as one JSON line at the end of stdout
  --pods   pods as JSON lines, instead of the seeded ones`

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true, default: [] },
      runs: { type: 'string', default: '3' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      pods: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const unknown = values.only.filter((name) => measurements[name] === undefined)
  const runs = Number(values.runs)
  if (values.help || unknown.length > 0 || !Number.isSafeInteger(runs) || runs < 1) {
    console.error(usage)
    return values.help ? 0 : 2
  }
  const log = (line: string): void => console.error(line)
  const objects = values.quick ? 5_000 : 150_000
  let peers: Promise<GoBinaries> | undefined
  const context: BenchContext = {
    quick: values.quick,
    runs: values.quick ? 1 : runs,
    log,
    objects,
    peers: () => (peers ??= buildGoPeers(log)),
    podsFile: () =>
      values.pods === undefined ? objectsFile('pods', objects, log) : Promise.resolve(values.pods),
  }
  const figures: Figure[] = []
  for (const [name, measure] of Object.entries(measurements)) {
    if (values.only.length > 0 && !values.only.includes(name)) continue
    figures.push(...(await measure(context)))
  }
  console.log(formatTable(figures))
  if (values.json) {
    console.log(JSON.stringify(figures.map((figure) => ({ ...figure, ok: isWithin(figure) }))))
  }
  // A quick run is too small for its figures to mean anything; it fails only when a measurement throws.
  return values.quick || figures.every(isWithin) ? 0 : 1
}

process.exitCode = await main()
