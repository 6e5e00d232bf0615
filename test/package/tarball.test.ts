import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, inject, test } from 'vitest'
import { root } from '../guards/source-tree.ts'

const run = promisify(execFile)
const packed = inject('packed')
const kB = 1_000

test('it is as small as it was: compiled code, types and pages, nothing else', () => {
  const largest = packed.files.toSorted((a, b) => b.size - a.size).slice(0, 3)
  console.log(
    `${packed.size / kB} kB packed, ${packed.unpackedSize / kB} kB unpacked, ${packed.files.length} files; largest: ${largest
      .map(({ path, size }) => `${path} ${size / kB} kB`)
      .join(', ')}`,
  )
  expect(packed.size).toBeLessThan(500 * kB)
  expect(packed.unpackedSize).toBeLessThan(1_700 * kB)
  const expected =
    /^(dist\/(src|workers)\/[\w/-]+\.(js|d\.ts)|docs\/[\w-]+\.md|(README|ARCHITECTURE|CHANGELOG)\.md|LICENSE|package\.json)$/
  expect(packed.files.map(({ path }) => path).filter((path) => !expected.test(path))).toEqual([])
})

test('nothing that was deleted from the sources is left in it, and nothing is missing', () => {
  const compiled = packed.files.filter(({ path }) => path.endsWith('.js')).map(({ path }) => path)
  const sources = compiled.map((path) => path.replace(/^dist\/(.*)\.js$/, '$1.ts'))
  for (const source of sources) expect(() => readFileSync(join(root, source)), source).not.toThrow()
})

test('publint has nothing to say', async () => {
  const publint = join(root, 'node_modules/.bin/publint')
  await run(publint, [packed.tarball, '--strict'])
})

test('arethetypeswrong has nothing to say', async () => {
  const attw = join(root, 'node_modules/.bin/attw')
  await run(attw, [packed.tarball, '--profile', 'esm-only'])
})
