import type { TestProject } from 'vitest/node'
import { MissingToolError } from '../support/go-build.ts'
import { buildApiServer } from '../support/real-apiserver.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where etcd and kube-apiserver are; undefined only when ALLOW_SKIP=1 lets a machine without Go pass. */
    binaryDir: string | undefined
  }
}

export default async function setup(project: TestProject): Promise<void> {
  try {
    project.provide('binaryDir', await buildApiServer(console.log))
  } catch (error) {
    // A conformance run that silently tests nothing is worse than a red one.
    if (!(error instanceof MissingToolError) || process.env['ALLOW_SKIP'] !== '1') throw error
    console.warn(`SKIPPED, no real API server: ${error.message}`)
    project.provide('binaryDir', undefined)
  }
}
