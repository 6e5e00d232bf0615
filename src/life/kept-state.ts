import { KeyMap } from '../base/key-map.ts'
import type { Pump, Slicer } from '../base/slicer.ts'
import { KubeInformerError } from '../errors.ts'
import type { Indexer } from '../indexer/indexer.ts'
import type { Cell, ChangeFan, ChangeTap } from './change-fan.ts'

export interface KeptStateOptions {
  readonly cache: Indexer
  readonly fan: ChangeFan
  readonly slicer: Slicer
  readonly nowMs: () => number
}

/** What the cache held of a key that has changed since; undefined: nothing. */
interface Before {
  readonly cell: Cell | undefined
  /** Rises: an iteration knows what had changed before it began. */
  readonly order: number
}

/**
 * The cache as it was when this was made: the cache itself, and beside it what changed keys held then. So taking one
 * costs nothing, and each change while it lasts one look into a map. Old states are pinned until {@link release}.
 *
 * Bound: keys cached then or now.
 */
export class KeptState implements ChangeTap, Pump {
  readonly #size: number
  readonly #resourceVersion: string | undefined
  readonly #options: KeptStateOptions
  readonly #before = new KeyMap<Before>()
  #order = 0
  #isReleased = false
  #releasing: Iterator<[string, Before]> | undefined

  constructor(options: KeptStateOptions) {
    this.#options = options
    this.#size = options.cache.size
    this.#resourceVersion = options.cache.safeVersion
    options.fan.add(this)
  }

  get size(): number {
    this.#refuseIfReleased()
    return this.#size
  }

  get resourceVersion(): string | undefined {
    this.#refuseIfReleased()
    return this.#resourceVersion
  }

  changed(key: string, old: Cell | undefined, isThere: boolean): void {
    const before = this.#before.get(key)
    if (before === undefined) {
      if (old === undefined && !isThere) return
      if (old !== undefined) this.#options.cache.store.use(old)
      this.#before.set(key, { cell: old, order: this.#order++ })
    } else if (before.cell === undefined && !isThere) {
      // It came and went: churn of names must not pile up here.
      this.#before.delete(key)
    }
  }

  cell(key: string): Cell | undefined {
    this.#refuseIfReleased()
    const before = this.#before.get(key)
    return before === undefined ? this.#options.cache.cell(key) : before.cell
  }

  /** The object of that time, deep frozen. */
  get(key: string): unknown {
    this.#refuseIfReleased()
    const { cache } = this.#options
    const before = this.#before.get(key)
    if (before === undefined) return cache.get(key)
    return before.cell === undefined ? undefined : cache.read(before.cell)
  }

  /** Each cell of that time once, whatever changes meanwhile; of one namespace or of all. */
  *cells(namespace?: string): Generator<Cell, void> {
    this.#refuseIfReleased()
    const { cache } = this.#options
    const began = this.#order
    const rowSets = cache.rowSets(namespace)
    // All at once: of a namespace that is gone when its turn comes, nothing would be left to see.
    const readings = rowSets.map((rows) => rows.beginReading())
    try {
      const prefix = namespace === undefined ? '' : `${namespace}/`
      for (const [key, { cell, order }] of this.#before.entries()) {
        if (cell === undefined || order >= began || !key.startsWith(prefix)) continue
        yield cell
        this.#refuseIfReleased()
      }
      for (const cells of readings) {
        for (let i = 0; i < cells.length; i++) {
          const now = cells[i] as Cell
          const before = this.#before.size === 0 ? undefined : this.#before.get(now.key)
          // Changed before this iteration began: told above.
          if (before !== undefined && before.order < began) continue
          const cell = before === undefined ? now : before.cell
          if (cell === undefined || (before === undefined && now.position < 0)) continue
          yield cell
          this.#refuseIfReleased()
        }
      }
    } finally {
      for (const [i, rows] of rowSets.entries()) rows.endReading(readings[i] as readonly Cell[])
    }
  }

  /** Lets go of what it pins, in slices: a hundred thousand states at once would be a pause. Idempotent. */
  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.#options.fan.remove(this)
    this.#releasing = this.#before.entries()
    this.#options.slicer.wake(this)
  }

  pump(deadlineMs: number): boolean {
    const { cache, nowMs } = this.#options
    for (let i = 1; ; i++) {
      const next = this.#releasing?.next()
      if (next === undefined || next.done === true) break
      const [, { cell }] = next.value
      if (cell !== undefined) cache.store.release(cell)
      if ((i & 255) === 0 && nowMs() >= deadlineMs) return true
    }
    this.#releasing = undefined
    this.#before.clear()
    return false
  }

  #refuseIfReleased(): void {
    if (this.#isReleased) throw new KubeInformerError('ERR_CLOSED', 'the snapshot has been disposed')
  }
}
