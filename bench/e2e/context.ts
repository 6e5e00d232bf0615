import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { GoBinaries } from '../peers/neutral-server.ts'

/** What a measurement is given; sizes shrink with `quick`, which proves the bench, not the budget. */
export interface BenchContext {
  readonly quick: boolean
  readonly runs: number
  readonly log: (line: string) => void
  /** Objects of the large cluster: 150,000, the budget's size. */
  readonly objects: number
  readonly peers: () => Promise<GoBinaries>
  /** The seeded pods as a file of JSON lines. */
  readonly podsFile: () => Promise<string>
}

const run = promisify(execFile)

export interface ParseBaseline {
  readonly parseMs: number
  /** By the thread's own CPU clock. */
  readonly parseCpuMs: number
  readonly bytes: number
}

/** Milliseconds of JSON.parse for the first `count` objects of the file, in a fresh process. */
export async function parseBaseline(file: string, count: number): Promise<ParseBaseline> {
  const script = fileURLToPath(new URL('./parse-run.ts', import.meta.url))
  const { stdout } = await run(process.execPath, [script, file, String(count)])
  return JSON.parse(stdout)
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
