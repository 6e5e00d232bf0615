import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { Command } from './cli/command.ts'
import { root } from './guards/source-tree.ts'

const readme = readFileSync(join(root, 'README.md'), 'utf8')
const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] as string
const run = promisify(execFile)

// Below the repository, so that packages resolve as they do for a source file.
mkdirSync(join(root, '.cache'), { recursive: true })
const folder = mkdtempSync(join(root, '.cache', 'readme-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('the first example does what it says, on the cluster of a kubeconfig', async () => {
  const kubeconfig = join(folder, 'kubeconfig')
  const server = new Command(['serve', '--objects', '20', '--write-kubeconfig', kubeconfig])
  try {
    await server.waitFor('the URL', () => server.lines.length > 0)
    const file = join(folder, 'run.ts')
    writeFileSync(file, example.replace("'kube-informer'", "'../../src/index.ts'"))
    const { stdout, stderr } = await run(process.execPath, [file], {
      env: { PATH: process.env['PATH'], KUBECONFIG: kubeconfig },
    })
    expect(stderr).toBe('')
    const lines = stdout.trim().split('\n')
    expect(lines.filter((line) => line.startsWith('added '))).toHaveLength(20)
    expect(lines.at(-1)).toMatch(/^\d+ web pods$/)
  } finally {
    await server.interrupt()
  }
})
