import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What a figure depends on beside the code, one line each. */
export async function machineFacts(): Promise<string[]> {
  return [
    `${availableParallelism()} cores, ${cpus()[0]?.model.trim() ?? 'unknown processor'}`,
    `${Math.round(totalmem() / 2 ** 30)} GiB memory`,
    `Node ${process.versions.node}`,
    await versionLine('go', ['version']),
    await versionLine('rustc', ['--version']),
  ]
}

async function versionLine(command: string, args: readonly string[]): Promise<string> {
  return await run(command, args).then(
    ({ stdout }) => stdout.trim(),
    () => `no ${command}`,
  )
}

/** CPU time of the whole machine since its start, in ticks. */
export interface CpuTicks {
  readonly total: number
  /** Taken by other machines on the same hardware. */
  readonly stolen: number
}

export function cpuTicks(): CpuTicks {
  // user nice system idle iowait irq softirq steal guest guest_nice; guests are counted in user already.
  const line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? ''
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number)
  return { total: ticks.reduce((sum, value) => sum + value, 0), stolen: ticks[7] ?? 0 }
}

export function loadOfLastMinute(): number {
  return loadavg()[0] ?? 0
}
