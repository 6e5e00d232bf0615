/** A hash of the subtree's bytes as they came: whether it changed can be told from two records without unpacking either. */
export interface HashColumn {
  readonly hash: string
}

/** What stands in a record's tail beside the object: the values at a path (its text), or a hash of what is there. */
export type Column = string | HashColumn

export function isHash(column: Column): column is HashColumn {
  return typeof column !== 'string'
}

/** -1: there is none. */
export function hashColumnOf(columns: readonly Column[], path: string): number {
  return columns.findIndex((column) => isHash(column) && column.hash === path)
}
