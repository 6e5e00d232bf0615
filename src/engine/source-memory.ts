import type { MemoryBudget } from '../protocol/memory-budget.ts'

/** Bytes of a source's answers on their way to the worker, counted in the engine's budget under a slot of main's own. */
export class SourceMemory {
  readonly #budget: MemoryBudget
  readonly #slot: number
  readonly #bytes = new Map<number, number>()
  #isClosed = false

  constructor(budget: MemoryBudget) {
    this.#budget = budget
    this.#slot = budget.takeSlot()
  }

  sent(id: number, bytes: number): void {
    this.#bytes.set(id, (this.#bytes.get(id) ?? 0) + bytes)
    this.#count()
  }

  /** Also of an answer that is all sent: its last bytes are read later. */
  read(id: number, bytes: number): void {
    const left = (this.#bytes.get(id) ?? 0) - bytes
    if (left > 0) this.#bytes.set(id, left)
    else this.#bytes.delete(id)
    this.#count()
  }

  /** The worker is done with all answers but these: what it has not said to have read, it never will. */
  keepOnly(ids: ReadonlyMap<number, unknown>): void {
    for (const id of this.#bytes.keys()) if (!ids.has(id)) this.#bytes.delete(id)
    this.#count()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#budget.freeSlot(this.#slot)
  }

  #count(): void {
    if (this.#isClosed) return
    let sum = 0
    for (const bytes of this.#bytes.values()) sum += bytes
    this.#budget.set(this.#slot, sum)
  }
}
