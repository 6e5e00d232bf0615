/**
 * One life of a transcoder's dictionaries. Both lists only grow, an id is a position, no id is ever reused: a reader
 * that has the first n entries reads every record written while there were n. Records of different epochs have
 * nothing in common.
 */
export interface DictionaryEpoch {
  readonly number: number
  /** Key sets of objects, in the order of their values. */
  readonly structures: readonly (readonly string[])[]
  /** Strings that recur in different objects. */
  readonly values: readonly string[]
}
