import { describe, expect, inject, test } from 'vitest'
import { nodeSpecs } from './support/nodes.ts'
import { place, runProgram } from './support/program.ts'

const consumer = inject('consumer')
const nodes = inject('nodes')
const watch = ['watch', 'pods', '--embedded', '--objects', '200', '--until-synced', '-o', 'json'] as const

test('every version of Node the package speaks of is tried', () => {
  console.log(`installed package tried on ${nodes.map(({ version }) => version).join(', ')}`)
  // Fewer only where ALLOW_SKIP=1 let the setup go on.
  if (process.env['ALLOW_SKIP'] !== '1') expect(nodes).toHaveLength(nodeSpecs.length)
})

describe.each(nodes)('$version', ({ version, binDir }) => {
  test('JavaScript: a worker thread fills the cache; the process ends by itself', async () => {
    place('plain.js', consumer)
    const { result, stderr } = await runProgram(['node', 'plain.js', '1'], { cwd: consumer, binDir })
    expect(stderr).toBe('')
    expect(result).toEqual({ version, cached: 300, added: 300, threads: 1 })
  })

  test('two threads, their code found through the export made for it', async () => {
    place('plain.js', consumer)
    const { result } = await runProgram(['node', 'plain.js', '2', 'resolved'], { cwd: consumer, binDir })
    expect(result).toEqual({ version, cached: 300, added: 300, threads: 2 })
  })

  test('CommonJS requires every entry', async () => {
    const { result } = await runProgram(['node', place('common.cjs', consumer)], { cwd: consumer, binDir })
    expect(result).toMatchObject({ version, cached: 10, types: ['function', 'function'] })
  })

  test('the command', async () => {
    const command = `${consumer}/node_modules/.bin/kube-informer`
    const { result } = await runProgram([command, ...watch], { cwd: consumer, binDir })
    expect(result).toMatchObject({ resource: 'pods', objects: 200, threads: 1 })
  })
})

test('npx finds the command', async () => {
  const { result } = await runProgram(['npx', '--no', 'kube-informer', ...watch], { cwd: consumer })
  expect(result).toMatchObject({ resource: 'pods', objects: 200 })
})
