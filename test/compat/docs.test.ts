import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { until } from '../contract/contract-bed.ts'
import { root } from '../guards/source-tree.ts'
import { CompatBed } from './compat-bed.ts'

const text = readFileSync(join(root, 'docs', 'coming-from-client-node.md'), 'utf8')
const programs = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] as string)

// Below the repository, so that packages resolve as they do for a source file.
mkdirSync(join(root, '.cache'), { recursive: true })
const folder = mkdtempSync(join(root, '.cache', 'compat-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs a program until it printed a line that matches, lives through a restart of the server, then interrupts it. */
async function run(program: string, name: string): Promise<string> {
  const bed = await CompatBed.start(0)
  bed.server.populate({ resource: 'pods', objects: 3 })
  const pod = (name: string): unknown =>
    bed.server.create('pods', { metadata: { name, namespace: 'default' } })
  pod('before')
  const kubeconfig = join(folder, `${name}-kubeconfig`)
  writeFileSync(kubeconfig, bed.kubeConfig.exportConfig())
  const file = join(folder, `${name}.ts`)
  const paths = program
    .replaceAll("'kube-informer/compat'", "'../../src/compat/index.ts'")
    .replaceAll("'kube-informer'", "'../../src/index.ts'")
  writeFileSync(file, paths)
  const child = spawn(process.execPath, [file], {
    env: { PATH: process.env['PATH'], KUBECONFIG: kubeconfig },
  })
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += String(chunk)
    })
  }
  try {
    await until(() => /^\d+ pods$/m.test(output), 'it has listed', 30_000)
    await bed.server.stopListening()
    pod('meanwhile')
    await bed.server.startListening()
    await until(() => output.includes('added meanwhile'), 'it is told what it missed', 30_000)
    bed.server.delete('pods', 'default', 'before')
    await until(() => output.includes('deleted before'), 'it watches', 30_000)
    child.kill('SIGINT')
    expect(await exited).toBe(0)
    return output
  } finally {
    child.kill('SIGKILL')
    await bed.end()
  }
}

test('a program for client-node does what it did, and survives a restart of the server', async () => {
  expect(await run(programs[0] as string, 'compat')).toMatch(/^added before$/m)
})

test('the same program after the second step does it, too', async () => {
  expect(await run(programs[2] as string, 'factory')).toMatch(/^added before$/m)
})
