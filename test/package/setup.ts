import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { root } from '../guards/source-tree.ts'
import { type InstalledNode, installNode, nodeSpecs } from './support/nodes.ts'
import { installInto, npm } from './support/npm.ts'

/** What `npm pack --json` says of the tarball. */
export interface Packed {
  readonly tarball: string
  readonly size: number
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string; readonly size: number }[]
}

declare module 'vitest' {
  interface ProvidedContext {
    packed: Packed
    /** A folder outside the repository with the tarball installed and nothing else. */
    consumer: string
    nodes: readonly InstalledNode[]
  }
}

/** Packs as a release does, and installs what came out where no file of this repository can be found by accident. */
export default async function setup(project: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'kube-informer-package-'))
  const [packed] = JSON.parse(await npm(root, 'pack', '--json', '--pack-destination', folder)) as [
    Omit<Packed, 'tarball'> & { readonly filename: string },
  ]
  const tarball = join(folder, packed.filename)
  project.provide('packed', { ...packed, tarball })
  const consumer = join(folder, 'consumer')
  await installInto(consumer, [tarball])
  project.provide('consumer', consumer)
  const nodes: InstalledNode[] = []
  for (const spec of nodeSpecs) {
    try {
      nodes.push(await installNode(spec))
    } catch (error) {
      // A version that was not tried must be seen, not assumed to work.
      if (process.env['ALLOW_SKIP'] !== '1') throw error
      console.warn(`SKIPPED, no Node ${spec}: ${(error as Error).message}`)
    }
  }
  project.provide('nodes', nodes)
  return () => rmSync(folder, { recursive: true, force: true })
}
