import type { Indexer } from './indexer/indexer.ts'
import type { RefusedObject } from './informer-stats.ts'
import { parseResourceVersion, type ResourceVersion } from './protocol/resource-version.ts'

/** Refused objects named in `health()`; older ones are only counted. */
const refusedCountMax = 1_000
const relistMs = 60_000

/**
 * What is missing in a cache because it was refused, one entry per key, the newest last. An entry goes when something
 * newer of its object, or its end, is applied, and with the next complete list, which names anew what is still broken.
 *
 * Refusals are told at once, batches wait in queues: versions and generations say which came first.
 */
export class RefusedObjects {
  readonly #byKey = new Map<string, { readonly object: RefusedObject; readonly generation: number }>()

  #listNeededAtMs = Number.NEGATIVE_INFINITY

  /** The newest 1,000, oldest first. */
  list(): RefusedObject[] {
    return Array.from(this.#byKey.values(), ({ object }) => object)
  }

  /** Older ones may have gone without a name. */
  get isFull(): boolean {
    return this.#byKey.size >= refusedCountMax
  }

  get(key: string): RefusedObject | undefined {
    return this.#byKey.get(key)?.object
  }

  /** `generation`: of the list in which it came, or which came before it. */
  add(object: RefusedObject, generation: number): void {
    const name = object.key ?? ''
    this.#byKey.delete(name)
    this.#byKey.set(name, { object, generation })
    if (this.#byKey.size <= refusedCountMax) return
    for (const oldest of this.#byKey.keys()) {
      this.#byKey.delete(oldest)
      return
    }
  }

  /** Of one without a readable key, which may be any: a new list tells, but one that stays broken must not list for ever. */
  needsList(nowMs: number): boolean {
    if (nowMs - this.#listNeededAtMs < relistMs) return false
    this.#listNeededAtMs = nowMs
    return true
  }

  deleted(key: string, version: ResourceVersion): void {
    const entry = this.#byKey.get(key)
    if (entry !== undefined && version > parseResourceVersion(entry.object.resourceVersion)) {
      this.#byKey.delete(key)
    }
  }

  /** To be called when a batch has been applied. */
  forgetRepaired(cache: Pick<Indexer, 'isNewerThan' | 'listedGeneration'>): void {
    for (const [key, { object, generation }] of this.#byKey) {
      if (generation < cache.listedGeneration || cache.isNewerThan(key, object.resourceVersion)) {
        this.#byKey.delete(key)
      }
    }
  }
}
