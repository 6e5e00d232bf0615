import { existsSync } from 'node:fs'
import { mkdir, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { repositoryDir } from '../../test/support/go-build.ts'

/** The seeded pods as JSON lines in the cache folder, written once. */
export async function podsFile(count: number, log: (line: string) => void): Promise<string> {
  const file = join(repositoryDir, '.cache/bench', `pods-${count}.ndjson`)
  if (existsSync(file)) return file
  log(`writing ${count} pods to ${file}`)
  throw new Error('TODO')
}
