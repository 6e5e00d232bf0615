/** One listener's view, made from nothing but what it was told: what an audit compares with the cache. */
export class Fold {
  readonly #versions = new Map<string, { readonly uid: string; readonly resourceVersion: string }>()
  /** Changes that contradict what was told before: update or delete of an unknown object, a second add. */
  violations = 0

  get size(): number {
    return this.#versions.size
  }

  get(key: string): { readonly uid: string; readonly resourceVersion: string } | undefined {
    return this.#versions.get(key)
  }

  apply(type: 'add' | 'update' | 'delete', key: string, uid: string, resourceVersion: string): void {
    const known = this.#versions.get(key)
    if (type === 'delete') {
      if (!this.#versions.delete(key)) this.violations++
      return
    }
    // An update never changes the identity: a re-created object is a delete and an add.
    if (type === 'add' ? known !== undefined : known?.uid !== uid) this.violations++
    this.#versions.set(key, { uid, resourceVersion })
  }
}
