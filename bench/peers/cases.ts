import type { Resource } from '../support/objects-file.ts'

/** One table of the result: so many objects of one resource. */
export interface Case {
  readonly name: string
  readonly resource: Resource
  readonly count: number
  /** With `--quick`: the bench is shown to work. */
  readonly quickCount: number
}

export const cases: readonly Case[] = [
  { name: 'pods-15k', resource: 'pods', count: 15_000, quickCount: 1_000 },
  { name: 'pods-150k', resource: 'pods', count: 150_000, quickCount: 2_000 },
  { name: 'leases-1m', resource: 'leases', count: 1_000_000, quickCount: 10_000 },
  { name: 'landscapes-80k', resource: 'landscapes', count: 80_000, quickCount: 1_000 },
]
