import { execFile } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '../../guards/source-tree.ts'

export interface Ran {
  /** The last line of stdout, which is JSON. */
  readonly result: Readonly<Record<string, unknown>>
  readonly stderr: string
}

/** Copies a program of `programs/` into a consumer's folder; gives its path there. */
export function place(name: string, folder: string): string {
  const path = join(folder, name)
  copyFileSync(join(root, 'test/package/programs', name), path)
  return path
}

/**
 * Runs a command to its own end: a process that has to be killed after a minute, or ends with an error, throws. `binDir`
 * comes first in PATH, so that `node` and scripts that begin with `#!/usr/bin/env node` are that version.
 */
export async function runProgram(
  command: readonly [string, ...string[]],
  options: { readonly cwd: string; readonly binDir?: string; readonly env?: NodeJS.ProcessEnv },
): Promise<Ran> {
  const { cwd, binDir = dirname(process.execPath), env } = options
  const [file, ...args] = command
  const { stdout, stderr } = await promisify(execFile)(file, args, {
    cwd,
    timeout: 60_000,
    env: {
      PATH: `${binDir}${delimiter}${process.env['PATH']}`,
      HOME: cwd,
      // Found by npx alone, whose cache would otherwise be made in HOME.
      npm_config_cache: join(cwd, '.npm'),
      ...env,
    },
  })
  const line = stdout.trim().split('\n').at(-1) ?? ''
  return { result: JSON.parse(line) as Ran['result'], stderr }
}
