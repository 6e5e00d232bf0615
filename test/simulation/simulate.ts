import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Mutation, mutations, plant } from './mutations.ts'
import { type RunResult, runSchedules } from './runner.ts'
import { Schedule } from './schedule.ts'
import { loadStages } from './stages.ts'

const usage = `npm run simulate -- [--seeds N] [--start S] [--workers 2] [--trace] [--mutations] [--mutation NAME] [--rule-hits-min N]

  --seeds N          schedules to run, one a seed (default 10,000)
  --start S          first seed (default 1)
  --workers N        threads (default 2)
  --trace            print every step of the first seed's schedule
  --mutation NAME    plant this one bug; with --trace: show the schedule with it
  --mutations        plant each known bug in turn, and tell how many schedules it takes to find it
  --rule-hits-min N  fail if a rule was taken less often (default 0)`

const repository = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
/** Every rule that the queue and the indexer can report; one that is never taken must show in the table. */
const allRules = [
  'queue: repeat dropped',
  '0: stale dropped',
  '1: upsert replaces',
  '2: same uid returns',
  '2: other uid follows',
  '3: deleted drops here',
  '4: first deleted kept',
  'main: Deleted of unknown',
  'main: Deleted old',
  'main: Deleted same uid',
  'main: Deleted other uid',
  'main: tombstone drop',
  'main: old or equal drop',
  'main: other uid old drop',
  'main: other uid replaces',
  'main: sweep',
  'main: sweep spared by version',
  'main: reset',
  'main: abort',
] as const
/** What only happens when a resumed watch repeats an end and loses what came after it: too rare for `--rule-hits-min`. */
const rareRules = ['4: later end of the same object', 'main: Deleted same uid, earlier end'] as const

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    start: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2' },
    trace: { type: 'boolean', default: false },
    mutation: { type: 'string' },
    mutations: { type: 'boolean', default: false },
    'rule-hits-min': { type: 'string', default: '0' },
    help: { type: 'boolean', default: false },
  },
})
const seeds = Number(values.seeds)
const start = Number(values.start)
const threads = Number(values.workers)
const hitsMin = Number(values['rule-hits-min'])
if (
  values.help ||
  ![seeds, start, threads, hitsMin].every((number) => Number.isSafeInteger(number) && number >= 0)
) {
  console.log(usage)
  process.exit(values.help ? 0 : 2)
}

if (values.mutations) process.exitCode = await findAll()
else {
  const mutation = mutations.find(({ name }) => name === values.mutation)
  if (values.mutation !== undefined && mutation === undefined) {
    console.error(
      `no mutation "${values.mutation}"; there are:\n${mutations.map(({ name }) => `  ${name}`).join('\n')}`,
    )
    process.exit(2)
  }
  const planted = mutation === undefined ? undefined : plant(mutation, repository)
  const root = planted?.root ?? repository
  const watchFromHighestPage = mutation?.watchFromHighestPage ?? false
  try {
    if (values.trace) await trace(root, watchFromHighestPage)
    else process.exitCode = await run(root, watchFromHighestPage)
  } finally {
    planted?.remove()
  }
}

async function trace(root: string, watchFromHighestPage: boolean): Promise<void> {
  const schedule = new Schedule({
    stages: await loadStages(root),
    seed: start,
    watchFromHighestPage,
    onRule: (rule) => console.log(`   ${rule}`),
    log: console.log,
  })
  const { steps, violation } = schedule.run()
  console.log(`seed ${start}, ${steps} steps: ${violation ?? 'no violation'}`)
  process.exitCode = violation === undefined ? 0 : 1
}

async function run(root: string, watchFromHighestPage: boolean): Promise<number> {
  const result = await runSchedules({
    root,
    start,
    count: seeds,
    threads,
    watchFromHighestPage,
    onProgress: (done) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${seeds}\r`)
    },
    onFailure: ({ seed, violation }) => console.log(`seed ${seed}: ${violation}`),
  })
  const missed = printRules(result)
  const { schedules, steps, stepsMin, keysMin, failures, durationMs } = result
  console.log(
    `${schedules} schedules, ${steps} steps (at least ${stepsMin}) on ${keysMin} keys or more: ${failures.length} violations, ${(durationMs / 1000).toFixed(1)} s`,
  )
  return failures.length > 0 || missed > 0 ? 1 : 0
}

function printRules(result: RunResult): number {
  let missed = 0
  const print = (rule: string, isEnough: boolean): void => {
    const hits = String(result.rules.get(rule) ?? 0)
    console.log(`${rule.padEnd(36)} ${hits.padStart(11)}${isEnough ? '' : '  too few'}`)
    if (!isEnough) missed++
  }
  console.log(`${'rule'.padEnd(36)}        hits`)
  for (const rule of allRules) print(rule, (result.rules.get(rule) ?? 0) >= hitsMin)
  for (const rule of rareRules) print(rule, true)
  const listed: readonly string[] = [...allRules, ...rareRules]
  for (const rule of result.rules.keys()) {
    if (!listed.includes(rule)) console.log(`${rule}: not in the table of rules`)
  }
  return missed
}

async function findAll(): Promise<number> {
  // With a bug of its own, everything would be found at once, and nothing shown by it.
  const clean = await runSchedules({ root: repository, start, count: Math.min(seeds, 1_000), threads })
  if (clean.failures.length > 0) {
    console.log(`FAIL without any mutation: seed ${clean.failures[0]?.seed}: ${clean.failures[0]?.violation}`)
    return 1
  }
  let escaped = 0
  for (const mutation of mutations) {
    const result = await find(mutation)
    const failure = result.failures[0]
    const isRight = (failure === undefined) === (mutation.isHarmless === true)
    if (!isRight) escaped++
    const outcome =
      failure === undefined
        ? `nothing in ${result.schedules} schedules`
        : `found in ${failure.seed - start + 1} schedules`
    console.log(`${isRight ? 'ok  ' : 'FAIL'} ${mutation.name}: ${outcome}`)
    if (failure !== undefined) console.log(`       seed ${failure.seed}: ${failure.violation.split('\n')[0]}`)
  }
  return escaped > 0 ? 1 : 0
}

async function find(mutation: Mutation): Promise<RunResult> {
  const planted = plant(mutation, repository)
  try {
    const { root } = planted
    const watchFromHighestPage = mutation.watchFromHighestPage ?? false
    return await runSchedules({
      root,
      start,
      count: seeds,
      threads,
      watchFromHighestPage,
      stopsAtFirst: true,
    })
  } finally {
    planted.remove()
  }
}
