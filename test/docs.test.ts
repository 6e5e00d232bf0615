import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { root } from './guards/source-tree.ts'

const run = promisify(execFile)
const pages = ['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md', ...docsIn('docs')]
const { scripts, exports } = JSON.parse(textOf('package.json')) as {
  scripts: Record<string, string>
  exports: Record<string, string | { readonly default: string }>
}

// Below the repository, so that packages resolve as they do for a source file.
mkdirSync(join(root, '.cache'), { recursive: true })
const folder = mkdtempSync(join(root, '.cache', 'docs-'))
afterAll(() => rmSync(folder, { recursive: true }))

function docsIn(dir: string): string[] {
  if (!existsSync(join(root, dir))) return []
  return readdirSync(join(root, dir))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${dir}/${name}`)
}

function textOf(page: string): string {
  return readFileSync(join(root, page), 'utf8')
}

test('every TypeScript block of every page compiles as it stands', async () => {
  for (const page of pages) {
    const blocks = [...textOf(page).matchAll(/^```ts\n([\s\S]*?)^```/gm)]
    for (const [i, [, code]] of blocks.entries()) {
      // A module each, also those that import nothing.
      const name = `${page.replaceAll(/[^\w]/g, '-')}-${i + 1}.ts`
      writeFileSync(join(folder, name), `${code}\nexport {}\n`)
    }
  }
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../tsconfig.json',
      compilerOptions: {
        // A block may name what it only shows.
        noUnusedLocals: false,
        isolatedDeclarations: false,
        declaration: false,
        paths: {
          'kube-informer': ['../../src/index.ts'],
          'kube-informer/testing': ['../../src/testing/index.ts'],
          'kube-informer/compat': ['../../src/compat/index.ts'],
        },
      },
      include: ['*.ts'],
    }),
  )
  const tsc = join(root, 'node_modules', '.bin', 'tsc')
  const { stdout } = await run(tsc, ['-p', folder]).catch((error: { stdout: string }) => error)
  // Of the blocks alone: the sources have a check of their own.
  expect(stdout.split('\n').filter((line) => /\.md-|-md-/.test(line))).toEqual([])
})

test('the API pages are made of every entry point', () => {
  const { entryPoints } = JSON.parse(textOf('scripts/api-docs/typedoc.json')) as { entryPoints: string[] }
  const sources = Object.values(exports)
    .filter((entry) => typeof entry !== 'string')
    .map((entry) => entry.default.replace('./dist/', '../../').replace(/\.js$/, '.ts'))
  expect(entryPoints).toEqual(sources)
})

test("each of client-go's features is the same, better (how), or left out (why)", () => {
  const rows = textOf('docs/client-go-checklist.md').matchAll(/^\| ([A-Z]\d+) \|[^|]+\| (.*) \|$/gm)
  const verdicts = [...rows].map(([, id, verdict]) => [id as string, verdict as string] as const)
  const counts = { R: 29, Q: 14, C: 6, S: 12, P: 14, I: 6, F: 6, L: 2, W: 6, T: 3, O: 5, X: 6 }
  const ids = Object.entries(counts).flatMap(([letter, count]) =>
    Array.from({ length: count }, (_, i) => `${letter}${i + 1}`),
  )
  expect(verdicts.map(([id]) => id)).toEqual(ids)
  const unclear = /^(?!same\b|better: \S|left out: \S)|not yet/
  expect(verdicts.filter(([, verdict]) => unclear.test(verdict))).toEqual([])
})

describe.each(pages)('%s', (page) => {
  test('no mark of a merge was left', () => {
    expect(textOf(page)).not.toMatch(/^(<{7}|={7}|>{7})/m)
  })

  test('what it links to and runs exists', () => {
    const text = textOf(page)
    for (const [, target] of text.matchAll(/\]\(([^)#:]+)(#[^)]*)?\)/g)) {
      expect(existsSync(join(root, dirname(page), target as string)), target).toBe(true)
    }
    for (const [, name] of text.matchAll(/npm run ([\w:]+)/g))
      expect(scripts).toHaveProperty([name as string])
  })
})
