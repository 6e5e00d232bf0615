import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { exportedNames, namesOf, recordFile } from '../../scripts/exported-names.ts'
import { root } from './source-tree.ts'

/** What is exported now and was not, or was and is not. */
function changed(now: readonly string[], before: readonly string[]): readonly string[] {
  return [...now.filter((name) => !before.includes(name)), ...before.filter((name) => !now.includes(name))]
}

/** In code: a word of the text may mean anything. */
function isTold(changelog: string, name: string): boolean {
  return new RegExp(`\`[^\`\n]*\\b${name.split(' ')[1]}\\b[^\`\n]*\``).test(changelog)
}

test('every name that is exported since the last release, or no longer, stands under "Unreleased" in CHANGELOG.md', () => {
  const released = readFileSync(recordFile, 'utf8').trim().split('\n')
  const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8')
  const unreleased = changelog.split(/^## /m).find((section) => section.startsWith('Unreleased')) ?? ''
  expect(changed(exportedNames(), released).filter((name) => !isTold(unreleased, name))).toEqual([])
})

test('the guard itself sees what it looks for', () => {
  const text = `export type { A, B as C } from './a.ts'
export * from '@kubernetes/client-node'
export {
  type D,
  E, // export { no } from './no.ts'
} from './d.ts'`
  expect(namesOf('x', text)).toEqual(['x A', 'x C', 'x D', 'x E'])
  expect(() => namesOf('x', "export * from './all.ts'")).toThrow('hides')
  expect(() => namesOf('x', 'export const a = 1')).toThrow('hides')
  expect(changed(['x A', 'x C'], ['x A', 'x B'])).toEqual(['x C', 'x B'])
  expect(isTold('- `B` and `new C({ D })`', 'x D')).toBe(true)
  expect(isTold('- `B` and D', 'x D')).toBe(false)
  expect(exportedNames().length).toBeGreaterThan(100)
})
