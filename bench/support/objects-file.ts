import { existsSync } from 'node:fs'
import { mkdir, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { repositoryDir } from '../../test/support/go-build.ts'
import { makeLease } from '../fixtures/lease.ts'
import { type JsonObject, makePod } from '../fixtures/pod.ts'
import { makeWideResource } from '../fixtures/wide-resource.ts'

/** The resources that benchmarks run on; `landscapes` are the wide custom resources. */
export type Resource = 'pods' | 'leases' | 'landscapes'

const makers: Readonly<Record<Resource, (index: number) => JsonObject>> = {
  pods: (index) => makePod(index),
  leases: (index) => makeLease(index),
  landscapes: (index) => makeWideResource(index),
}

const linesPerWrite = 1_000

/** The seeded objects as JSON lines in the cache folder, written once (150,000 pods are 1.1 GB). */
export async function objectsFile(
  resource: Resource,
  count: number,
  log: (line: string) => void,
): Promise<string> {
  const file = join(repositoryDir, '.cache/bench', `${resource}-${count}.ndjson`)
  if (existsSync(file)) return file
  log(`writing ${count} ${resource} to ${file}`)
  await mkdir(join(repositoryDir, '.cache/bench'), { recursive: true })
  // Beside and renamed: half a file must never be taken for a whole one.
  const unfinished = `${file}.${process.pid}`
  const output = await open(unfinished, 'w')
  const make = makers[resource]
  for (let start = 0; start < count; start += linesPerWrite) {
    const lines = Array.from({ length: Math.min(linesPerWrite, count - start) }, (_, i) =>
      JSON.stringify(make(start + i)),
    )
    await output.write(`${lines.join('\n')}\n`)
  }
  await output.close()
  await rename(unfinished, file)
  return file
}
