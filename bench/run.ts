/**
 * Runs every benchmark of a stage (the files of this folder), each in a process of its own so that none warms up
 * another. Not among them: `npm run bench:e2e`, `bench:peers` and `bench:guard`.
 *
 * `npm run bench -- framing queue` runs those whose name contains one of the words.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('.', import.meta.url))
const notStages = ['run.ts', 'e2e.ts', 'peers.ts', 'guard.ts']
const words = process.argv.slice(2)

const files = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && !notStages.includes(file))
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .sort()

const failed: string[] = []
for (const file of files) {
  console.log(`\n== ${file}`)
  const { status } = spawnSync(process.execPath, ['--expose-gc', join(folder, file)], { stdio: 'inherit' })
  if (status !== 0) failed.push(file)
}
if (files.length === 0) failed.push(`nothing matches ${words.join(', ')}`)
if (failed.length > 0) {
  console.error(`\nfailed: ${failed.join(', ')}`)
  process.exitCode = 1
}
