import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A resource as a real API server's discovery tells of it. */
export interface DiscoveredResource {
  readonly group: string
  readonly version: string
  /** False: only with `--runtime-config` or `--feature-gates`. */
  readonly isServedByDefault: boolean
  /** Plural. */
  readonly name: string
  readonly singularName: string
  readonly kind: string
  readonly namespaced: boolean
  readonly shortNames?: readonly string[]
  readonly verbs: readonly string[]
}

export const kubernetesRelease = '1.36'

const file: string = fileURLToPath(new URL(`discovery-${kubernetesRelease}.jsonl`, import.meta.url))

/** In the server's order: groups by priority, in each its preferred version first. */
export function readDiscovery(): readonly DiscoveredResource[] {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as DiscoveredResource)
}

export function writeDiscovery(resources: readonly DiscoveredResource[]): void {
  writeFileSync(file, resources.map((resource) => `${JSON.stringify(resource)}\n`).join(''))
}
