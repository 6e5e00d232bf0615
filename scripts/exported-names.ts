import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

const entries: Readonly<Record<string, string>> = {
  'kube-informer': 'src/index.ts',
  'kube-informer/compat': 'src/compat/index.ts',
  'kube-informer/testing': 'src/testing/index.ts',
}

/** The names as of the last release, a line each. */
export const recordFile: string = join(root, 'test/guards/exports.txt')

/** `kube-informer Informer`, types included, of every entry; what is passed on from another package is not ours. */
export function exportedNames(): readonly string[] {
  return Object.entries(entries).flatMap(([entry, path]) =>
    namesOf(entry, readFileSync(join(root, path), 'utf8')),
  )
}

/** @throws for an export of any other form than `export … { … } from` */
export function namesOf(entry: string, text: string): readonly string[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '')
  const other = /^export (?!(?:type )?\{)(?!\* from '@).*/m.exec(code)
  if (other !== null) throw new Error(`${entry}: ${other[0]} hides which names it exports`)
  const names = [...code.matchAll(/^export (?:type )?\{([^}]*)\} from /gm)]
    .flatMap(([, list]) => (list as string).split(','))
    .map((name) =>
      name
        .trim()
        .replace(/^type /, '')
        .replace(/^.* as /, ''),
    )
    .filter((name) => name !== '')
  return names.sort().map((name) => `${entry} ${name}`)
}
