import type { Runtime } from '../../base/runtime.ts'
import type { ChangeType } from './history.ts'
import { endPatch } from './object-lifecycle.ts'
import { ObjectWriter } from './object-writer.ts'
import type { ServedResource } from './served-resource.ts'
import { parseStored, type StoredObject } from './stored-object.ts'

/** Whose content goes with it. */
export interface Ownership {
  /** The resource whose objects own others. */
  owner(): ServedResource
  /** Where owned objects may be. */
  contents(owner: string): Iterable<ServedResource>
  holds(owner: string, object: StoredObject): boolean
}

/**
 * Deletes what an owner holds after its own delete, and ends the owner once nothing of it is left. A turn later, as a
 * controller does: whoever deleted the owner is told of one that is ending.
 */
export class Sweeper {
  readonly #runtime: Runtime
  readonly #ownership: Ownership
  /** Names of the owners that are ending. */
  readonly #ending = new Set<string>()
  readonly #due = new Set<string>()

  constructor(runtime: Runtime, ownership: Ownership) {
    this.#runtime = runtime
    this.#ownership = ownership
  }

  ownerChanged(change: ChangeType, owner: StoredObject): void {
    if (change === 'DELETED') this.#ending.delete(owner.name)
    else if (isEnding(owner) && !this.#ending.has(owner.name)) {
      this.#ending.add(owner.name)
      this.#sweepSoon(owner.name)
    }
  }

  contentGone(owner: string): void {
    if (this.#ending.has(owner)) this.#sweepSoon(owner)
  }

  /** Many deletes of one turn are one sweep: each looks at all there is. */
  #sweepSoon(name: string): void {
    if (this.#due.has(name)) return
    this.#due.add(name)
    this.#runtime.defer(() => {
      this.#due.delete(name)
      this.#sweep(name)
    })
  }

  #sweep(name: string): void {
    const owners = this.#ownership.owner()
    const owner = owners.store.get(name)
    // It may be as it was before its delete, after a restore.
    if (owner === undefined || !isEnding(owner)) return void this.#ending.delete(name)
    let left = 0
    for (const served of this.#ownership.contents(name)) {
      const writer = new ObjectWriter(served, this.#runtime)
      for (const object of served.store.list()) {
        if (!this.#ownership.holds(name, object)) continue
        writer.delete(object.namespace, object.name)
        if (served.store.get(object.key) !== undefined) left++
      }
    }
    if (left > 0) return
    const { type } = owners
    new ObjectWriter(owners, this.#runtime).patch('', name, endPatch(type, parseStored(owner)))
  }
}

export function isEnding(object: StoredObject): boolean {
  // A look at the bytes spares parsing nearly all; a label may have this name, too.
  const mayBe = object.body.includes('"deletionTimestamp":"')
  return mayBe && parseStored(object).metadata.deletionTimestamp !== undefined
}
