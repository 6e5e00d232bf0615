/**
 * Runs every benchmark of a stage (`bench/**\/*.ts`), each in a process of its own so that none warms up another.
 * The end-to-end bench and its parts are not among them: `npm run bench:e2e`.
 *
 * `npm run bench -- framing queue` runs those whose path contains one of the words.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('.', import.meta.url))
const words = process.argv.slice(2)

const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => join(entry.parentPath, entry.name))
  .filter((file) => !/^(run\.ts|e2e\.ts|(e2e|peers|support)\/)/.test(relative(folder, file)))
  // A benchmark uses tinybench, or support/ratios.ts over it; what it shares with others does not.
  .filter((file) => /from '(tinybench|.*\/ratios\.ts)'/.test(readFileSync(file, 'utf8')))
  .filter((file) => words.length === 0 || words.some((word) => relative(folder, file).includes(word)))
  .sort()

if (files.length === 0) {
  console.error(`no benchmark ${words.length > 0 ? `matches ${words.join(', ')}` : 'found'}`)
  process.exitCode = 1
}
const failed: string[] = []
for (const file of files) {
  console.log(`\n== ${relative(folder, file)}`)
  const { status } = spawnSync(process.execPath, ['--expose-gc', file], { stdio: 'inherit' })
  if (status !== 0) failed.push(relative(folder, file))
}
if (failed.length > 0) {
  console.error(`\nfailed: ${failed.join(', ')}`)
  process.exitCode = 1
}
