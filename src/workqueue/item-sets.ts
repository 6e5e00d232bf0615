import { KeyMap } from '../base/key-map.ts'
import { Heap, type HeapNode } from './heap.ts'

/** An item that has to be handed out: it waits in the order, or is held back while its key is in process. */
export interface DirtyItem<T> extends HeapNode {
  readonly key: string
  item: T
  priority: number
  /** Its place among those of its priority. */
  sequence: number
  readonly addedAtMs: number
}

/** What is known of a key that somebody works on. */
export interface ItemInProcess {
  readonly priority: number
  readonly startedAtMs: number
}

/**
 * The dirty set, the processing set and the order of what is dirty and not in process. No clock, no waiting.
 *
 * A key is handed out only while it is not in process, and as often as it was added after it was handed out: once.
 */
export class ItemSets<T> {
  readonly #dirty = new KeyMap<DirtyItem<T>>()
  readonly #processing = new Map<string, ItemInProcess>()
  readonly #ready = new Heap<DirtyItem<T>>(isBefore)
  #sequence = 0

  /** Items that {@link take} would give. */
  get readyCount(): number {
    return this.#ready.size
  }

  /** Items added again while in process. */
  get heldCount(): number {
    return this.#dirty.size - this.#ready.size
  }

  get processing(): ReadonlyMap<string, ItemInProcess> {
    return this.#processing
  }

  /** false: the key was dirty already, now with this item, and with the higher one of both priorities. */
  add(key: string, item: T, priority: number, nowMs: number): boolean {
    const known = this.#dirty.get(key)
    if (known !== undefined) {
      known.item = item
      if (priority > known.priority) {
        known.priority = priority
        if (known.heapIndex >= 0) this.#ready.raise(known)
      }
      return false
    }
    const dirty: DirtyItem<T> = {
      key,
      item,
      priority,
      sequence: this.#sequence++,
      addedAtMs: nowMs,
      heapIndex: -1,
    }
    this.#dirty.set(key, dirty)
    if (!this.#processing.has(key)) this.#ready.push(dirty)
    return true
  }

  take(nowMs: number): DirtyItem<T> | undefined {
    const dirty = this.#ready.pop()
    if (dirty === undefined) return undefined
    this.#dirty.delete(dirty.key)
    this.#processing.set(dirty.key, { priority: dirty.priority, startedAtMs: nowMs })
    return dirty
  }

  /** undefined: the key was not in process. What was held back for it queues up behind its own priority. */
  done(key: string): ItemInProcess | undefined {
    const inProcess = this.#processing.get(key)
    if (inProcess === undefined) return undefined
    this.#processing.delete(key)
    const held = this.#dirty.get(key)
    if (held !== undefined) {
      held.sequence = this.#sequence++
      this.#ready.push(held)
    }
    return inProcess
  }
}

function isBefore(a: DirtyItem<unknown>, b: DirtyItem<unknown>): boolean {
  return a.priority === b.priority ? a.sequence < b.sequence : a.priority > b.priority
}
