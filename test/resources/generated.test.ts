import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type DiscoveredResource, readDiscovery } from '../../scripts/discovery-file.ts'
import { generatedFiles } from '../../scripts/generated-files.ts'
import { renamedFields } from '../../scripts/models.ts'
import { root } from '../guards/source-tree.ts'

const discovered = readDiscovery()

test('the generated files are what `npm run generate` writes', () => {
  for (const { path, text } of generatedFiles(discovered)) {
    expect(readFileSync(join(root, path), 'utf8'), path).toBe(text)
  }
})

test('what the table cannot say, or no model has, stops the generator', () => {
  const pods = discovered.find((resource) => resource.name === 'pods') as DiscoveredResource
  const generate = (change: Partial<DiscoveredResource>) => () => generatedFiles([{ ...pods, ...change }])
  expect(generate({ verbs: [...pods.verbs, 'escalate'] })).toThrow('/v1/pods: the table cannot say the verbs')
  expect(generate({ singularName: 'po' })).toThrow('the singular name po')
  expect(generate({ isServedByDefault: false })).toThrow('isServedByDefault false')
  expect(generate({ kind: 'Pot', singularName: 'pot' })).toThrow('no model of /v1/pods')
})

test('resources that cannot be watched are in the record, and left out', () => {
  expect(discovered.map((resource) => resource.name)).toContain('componentstatuses')
  const types = generatedFiles(discovered).map((file) => file.text)
  expect(types.join()).not.toContain('componentstatuses')
})

test('renamed fields are found in whatever a model is made of', () => {
  expect(renamedFields(['V1NetworkPolicyList'])).toEqual([
    { name: '_continue', baseName: 'continue' },
    { name: '_from', baseName: 'from' },
  ])
  expect(renamedFields(['V1JSONSchemaProps'])).toContainEqual({
    name: 'schema',
    baseName: '$schema',
    mark: '_default',
  })
})
