import { expect, test } from 'vitest'
import { codeOf, sourceFiles } from './source-tree.ts'

const product = [...sourceFiles('src'), ...sourceFiles('workers')]
const everything = [...product, ...['bench', 'scripts', 'test'].flatMap(sourceFiles)]

const linesMax = 400

test('no file is longer than 400 lines', () => {
  const long = everything
    .map((file) => ({ path: file.path, lines: file.text.trimEnd().split('\n').length }))
    .filter((file) => file.lines > linesMax)
  expect(long).toEqual([])
})

test('clock, timers and randomness come from the runtime: the engine must run under a virtual clock', () => {
  // Where the runtime is made; the command line and the embedded server are programs of their own.
  const free = /^src\/(base|cli|testing)\//
  const forbidden =
    /\b(Date\.now|performance\.now|Math\.random|setTimeout|setInterval|setImmediate)\b|\bnew Date\(\)/
  const found = product
    .filter((file) => !free.test(file.path))
    .flatMap((file) =>
      codeOf(file.text)
        .split('\n')
        .flatMap((line, index) => (forbidden.test(line) ? [`${file.path}:${index + 1} ${line.trim()}`] : [])),
    )
  expect(found).toEqual([])
})

test('no checks are switched off, and nothing is typed any', () => {
  const directive = /@ts-ignore|@ts-nocheck|@ts-expect-error|biome-ignore/
  const any = /\bas any\b|:\s*any\b|<any\b|\bany\[\]/
  const found = everything
    .filter((file) => !file.path.startsWith('test/guards/'))
    .flatMap((file) => {
      const code = codeOf(file.text).split('\n')
      return file.text
        .split('\n')
        .flatMap((line, index) =>
          directive.test(line) || any.test(code[index] as string)
            ? [`${file.path}:${index + 1} ${line.trim()}`]
            : [],
        )
    })
    // A directive that a type test lives from: the line below must not compile.
    .filter((line) => !(line.startsWith('test/types/') && line.includes('@ts-expect-error')))
  expect(found).toEqual([])
})

test('no test is skipped or singled out', () => {
  const forbidden =
    /\b(?:test|it|describe)(?:\.\w+)*\.(?:skip|only|todo|skipIf|runIf)\b|\bxit\(|\bxdescribe\(/
  const found = sourceFiles('test')
    // The one place that may: with ALLOW_SKIP=1 only, on a machine without Go (its setup holds that).
    .filter((file) => !/^test\/(guards\/|conformance\/support\/cluster\.ts$)/.test(file.path))
    .filter((file) => forbidden.test(codeOf(file.text)))
    .map((file) => file.path)
  expect(found).toEqual([])
})

test('nothing is printed outside the command line: a library has no console', () => {
  const found = product
    .filter((file) => !/^src\/(cli|testing\/embedded\/main\.ts)/.test(file.path))
    .filter((file) => /\bconsole\./.test(codeOf(file.text)))
    .map((file) => file.path)
  expect(found).toEqual([])
})

test('the checks find what they look for', () => {
  expect(codeOf(`a() // Date.now\n'Date.now'\n/* Date.now\n */ b()`)).not.toContain('Date.now')
  expect(codeOf('x = Date.now() // now')).toContain('Date.now()')
})
