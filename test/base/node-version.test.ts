import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { nodeVersionFault, nodeVersionMin } from '../../src/base/node-version.ts'
import { createEngine, createInformerFactory } from '../../src/index.ts'
import { Command } from '../cli/command.ts'
import { root, sourceFiles } from '../guards/source-tree.ts'

const { node } = process.versions
afterEach(() => void pretend(node))

function pretend(version: string): void {
  Object.defineProperty(process.versions, 'node', { value: version, configurable: true, enumerable: true })
}

test.each(['22.19.0', '22.20.1', '23.0.0', '24.0.0-nightly', '100.1.0'])('%s will do', (version) => {
  expect(nodeVersionFault(version)).toBeUndefined()
})

test.each(['22.18.9', '22.9.0', '20.20.2', '9.30.0'])(
  '%s is too old, and both versions are told',
  (version) => {
    expect(nodeVersionFault(version)).toBe(`kube-informer needs Node 22.19 or newer; this is Node ${version}`)
  },
)

test('the minimum is the one in package.json', () => {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  expect(engines.node).toBe(`>=${nodeVersionMin}`)
})

test('engines and factories refuse to be made, before a thread starts', () => {
  pretend('20.20.2')
  const refused = expect.objectContaining({
    code: 'ERR_NODE_VERSION',
    message: expect.stringMatching(/22\.19.*20\.20\.2/),
  })
  expect(() => createEngine({ threads: 1 })).toThrow(refused)
  expect(() => createInformerFactory({ kubeConfig: { server: 'http://127.0.0.1:1' } })).toThrow(refused)
})

test('the command line says it in one line, and loads nothing that could not be linked', async () => {
  const old = `Object.defineProperty(process.versions, 'node', { value: '20.20.2' })`
  const command = new Command(['--version'], {
    NODE_OPTIONS: `--import="data:text/javascript,${encodeURIComponent(old)}"`,
  })
  const { code, stdout, stderr } = await command.ended()
  expect({ code, stdout, stderr }).toEqual({
    code: 1,
    stdout: '',
    stderr: 'error: kube-informer needs Node 22.19 or newer; this is Node 20.20.2\n',
  })
  const imports = (path: string): readonly string[] =>
    sourceFiles('src')
      .find((file) => file.path === path)
      ?.text.match(/^import .*/gm) ?? []
  expect(imports('src/cli/main.ts')).toEqual(["import { nodeVersionFault } from '../base/node-version.ts'"])
  expect(imports('src/base/node-version.ts')).toEqual([])
})
