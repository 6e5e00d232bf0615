import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from './source-tree.ts'

const dist = mkdtempSync(join(tmpdir(), 'public-types-'))
beforeAll(() => {
  execFileSync(join(root, 'node_modules/.bin/tsc'), [
    ...['-p', join(root, 'tsconfig.build.json'), '--emitDeclarationOnly', '--outDir', dist],
  ])
}, 60_000)
afterAll(() => rmSync(dist, { recursive: true }))

/** Types that a signature is made of and no caller needs a name for. */
const unnamed: Readonly<Record<string, string>> = {
  AppliedOptions: "of client-node's KubeConfig",
  KubeConfigCluster: "of client-node's KubeConfig",
  KubeConfigUser: "of client-node's KubeConfig",
  RenamedFields: 'how Wire finds its names',
  RenamedBesides: 'how Wire finds its names',
  WireName: 'how Wire finds its names',
  WireValue: 'how Wire finds its names',
  InformerLife: 'how an informer has its life',
  Groups: 'how a factory has its groups',
  TypedGroups: 'how a factory has its groups',
}

interface Place {
  readonly file: string
  readonly name: string
}

interface Declarations {
  /** Local name → where it comes from. */
  readonly imports: ReadonlyMap<string, Place>
  readonly exports: readonly (Place & { readonly isType: boolean })[]
  readonly texts: ReadonlyMap<string, string>
}

const importPattern = /^(import|export)\s+(type\s+)?\{([^}]*)\}\s+from\s+['"](\.[^'"]+)['"]/gm
const headPattern = /^(?:export )?(?:declare )?(?:abstract )?(?:interface|type|class|const|function)\s+(\w+)/

/** One declaration file: nothing but signatures, each at the beginning of a line. */
function declarations(file: string): Declarations {
  const text = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '')
  const imports = new Map<string, Place>()
  const exports: (Place & { isType: boolean })[] = []
  for (const [, keyword, areTypes, names, from] of text.matchAll(importPattern)) {
    const target = join(dirname(file), (from as string).replace(/\.[jt]s$/, '.d.ts'))
    for (const part of (names as string).split(',').map((name) => name.trim())) {
      if (part === '') continue
      const [name, local = name] = part.replace(/^type /, '').split(' as ') as [string, string?]
      if (keyword === 'import') imports.set(local, { file: target, name })
      else exports.push({ file: target, name, isType: areTypes !== undefined || part.startsWith('type ') })
    }
  }
  const texts = new Map<string, string>()
  for (const part of text.split(/^(?=\w)/m)) {
    const name = headPattern.exec(part)?.[1]
    if (name !== undefined) texts.set(name, (texts.get(name) ?? '') + part)
  }
  return { imports, exports, texts }
}

/** Of a class that is exported as a type, constructor and static members cannot be reached. */
function instanceSide(text: string): string {
  return text.replace(/^ {4}(?:constructor|static)\b[\s\S]*?;$/gm, '')
}

const entries = Object.values(
  (
    JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      exports: Record<string, string | { readonly types: string }>
    }
  ).exports,
).flatMap((entry) => (typeof entry === 'string' ? [] : [entry.types.replace('./dist/', '')]))

/** A value of a type that nobody wrote, in a place where the compiler infers it, would switch all checks off for users. */
test('no declaration that is published has any in it', () => {
  const found = readdirSync(dist, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.d.ts'))
    .flatMap((file) => {
      const text = readFileSync(join(dist, file), 'utf8').replace(
        /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'[^'\n]*'/g,
        '',
      )
      return text.split('\n').flatMap((line) => (/\bany\b/.test(line) ? [`${file}: ${line.trim()}`] : []))
    })
  expect(found).toEqual([])
})

const idOf = ({ file, name }: Place): string => `${relative(dist, file)} ${name}`

test.each(entries)('every type that a signature of %s names has a public name', (entry) => {
  const waiting = [...declarations(join(dist, entry)).exports]
  // Whoever has an entry of its own may import from the main one, too.
  const found = new Set([...waiting, ...declarations(join(dist, 'src/index.d.ts')).exports].map(idOf))
  const missing: string[] = []
  expect(waiting.length).toBeGreaterThan(2)
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { imports, texts } = declarations(next.file)
    const text = texts.get(next.name)
    if (text === undefined) throw new Error(`${idOf(next)} is not declared there`)
    for (const [word] of (next.isType ? instanceSide(text) : text).matchAll(/\b[A-Z]\w*\b/g)) {
      const place = imports.get(word) ?? (texts.has(word) ? { file: next.file, name: word } : undefined)
      if (place === undefined || found.has(idOf(place))) continue
      found.add(idOf(place))
      waiting.push({ ...place, isType: true })
      if (unnamed[word] === undefined) missing.push(`${idOf(place)}, named by ${next.name}`)
    }
  }
  expect(missing).toEqual([])
})
