import { KubeInformerError } from '../errors.ts'

/** More sockets than one address can have: each watch has one. */
const slotCountMax = 65_535

/**
 * Bytes held by all queues and credit windows of an engine, counted in shared memory, so that `memoryBytesMax` is one
 * bound for all its threads. Slot 0 is the sum; each watch writes its own slot only, so that main can take back what
 * a dead thread left counted; what main has sent a watch of a user's source stands in a slot of main's. Kept in KiB: an Int32 then reaches 2 TiB.
 */
export class MemoryBudget {
  readonly shared: SharedArrayBuffer
  readonly #slots: Int32Array
  readonly #free: number[] = []
  #used = 0

  constructor(shared: SharedArrayBuffer = new SharedArrayBuffer((1 + slotCountMax) * 4)) {
    this.shared = shared
    this.#slots = new Int32Array(shared)
  }

  get bytes(): number {
    return Atomics.load(this.#slots, 0) * 1024
  }

  /** A slot that no other run has, until {@link freeSlot}. On main only: the list of free ones is not shared. */
  takeSlot(): number {
    if (this.#free.length === 0 && this.#used === slotCountMax) {
      throw new KubeInformerError('ERR_INTERNAL', `more than ${slotCountMax} watches in one engine`)
    }
    return this.#free.pop() ?? ++this.#used
  }

  /** Only when its run can write it no more: what it did would count for the next one. */
  freeSlot(slot: number): void {
    this.set(slot, 0)
    this.#free.push(slot)
  }

  /** The watch of `slot` holds `bytes` now. */
  set(slot: number, bytes: number): void {
    const kib = Math.ceil(bytes / 1024)
    const before = Atomics.exchange(this.#slots, slot, kib)
    if (before !== kib) Atomics.add(this.#slots, 0, kib - before)
  }
}
