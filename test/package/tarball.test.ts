import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, inject, test } from 'vitest'
import { root, sourceFiles } from '../guards/source-tree.ts'

const packed = inject('packed')
const kB = 1_000

test('it is as small as it was: compiled code, types and pages, nothing else', () => {
  const largest = packed.files.toSorted((a, b) => b.size - a.size).slice(0, 3)
  console.log(
    `${packed.size / kB} kB packed, ${packed.unpackedSize / kB} kB unpacked, ${packed.files.length} files; largest: ${largest
      .map(({ path, size }) => `${path} ${size / kB} kB`)
      .join(', ')}`,
  )
  expect(packed.size).toBeLessThan(640 * kB)
  expect(packed.unpackedSize).toBeLessThan(2_150 * kB)
  const expected =
    /^(dist\/(src|workers)\/[\w/-]+\.(js|d\.ts)|docs\/[\w-]+\.md|(README|ARCHITECTURE|CHANGELOG)\.md|LICENSE|package\.json)$/
  expect(packed.files.map(({ path }) => path).filter((path) => !expected.test(path))).toEqual([])
})

test('every source is compiled, and nothing that is no source any more', () => {
  const compiled = packed.files.filter(({ path }) => path.endsWith('.js')).map(({ path }) => path)
  const sources = ['src', 'workers'].flatMap(sourceFiles).map(({ path }) => path)
  const expected = sources.map((path) => `dist/${path.replace(/\.ts$/, '.js')}`)
  expect(compiled.toSorted()).toEqual(expected.toSorted())
})

/** '' when the tool is content. */
async function complaints(tool: string, ...args: readonly string[]): Promise<string> {
  const path = join(root, 'node_modules/.bin', tool)
  return await promisify(execFile)(path, [packed.tarball, ...args]).then(
    () => '',
    (error: { message: string; stdout: string }) => `${error.message}\n${error.stdout}`,
  )
}

test('publint and arethetypeswrong have nothing to say', async () => {
  expect(await complaints('publint', '--strict')).toBe('')
  expect(await complaints('attw', '--profile', 'esm-only')).toBe('')
})
