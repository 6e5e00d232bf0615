import { execFile } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '../../guards/source-tree.ts'
import { installInto } from './npm.ts'

/** A Node.js that the package is tried on. */
export interface InstalledNode {
  /** `process.version`, as it told it itself. */
  readonly version: string
  /** The folder of its `node`, to be put first in PATH. */
  readonly binDir: string
}

const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  engines: { node: string }
}

/** The oldest one that package.json admits, and the newest of each later line that is still maintained. */
export const nodeSpecs: readonly string[] = [`${engines.node.replace('>=', '')}.0`, '24', '26']

/** Kept in `.cache`, 120 MB each. @throws when npm has no such version */
export async function installNode(spec: string): Promise<InstalledNode> {
  const folder = join(root, '.cache', 'node', spec)
  const binDir = join(folder, 'node_modules', 'node', 'bin')
  if (!existsSync(join(binDir, 'node'))) {
    rmSync(folder, { recursive: true, force: true })
    await installInto(folder, [`node@${spec}`], ['node'])
  }
  const { stdout } = await promisify(execFile)(join(binDir, 'node'), ['--version'])
  return { version: stdout.trim(), binDir }
}
