import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { MissingToolError, repositoryDir } from '../../test/support/go-build.ts'

const run = promisify(execFile)
const longOutput = { maxBuffer: 64 << 20 }

/** kube-rs's reflector, a release build; cargo knows whether anything is to be done. Gives the binary. */
export async function buildKubeRs(log: (line: string) => void): Promise<string> {
  const targetDir = join(repositoryDir, '.cache/kube-rs')
  const cargo = (args: readonly string[]): Promise<unknown> =>
    run('cargo', args, { ...longOutput, cwd: join(repositoryDir, 'bench/peers/kube-rs') })
  await cargo(['--version']).catch((cause: unknown) => {
    throw new MissingToolError('Rust is not installed: https://rustup.rs', { cause })
  })
  await cargo(['fetch', '--locked']).catch((cause: unknown) => {
    throw new MissingToolError('the crates of kube-rs cannot be fetched', { cause })
  })
  log('kube-rs: building, minutes the first time')
  await cargo(['build', '--release', '--locked', '--target-dir', targetDir])
  return join(targetDir, 'release/kube-rs-peer')
}

/** The package's code as it is published, beside the repository's own `dist`. See `dist-hook.ts`. */
export async function buildDist(log: (line: string) => void): Promise<void> {
  log('engine: building')
  const tsc = join(repositoryDir, 'node_modules/.bin/tsc')
  const args = ['-p', 'tsconfig.build.json', '--outDir', join(repositoryDir, '.cache/peers-dist')]
  await run(tsc, args, { ...longOutput, cwd: repositoryDir })
}
