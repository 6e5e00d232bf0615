import { expect, inject, test } from 'vitest'
import { runProgram } from './support/program.ts'

const consumer = inject('consumer')
const MiB = 1024 * 1024
const repeats = 5

/** A fresh process that imports `entry`, or nothing: the CPU time of that, all threads, and its memory then. */
async function cost(entry?: string): Promise<{ readonly cpuMs: number; readonly rssMiB: number }> {
  const load = entry === undefined ? '' : `await import('${entry}');`
  const code = `const start = process.cpuUsage(); ${load} const { user, system } = process.cpuUsage(start)
    console.log(JSON.stringify({ cpuMs: (user + system) / 1000, rss: process.memoryUsage.rss() }))`
  const { result } = await runProgram(['node', '--input-type=module', '-e', code], { cwd: consumer })
  return { cpuMs: result['cpuMs'] as number, rssMiB: (result['rss'] as number) / MiB }
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number

test('an import of the library costs a fraction of what client-node costs, which compat loads', async () => {
  const entries = [undefined, 'kube-informer', 'kube-informer/compat']
  const costs = entries.map((): Awaited<ReturnType<typeof cost>>[] => [])
  // By turns, so that a busy moment of the machine hits all of them.
  for (let i = 0; i < repeats; i++) {
    for (const [at, entry] of entries.entries()) costs[at]?.push(await cost(entry))
  }
  const medians = costs.map((runs) => ({
    cpuMs: median(runs.map(({ cpuMs }) => cpuMs)),
    rssMiB: median(runs.map(({ rssMiB }) => rssMiB)),
  }))
  for (const [at, { cpuMs, rssMiB }] of medians.entries()) {
    console.log(`import ${entries[at] ?? 'nothing'}: ${cpuMs.toFixed(0)} ms CPU, ${rssMiB.toFixed(0)} MiB`)
  }
  const [bare, library, compat] = medians.map(({ rssMiB }) => rssMiB) as [number, number, number]
  // Memory alone: time is the machine's.
  expect(library - bare).toBeLessThan((compat - bare) / 2)
})
