import { existsSync } from 'node:fs'
import { mkdir, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { repositoryDir } from '../../test/support/go-build.ts'
import { makePod } from '../fixtures/pod.ts'

const linesPerWrite = 1_000

/** The seeded pods as JSON lines in the cache folder, written once (150,000 are 1.1 GB). */
export async function podsFile(count: number, log: (line: string) => void): Promise<string> {
  const file = join(repositoryDir, '.cache/bench', `pods-${count}.ndjson`)
  if (existsSync(file)) return file
  log(`writing ${count} pods to ${file}`)
  await mkdir(join(repositoryDir, '.cache/bench'), { recursive: true })
  // Beside and renamed: half a file must never be taken for a whole one.
  const unfinished = `${file}.${process.pid}`
  const output = await open(unfinished, 'w')
  for (let start = 0; start < count; start += linesPerWrite) {
    const lines = Array.from({ length: Math.min(linesPerWrite, count - start) }, (_, i) =>
      JSON.stringify(makePod(start + i)),
    )
    await output.write(`${lines.join('\n')}\n`)
  }
  await output.close()
  await rename(unfinished, file)
  return file
}
