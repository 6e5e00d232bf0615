import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** An npm that was not started by an npm: what `npm run` sets would point it at this repository. */
function npmEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')))
}

export async function npm(cwd: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run('npm', args, { cwd, env: npmEnv(), maxBuffer: 64 * 1024 * 1024 })
  return stdout
}

/** Installs into an empty package at `folder`. `scripts`: whose install scripts may run, as a user would allow them. */
export async function installInto(
  folder: string,
  packages: readonly string[],
  scripts: readonly string[] = [],
): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const allowScripts = Object.fromEntries(scripts.map((name) => [name, true]))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module', allowScripts }))
  await npm(folder, 'install', ...packages, '--prefer-offline', '--no-audit', '--no-fund')
}
