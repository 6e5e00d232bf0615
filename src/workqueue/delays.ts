import { timerMsMax } from '../base/check-options.ts'
import { KeyMap } from '../base/key-map.ts'
import type { Runtime, Timer } from '../base/runtime.ts'
import { Heap, type HeapNode } from './heap.ts'

interface DelayedItem<T> extends HeapNode {
  readonly key: string
  item: T
  priority: number
  readyAtMs: number
  readonly sequence: number
}

/** Work of one turn of the event loop on what falls due. */
const sliceMs = 5

/**
 * Items that wait for their time: at most one per key, one timer for all of them.
 *
 * Many that fall due together are passed on in slices, so that 100,000 of them do not hold up the event loop.
 */
export class Delays<T> {
  readonly #runtime: Runtime
  readonly #onDue: (key: string, item: T, priority: number) => void
  readonly #byKey = new KeyMap<DelayedItem<T>>()
  readonly #heap = new Heap<DelayedItem<T>>(isBefore)
  #sequence = 0
  #wakeUp: Timer | undefined
  #wakeUpAtMs = 0

  constructor(runtime: Runtime, onDue: (key: string, item: T, priority: number) => void) {
    this.#runtime = runtime
    this.#onDue = onDue
  }

  get size(): number {
    return this.#heap.size
  }

  /** Of several for one key: the earliest time, the highest priority, the item of the last. */
  add(key: string, item: T, priority: number, delayMs: number): void {
    const readyAtMs = this.#runtime.nowMs() + delayMs
    const known = this.#byKey.get(key)
    if (known === undefined) {
      const delayed = { key, item, priority, readyAtMs, sequence: this.#sequence++, heapIndex: -1 }
      this.#byKey.set(key, delayed)
      this.#heap.push(delayed)
    } else {
      known.item = item
      known.priority = Math.max(known.priority, priority)
      if (readyAtMs < known.readyAtMs) {
        known.readyAtMs = readyAtMs
        this.#heap.raise(known)
      }
    }
    this.#arm()
  }

  /** Forgets all of them; returns how many there were. No timer is left. */
  clear(): number {
    this.#wakeUp?.cancel()
    this.#wakeUp = undefined
    this.#byKey.clear()
    return this.#heap.clear()
  }

  #arm(): void {
    const first = this.#heap.peek()
    if (first === undefined || (this.#wakeUp !== undefined && this.#wakeUpAtMs <= first.readyAtMs)) return
    this.#wakeUp?.cancel()
    const now = this.#runtime.nowMs()
    const delayMs = Math.min(timerMsMax, Math.max(0, first.readyAtMs - now))
    this.#wakeUpAtMs = now + delayMs
    // Kept alive: a program that only waits to retry would else end, without an error and without the retry.
    this.#wakeUp = this.#runtime.setTimer(delayMs, this.#passOn, true)
  }

  readonly #passOn = (): void => {
    this.#wakeUp = undefined
    const startMs = this.#runtime.nowMs()
    for (let now = startMs; ; now = this.#runtime.nowMs()) {
      const first = this.#heap.peek()
      if (first === undefined || first.readyAtMs > now) break
      if (now >= startMs + sliceMs) {
        // #wakeUpAtMs stays in the past: nothing that add() brings is earlier, so it sets no timer beside this.
        this.#wakeUp = this.#runtime.defer(this.#passOn)
        return
      }
      this.#heap.pop()
      this.#byKey.delete(first.key)
      this.#onDue(first.key, first.item, first.priority)
    }
    this.#arm()
  }
}

function isBefore(a: DelayedItem<unknown>, b: DelayedItem<unknown>): boolean {
  return a.readyAtMs === b.readyAtMs ? a.sequence < b.sequence : a.readyAtMs < b.readyAtMs
}
