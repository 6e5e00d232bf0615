import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { Command } from '../cli/command.ts'
import { root } from '../guards/source-tree.ts'
import { runProgram } from './support/program.ts'

const consumer = inject('consumer')
const nodes = inject('nodes')
const page = readFileSync(join(root, 'docs/bundling.md'), 'utf8')
/** Where no node_modules is, neither here nor above. */
const bare = join(dirname(consumer), 'bare')
const kubeconfig = join(dirname(consumer), 'kubeconfig')
let server: Command

beforeAll(async () => {
  server = new Command(['serve', '--objects', '50', '--write-kubeconfig', kubeconfig])
  await server.waitFor('the URL', () => server.lines.length > 0)
  for (const [, name, code] of page.matchAll(/^```(?:js|ts)\n\/\/ (\S+)\n([\s\S]*?)^```/gm)) {
    writeFileSync(join(consumer, name as string), code as string)
  }
  symlinkSync(join(root, 'node_modules/esbuild'), join(consumer, 'node_modules/esbuild'))
  await promisify(execFile)(process.execPath, ['build.mjs'], { cwd: consumer })
  mkdirSync(bare)
  cpSync(join(consumer, 'out'), bare, { recursive: true })
}, 120_000)

afterAll(() => server.interrupt())

describe.each(nodes)('the bundle of docs/bundling.md on $version', ({ binDir }) => {
  test('runs without node_modules, its watch in a thread', async () => {
    const options = { cwd: bare, binDir, env: { KUBECONFIG: kubeconfig } }
    const { result, stderr } = await runProgram(['node', 'main.js'], options)
    expect(stderr).toBe('')
    expect(result).toEqual({ pods: 50, threadId: 1 })
  })
})

test('without the worker it says so at once', async () => {
  rmSync(join(bare, 'watch-worker.js'))
  const running = runProgram(['node', 'main.js'], { cwd: bare, env: { KUBECONFIG: kubeconfig } })
  await expect(running).rejects.toThrow('docs/bundling.md')
})
