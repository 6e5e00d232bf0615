import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

export const repositoryDir: string = fileURLToPath(new URL('../../', import.meta.url))

export interface GoTarget {
  readonly package: string
  readonly binary: string
  readonly ldflags?: string
}

/** What this machine lacks (Go, or modules it cannot fetch): the only failures that ALLOW_SKIP may turn into a skip. */
export class MissingToolError extends Error {
  override readonly name = 'MissingToolError'
}

async function sourceKey(moduleDir: string, targets: readonly GoTarget[]): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(targets))
  const names = (await readdir(moduleDir, { recursive: true })).filter((name) =>
    /(\.go|go\.mod|go\.sum)$/.test(name),
  )
  for (const name of names.sort()) hash.update(name).update(await readFile(join(moduleDir, name)))
  return hash.digest('hex').slice(0, 16)
}

/**
 * Builds the targets of a Go module once per state of its sources, into `.cache/<name>/<key>/`; returns that folder.
 * Throws {@link MissingToolError} without Go or without the modules, and a plain error when the code does not build.
 */
export async function buildGo(
  moduleDir: string,
  name: string,
  targets: readonly GoTarget[],
  log: (line: string) => void,
): Promise<string> {
  const cacheDir = join(repositoryDir, '.cache', name)
  const outDir = join(cacheDir, await sourceKey(moduleDir, targets))
  if (targets.every((target) => existsSync(join(outDir, target.binary)))) return outDir
  const go = (args: string[]): Promise<{ stdout: string }> =>
    run('go', args, { cwd: moduleDir, maxBuffer: 64 << 20 })
  await go(['version']).catch((cause: unknown) => {
    throw new MissingToolError('Go is not installed: https://go.dev/doc/install', { cause })
  })
  log(`${name}: fetching Go modules`)
  await go(['list', '-deps', ...targets.map((target) => target.package)]).catch((cause: unknown) => {
    throw new MissingToolError(`${name}: Go modules cannot be fetched`, { cause })
  })
  // Built beside and renamed: an interrupted build must never look like a finished one.
  const temporaryDir = join(cacheDir, `building-${process.pid}`)
  await rm(temporaryDir, { recursive: true, force: true })
  await mkdir(temporaryDir, { recursive: true })
  const jobs = process.env['GO_BUILD_JOBS'] === undefined ? [] : ['-p', process.env['GO_BUILD_JOBS']]
  for (const target of targets) {
    const start = performance.now()
    const out = join(temporaryDir, target.binary)
    const ldflags = `-s -w ${target.ldflags ?? ''}`
    await go(['build', ...jobs, '-buildvcs=false', '-ldflags', ldflags, '-o', out, target.package])
    log(`${name}: built ${target.binary} in ${Math.round((performance.now() - start) / 1000)} s`)
  }
  await rm(outDir, { recursive: true, force: true })
  await rename(temporaryDir, outDir)
  return outDir
}
