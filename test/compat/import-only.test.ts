import { execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { until } from '../contract/contract-bed.ts'
import { root } from '../guards/source-tree.ts'
import { CompatBed } from './compat-bed.ts'

// Below the repository, so that packages resolve as they do for a source file.
mkdirSync(join(root, '.cache'), { recursive: true })
const folder = mkdtempSync(join(root, '.cache', 'import-only-'))
afterAll(() => rmSync(folder, { recursive: true }))

const theirs = "'@kubernetes/client-node'"
const imports = { 'client-node': theirs, compat: "'../../src/compat/index.ts'" }

function program(name: string): string {
  const text = readFileSync(join(root, 'test/compat/programs', `${name}.ts`), 'utf8')
  expect(text.split(theirs)).toHaveLength(2)
  return text
}

/** Runs a program while `act` changes what the server has; gives what it printed. */
async function run(
  name: string,
  client: keyof typeof imports,
  act: (bed: CompatBed, printed: (line: string) => Promise<unknown>) => Promise<unknown>,
): Promise<string[]> {
  const bed = await CompatBed.start(0)
  const kubeconfig = join(folder, `${name}-${client}-kubeconfig`)
  writeFileSync(kubeconfig, bed.kubeConfig.exportConfig())
  bed.server.create('pods', { metadata: { name: 'before', namespace: 'default', labels: { app: 'web' } } })
  const file = join(folder, `${name}-${client}.ts`)
  writeFileSync(file, program(name).replace(theirs, imports[client]))
  const env = { PATH: process.env['PATH'], KUBECONFIG: kubeconfig, NODE_NO_WARNINGS: '1' }
  const child = spawn(process.execPath, [file], { env })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)))
  try {
    await act(bed, (line) =>
      until(() => output.split('\n').includes(line), `${client}: ${line} in ${output}`, 30_000),
    )
    return output.trim().split('\n')
  } finally {
    child.kill('SIGKILL')
    await exited
    await bed.end()
  }
}

const programs = {
  pods: async (bed: CompatBed, printed: (line: string) => Promise<unknown>) => {
    await printed('add before')
    // client-node's watch is not open yet: what comes before it is told, too, as its version says.
    bed.server.create('pods', { metadata: { name: 'live', namespace: 'default' } })
    await printed('add live')
    bed.server.patch('pods', 'default', 'live', { metadata: { labels: { step: '1' } } })
    await printed('update live')
    bed.server.delete('pods', 'default', 'before')
    await printed('delete before')
  },
  'labelled-pods': (_bed: CompatBed, printed: (line: string) => Promise<unknown>) => printed('delete last'),
}

test.each(Object.entries(programs))(
  '%s: with another import and nothing else changed, it prints the same',
  async (name, act) => {
    const before = await run(name, 'client-node', act)
    expect(before.length).toBeGreaterThan(3)
    expect(await run(name, 'compat', act)).toEqual(before)
  },
)

test('with another import they are as well typed', async () => {
  for (const name of Object.keys(programs)) {
    writeFileSync(join(folder, `${name}-typed.ts`), program(name).replace(theirs, "'kube-informer/compat'"))
  }
  const paths = { 'kube-informer/compat': ['../../src/compat/index.ts'] }
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: '../../tsconfig.json', compilerOptions: { paths }, include: ['*-typed.ts'] }),
  )
  await promisify(execFile)(join(root, 'node_modules/.bin/tsc'), ['-p', folder])
})
