/**
 * Stands in a delete for an object that is gone without anybody having seen its delete: a list did not have it any
 * more, or a queue knows no more than that it was deleted.
 */
export class DeletedFinalStateUnknown<T> {
  readonly key: string
  /** The last state known, which may be older than its last; undefined when there is none. */
  readonly object: T | undefined

  constructor(key: string, object: T | undefined) {
    this.key = key
    this.object = object
  }
}
