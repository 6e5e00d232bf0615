import type { Runtime, Timer } from '../../base/runtime.ts'
import { makeObject } from './cluster.ts'
import { KeyPool } from './key-pool.ts'
import { Pacer } from './pacer.ts'
import type { Random } from './random.ts'
import type { ServedResource } from './served-resource.ts'
import { editStored, parseStored, type StoredObject, storeObject } from './stored-object.ts'
import { touch } from './touch.ts'

/**
 * `mixed`: mostly status changes, some deletes with creates of new names, now and then a re-creation under the same
 * name; `updates`: status changes only; `names`: every change a create of a name never seen, or a delete.
 */
export type ChurnMode = 'mixed' | 'updates' | 'names'

export interface ChurnCounts {
  readonly updated: number
  readonly created: number
  readonly deleted: number
  /** Deleted and created again under the same name, another uid: counted in both of the others too. */
  readonly recreated: number
  readonly missed: number
}

export const churnModes: readonly ChurnMode[] = ['mixed', 'updates', 'names']

/** Of a hundred decisions in a mixed churn. */
const replacePercent = 4
const recreatePercent = 1

/** Seeded life in one resource: `rate` changes a second, spread evenly, until stopped. */
export class Churn {
  readonly #served: ServedResource
  readonly #runtime: Runtime
  readonly #random: Random
  readonly #mode: ChurnMode
  readonly #pacer: Pacer
  readonly #keys: KeyPool
  readonly #counts = { updated: 0, created: 0, deleted: 0, recreated: 0 }
  #nextIndex: number
  #owed: (() => void) | undefined
  #timer: Timer | undefined
  #isStopped = false

  constructor(
    served: ServedResource,
    runtime: Runtime,
    random: Random,
    options: { readonly rate: number; readonly mode: ChurnMode; readonly firstIndex: number },
  ) {
    this.#served = served
    this.#runtime = runtime
    this.#random = random
    this.#mode = options.mode
    this.#nextIndex = options.firstIndex
    this.#pacer = new Pacer(options.rate, runtime.nowMs())
    this.#keys = new KeyPool([...served.store.values()].map((object) => object.key))
    this.#schedule()
  }

  get counts(): ChurnCounts {
    return { ...this.#counts, missed: this.#pacer.missed }
  }

  /** Index of the next object it would make: where another churn goes on, so that names never repeat. */
  get nextIndex(): number {
    return this.#nextIndex
  }

  stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#timer?.cancel()
    // Half of a replacement would change how many objects there are.
    this.#owed?.()
  }

  readonly #step = (): void => {
    for (let due = this.#pacer.take(this.#runtime.nowMs()); due > 0; due--) this.#changeOne()
    if (!this.#isStopped) this.#schedule()
  }

  #schedule(): void {
    this.#timer = this.#runtime.setTimer(1, this.#step)
  }

  /** Exactly one change; the second half of a replacement is owed to the next call. */
  #changeOne(): void {
    const owed = this.#owed
    if (owed !== undefined) {
      this.#owed = undefined
      owed()
      return
    }
    const found = this.#pick()
    if (found === undefined) this.#create()
    else this.#decide(found)
  }

  #decide(found: StoredObject): void {
    const dice = this.#mode === 'names' ? 0 : this.#mode === 'updates' ? 100 : this.#random.below(100)
    if (dice < recreatePercent && this.#mode === 'mixed') {
      this.#recreate(found)
    } else if (dice < replacePercent + recreatePercent) {
      this.#replace(found)
    } else {
      touch(this.#served, found, this.#random)
      this.#counts.updated++
    }
  }

  /** An object that is still there: others may delete too. */
  #pick(): StoredObject | undefined {
    while (this.#keys.size > 0) {
      const key = this.#keys.at(this.#random.below(this.#keys.size))
      const found = this.#served.store.get(key)
      if (found !== undefined) return found
      this.#keys.delete(key)
    }
    return undefined
  }

  #create(): void {
    const object = makeObject(this.#served.type, this.#nextIndex++, this.#random)
    const stored = this.#served.change('ADDED', (version) => storeObject(object, version))
    this.#keys.add(stored.key)
    this.#counts.created++
  }

  #replace(was: StoredObject): void {
    this.#delete(was)
    this.#owed = () => this.#create()
  }

  #recreate(was: StoredObject): void {
    const object = parseStored(was)
    this.#delete(was)
    object.metadata.uid = this.#random.uid()
    this.#owed = () => {
      if (this.#served.store.get(was.key) !== undefined) return
      this.#served.change('ADDED', (version) => storeObject(object, version))
      this.#keys.add(was.key)
      this.#counts.created++
      this.#counts.recreated++
    }
  }

  #delete(was: StoredObject): void {
    this.#served.change('DELETED', (version) => editStored(was, version))
    this.#keys.delete(was.key)
    this.#counts.deleted++
  }
}
