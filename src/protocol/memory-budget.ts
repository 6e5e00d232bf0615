/**
 * Bytes held by all queues and credit windows of an engine, counted in shared memory, so that `memoryBytesMax` is one
 * bound for all its threads. Slot 0 is the sum; each watch writes its own slot only, so that main can take back what
 * a dead thread left counted. Kept in KiB: an Int32 then reaches 2 TiB.
 */
export class MemoryBudget {
  readonly shared: SharedArrayBuffer
  readonly #slots: Int32Array

  constructor(shared: SharedArrayBuffer = new SharedArrayBuffer((1 + slotCountMax) * 4)) {
    this.shared = shared
    this.#slots = new Int32Array(shared)
  }

  get bytes(): number {
    return Atomics.load(this.#slots, 0) * 1024
  }

  /** The watch of `slot` holds `bytes` now. */
  set(slot: number, bytes: number): void {
    const index = 1 + (slot % slotCountMax)
    const kib = Math.ceil(bytes / 1024)
    const before = Atomics.exchange(this.#slots, index, kib)
    if (before !== kib) Atomics.add(this.#slots, 0, kib - before)
  }
}

const slotCountMax = 8192
