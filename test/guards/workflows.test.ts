import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadYaml } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import { root } from './source-tree.ts'

interface Workflow {
  readonly permissions?: Readonly<Record<string, string>>
  readonly jobs: Readonly<Record<string, Job>>
}

interface Job {
  readonly needs?: string
  readonly permissions?: Readonly<Record<string, string>>
  readonly steps: readonly { readonly uses?: string; readonly run?: string }[]
}

const folder = join(root, '.github/workflows')
const workflow = (name: string): Workflow => loadYaml(readFileSync(join(folder, name), 'utf8'))

test('every action is of a fixed version, and nobody but who publishes gets an identity', () => {
  for (const name of readdirSync(folder)) {
    const { permissions, jobs } = workflow(name)
    expect(permissions, name).toEqual({ contents: 'read' })
    for (const [job, { steps, permissions: own }] of Object.entries(jobs)) {
      for (const { uses } of steps) if (uses !== undefined) expect(uses).toMatch(/@v\d+\.\d+\.\d+$/)
      expect(own?.['id-token'], job).toBe(name === 'publish.yml' && job === 'publish' ? 'write' : undefined)
    }
  }
})

test('what is published has passed what a change must pass', () => {
  const { check, publish } = workflow('publish.yml').jobs
  expect(publish?.needs).toBe('check')
  expect(check?.steps.at(-1)?.run).toBe('.ci/run')
  expect(publish?.steps.at(-1)?.run).toBe('npm publish --provenance --access public')
})
