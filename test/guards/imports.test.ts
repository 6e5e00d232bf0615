import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'
import { importsOf, type SourceFile, sourceFiles } from './source-tree.ts'

/**
 * Which way imports may go. Left: a folder, or a file of its own; right: what it may import
 * beside itself. A file that fits several rows obeys the longest.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'src/base': ['src/errors.ts'],
  'src/errors.ts': [],
  'src/protocol': ['src/base', 'src/errors.ts'],
  'src/net': ['src/base', 'src/errors.ts', 'src/protocol'],
  'src/selectors': ['src/base', 'src/errors.ts', 'src/protocol'],
  'src/resources': ['src/kubernetes-object.ts'],
  'src/resources/typed-groups.ts': ['src/kubernetes-object.ts', 'src/resource-handle.ts', 'src/resources'],
  'src/config': ['src/base', 'src/errors.ts', 'src/net', 'src/protocol', 'src/resources/names.ts'],
  'src/reflector': ['src/base', 'src/errors.ts', 'src/protocol'],
  'src/indexer': ['src/base', 'src/errors.ts', 'src/protocol', 'src/selectors', 'src/notify/change-sink.ts'],
  'src/notify': ['src/base', 'src/kubernetes-object.ts', 'src/errors.ts', 'src/protocol', 'src/selectors'],
  'src/engine': [
    'src/base',
    'src/errors.ts',
    'src/protocol',
    'src/config',
    'src/indexer',
    'src/lister-watcher.ts',
  ],
  'src/warm-start': [
    'src/base',
    'src/errors.ts',
    'src/protocol',
    'src/indexer',
    'src/engine',
    'src/informer-stats.ts',
    'src/refused-objects.ts',
  ],
  'src/observe': ['src/base', 'src/errors.ts', 'src/protocol', 'src/notify', 'src/informer-stats.ts'],
  'src/workqueue': ['src/base', 'src/errors.ts', 'src/notify/change-sink.ts', 'src/observe'],
  'src/kubernetes-object.ts': [],
  'src/lister-watcher.ts': ['src/kubernetes-object.ts'],
  'src/cache': [
    'src/base',
    'src/errors.ts',
    'src/protocol',
    'src/reflector',
    'src/kubernetes-object.ts',
    'src/lister-watcher.ts',
    'src/indexer/index-definition.ts',
    'src/indexer/value-index.ts',
  ],
  'src/testing': [
    'src/base',
    'src/errors.ts',
    'src/protocol',
    'src/selectors',
    'src/resources/names.ts',
    'src/resources/table.ts',
    'src/kubernetes-object.ts',
    'src/lister-watcher.ts',
    'src/cache/object-keys.ts',
  ],
  'src/cli': ['src'],
  'src/compat': ['src'],
  'src/index.ts': ['src'],
  // Informer, factory, lister, options: the faces over the folders.
  src: [
    'src/base',
    'src/errors.ts',
    'src/protocol',
    'src/selectors',
    'src/resources',
    'src/config',
    'src/indexer',
    'src/notify',
    'src/engine',
    'src/reflector',
    'src/cache',
    'src/warm-start',
    'src/observe',
    'src/kubernetes-object.ts',
    'src/lister-watcher.ts',
  ],
  workers: ['src/base', 'src/errors.ts', 'src/net', 'src/protocol', 'src/reflector', 'src/selectors'],
}

const files = [...sourceFiles('src'), ...sourceFiles('workers')]

function isIn(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}/`)
}

function rowOf(path: string): string {
  const rows = Object.keys(allowed).filter((row) => isIn(path, row))
  return rows.reduce((longest, row) => (row.length > longest.length ? row : longest))
}

function targetsOf(file: SourceFile): readonly string[] {
  return importsOf(file.text)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => normalize(join(dirname(file.path), specifier)).replaceAll('\\', '/'))
}

function isAllowed(from: string, to: string): boolean {
  const row = rowOf(from)
  if (isIn(to, row) && rowOf(to) === row) return true
  return (allowed[row] as readonly string[]).some((place) =>
    // 'src' on the right means any file of src; the row of the faces is not meant when a folder is named.
    place === 'src' ? isIn(to, 'src') : isIn(to, place),
  )
}

test.each(files.map((file) => [file.path, file] as const))(
  '%s imports only what lies below it',
  (path, file) => {
    expect(targetsOf(file).filter((target) => !isAllowed(path, target))).toEqual([])
  },
)

test('no import cycles', () => {
  const graph = new Map(files.map((file) => [file.path, targetsOf(file)]))
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '))
      return
    }
    if (done.has(path)) return
    for (const target of graph.get(path) ?? []) visit(target, [...trail, path])
    done.add(path)
  }
  for (const path of graph.keys()) visit(path, [])
  expect(cycles).toEqual([])
})

test('packages stay where they belong', () => {
  const owners: Readonly<Record<string, RegExp>> = {
    '@kubernetes/client-node': /^src\/(config\/kube-config-file|resources\/types|compat\/.*)\.ts$/,
    commander: /^src\/cli\//,
    'log-update': /^src\/cli\/live\//,
    'string-width': /^src\/cli\/live\//,
    piscina: /^(src\/engine|workers)\//,
    socks: /^src\/net\//,
    undici: /^(src\/config|src\/net|workers)\//,
    msgpackr: /^(src\/(protocol|engine|indexer)|workers)\//,
  }
  const strangers: string[] = []
  for (const file of files) {
    for (const specifier of importsOf(file.text)) {
      if (specifier.startsWith('.') || specifier.startsWith('node:')) continue
      if (owners[specifier]?.test(file.path)) continue
      strangers.push(`${file.path}: ${specifier}`)
    }
  }
  expect(strangers).toEqual([])
})

test('the guard itself sees imports of every form', () => {
  const text = `import { a } from './a.ts'
import type {
  B,
} from './b.ts'
import './c.ts'
export { d } from './d.ts'
const e = await import('./e.ts')
// import { no } from './no.ts'
/* import { no } from './no.ts' */`
  expect([...importsOf(text)].sort()).toEqual(['./a.ts', './b.ts', './c.ts', './d.ts', './e.ts'])
  expect(isAllowed('src/indexer/indexer.ts', 'src/engine/engine.ts')).toBe(false)
  expect(isAllowed('src/engine/engine.ts', 'workers/watch-worker.ts')).toBe(false)
  expect(isAllowed('workers/watch.ts', 'src/config/credentials-broker.ts')).toBe(false)
  expect(isAllowed('src/base/runtime.ts', 'src/options.ts')).toBe(false)
  expect(isAllowed('src/informer.ts', 'src/cli/run.ts')).toBe(false)
  expect(isAllowed('src/informer.ts', 'src/lister.ts')).toBe(true)
})
