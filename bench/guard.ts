// `npm run bench:guard`: three ratios that a change must not break, in less than a minute. Ratios, since they hold on any
// machine; each against JSON.parse, measured beside it. The figures of the budgets: `npm run bench`, `npm run bench:e2e`.
import { formatVerdict, hold, type Verdict } from './guard/hold.ts'
import { MainBusy } from './guard/main-busy.ts'
import { stageBudgets } from './guard/stages.ts'
import { cpuTicks, loadOfLastMinute } from './support/machine.ts'

const load = loadOfLastMinute()
const before = cpuTicks()
const mainBusy = new MainBusy()
const verdicts: Verdict[] = []
try {
  for (const budget of [...stageBudgets(), mainBusy]) {
    const verdict = await hold(budget)
    verdicts.push(verdict)
    console.log(formatVerdict(verdict))
  }
} finally {
  await mainBusy.close()
}
const after = cpuTicks()
const stolen = (after.stolen - before.stolen) / Math.max(1, after.total - before.total)
const spread = Math.max(...verdicts.map(({ baselineSpread }) => baselineSpread))
console.log(
  `noise: load ${load.toFixed(1)} before, ${(100 * stolen).toFixed(1)} % of the CPU taken by other machines, ` +
    `JSON.parse varied ${spread.toFixed(1)}×`,
)
if (!verdicts.every(({ isHeld }) => isHeld)) process.exitCode = 1
