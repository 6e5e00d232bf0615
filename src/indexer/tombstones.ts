import { maxVersion, type ResourceVersion } from '../protocol/resource-version.ts'

/** Twice the rows of the largest batch. */
const pruneCountMax = 8192

/**
 * Versions at which keys were deleted, kept against events that are repeated after a resume: without them a replayed
 * ADDED would bring a deleted object back. Those at or below the safe version can never be replayed and go.
 */
export class Tombstones {
  readonly #versions = new Map<string, ResourceVersion>()

  get size(): number {
    return this.#versions.size
  }

  get(key: string): ResourceVersion | undefined {
    // During a first list there are none: not even the key's hash is to be computed.
    return this.#versions.size === 0 ? undefined : this.#versions.get(key)
  }

  /** Raises the key's tombstone to `version`, never lowers it. */
  raise(key: string, version: ResourceVersion): void {
    if (Number.isNaN(version)) return
    const old = this.#versions.get(key)
    // Deleted and set again, so that the map's order stays roughly that of the versions and `prune` can stop early.
    if (old !== undefined) this.#versions.delete(key)
    this.#versions.set(key, old === undefined ? version : maxVersion(old, version))
  }

  delete(key: string): void {
    if (this.#versions.size > 0) this.#versions.delete(key)
  }

  clear(): void {
    this.#versions.clear()
  }

  /**
   * Stops at the first one above `safe`, and after more than one batch can have raised: what is left costs memory only
   * until the next calls, while a sweep's hundred thousand at once would be a pause.
   */
  prune(safe: ResourceVersion): void {
    let left = pruneCountMax
    for (const [key, version] of this.#versions) {
      if (!(version <= safe) || left-- === 0) return
      this.#versions.delete(key)
    }
  }
}
