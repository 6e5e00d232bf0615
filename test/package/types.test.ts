import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, inject, test } from 'vitest'
import { installInto } from './support/npm.ts'
import { place, runProgram } from './support/program.ts'

const consumer = inject('consumer')
const compilers = join(consumer, '..', 'compilers')
const versions = ['5.9', '6.0', '7.0'] as const

beforeAll(async () => {
  const packages = versions.map((version) => `typescript-${version}@npm:typescript@~${version}.0`)
  await installInto(compilers, packages)
}, 120_000)

/**
 * As a careful user has it: strict, the types of packages checked too. Gives what the compiler has to say, but for one
 * line: client-node's types, from which ours are made, need isomorphic-ws, whose own need @types/ws, which nobody brings.
 */
async function compile(version: string, resolution: string, program: string): Promise<string[]> {
  place(program, consumer)
  const module = resolution === 'bundler' ? 'esnext' : resolution
  const compilerOptions = {
    module,
    moduleResolution: resolution,
    target: 'es2024',
    lib: ['es2024', 'esnext.disposable'],
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    outDir: 'out',
  }
  const project = join(consumer, 'tsconfig.json')
  writeFileSync(project, JSON.stringify({ compilerOptions, files: [program] }))
  const tsc = join(compilers, 'node_modules', `typescript-${version}`, 'bin', 'tsc')
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, '-p', project]).catch(
    (error: { stdout: string }) => error,
  )
  return stdout
    .split('\n')
    .filter((line) => /^\S/.test(line) && !line.includes('node_modules/isomorphic-ws/'))
}

test.each([
  ['5.9', 'nodenext'],
  ['6.0', 'bundler'],
  ['7.0', 'nodenext'],
  ['7.0', 'bundler'],
])(
  'TypeScript %s, moduleResolution %s: compiles without a complaint, and runs',
  async (version, resolution) => {
    expect(await compile(version, resolution, 'typed.ts')).toEqual([])
    const { result } = await runProgram(['node', 'out/typed.js'], { cwd: consumer })
    expect(result).toEqual({ cached: 20, queued: 20 })
  },
)

test('TypeScript 7.0, kube-informer/compat: the same', async () => {
  expect(await compile('7.0', 'nodenext', 'compat.ts')).toEqual([])
  const { result } = await runProgram(['node', 'out/compat.js'], { cwd: consumer })
  expect(result).toEqual({ cached: 20, told: 20 })
})

test('TypeScript 7.0, CommonJS: the same', async () => {
  expect(await compile('7.0', 'nodenext', 'typed-common.cts')).toEqual([])
  const { result } = await runProgram(['node', 'out/typed-common.cjs'], { cwd: consumer })
  expect(result).toEqual({ image: null })
})
