import type { Runtime, Timer } from '../src/base/runtime.ts'
import { type BatchWriter, targetBatchBytes, type WriterEpoch } from './batch-writer.ts'
import { type DeltaQueue, QueueMarker } from './delta-queue.ts'

export interface BatchPortOptions<E extends WriterEpoch> {
  readonly queue: DeltaQueue<E>
  readonly writer: BatchWriter<E>
  readonly runtime: Runtime
  /** Credit at the start: bytes that may be on their way or wait on main. */
  readonly creditBytes: number
  readonly post: (batch: ArrayBuffer) => void
}

/** So many bytes in one turn of the event loop: more is waiting in the socket, a batch sent now would be a small one. */
const busyTurnBytes = 48 * 1024
/** Longest that a saturated stream keeps a delta waiting for company. */
const holdMs = 5
/** A batch of at least this many rows shows a rate at which batches should be spaced. */
const spacedRows = 4
const spacingMs = 4
/**
 * While more than so many come in a millisecond, further apart: each batch wakes main, which costs as much as applying
 * twenty rows. At lower rates main is idle anyway, and lag counts.
 */
const wideRowsPerMs = 2.5
const wideSpacingMs = 10
const compactionStepBytes = 1024 * 1024

/**
 * Decides when the queue's head leaves: at once when little happens (a change must reach its handler within a
 * millisecond), in large batches when much does (a batch costs both threads some tens of microseconds), and only
 * while credit is left. Without credit the queue keeps merging; that is the back-pressure.
 */
export class BatchPort<E extends WriterEpoch> {
  readonly #options: BatchPortOptions<E>
  #creditBytes: number
  #turn: Timer | undefined
  #spacing: Timer | undefined
  #bytesThisTurn = 0
  #heldSinceMs = 0
  #sentAtMs = 0
  #wasFast = false
  #closed = false

  constructor(options: BatchPortOptions<E>) {
    this.#options = options
    this.#creditBytes = options.creditBytes
  }

  get creditBytes(): number {
    return this.#creditBytes
  }

  /** `bytes` were read from the socket and are in the queue. */
  touched(bytes: number): void {
    if (this.#closed) return
    this.#bytesThisTurn += bytes
    if (this.#options.queue.store.liveBytes >= targetBatchBytes) this.#send()
    this.#turn ??= this.#options.runtime.defer(this.#onTurn)
  }

  /** Main applied `bytes`. */
  credit(bytes: number, buffers: readonly ArrayBuffer[]): void {
    for (const buffer of buffers) this.#options.writer.recycle(buffer)
    this.#creditBytes += bytes
    this.touched(0)
  }

  close(): void {
    this.#closed = true
    this.#turn?.cancel()
    this.#spacing?.cancel()
  }

  readonly #onTurn = (): void => {
    this.#turn = undefined
    if (this.#closed) return
    const { queue, runtime } = this.#options
    const busy = this.#bytesThisTurn >= busyTurnBytes
    this.#bytesThisTurn = 0
    if (busy && !queue.hasMarker) {
      const now = runtime.nowMs()
      if (this.#heldSinceMs === 0) this.#heldSinceMs = now
      if (now - this.#heldSinceMs < holdMs) {
        // The next turn decides again: if nothing more came, it sends.
        this.#turn = runtime.defer(this.#onTurn)
        return
      }
    }
    if (this.#spacing === undefined || queue.hasMarker) this.#send()
  }

  #send(): void {
    this.#heldSinceMs = 0
    this.#sendBatches()
    const { store } = this.#options.queue
    // What stays queued must not keep the slabs of what left.
    if (store.compactionPending) store.compact(compactionStepBytes)
  }

  #sendBatches(): void {
    const { queue, writer, post } = this.#options
    while (this.#creditBytes > 0 || isReset(queue.head)) {
      const before = queue.count
      const batch = writer.write()
      if (batch === undefined) return
      // May go below zero by this one batch: a record larger than the window must get through, too.
      this.#creditBytes -= batch.byteLength
      const rows = before - queue.count
      post(batch)
      if (!queue.isEmpty) continue
      this.#space(rows)
      return
    }
  }

  /** After a batch that emptied the queue. */
  #space(rows: number): void {
    const { runtime } = this.#options
    const now = runtime.nowMs()
    // What piled up while the thread was busy came at no higher rate; and one burst is none.
    const sinceMs = Math.max(now - this.#sentAtMs, spacingMs)
    const isFast = rows >= sinceMs * wideRowsPerMs
    const ms = isFast && this.#wasFast ? wideSpacingMs : spacingMs
    this.#sentAtMs = now
    this.#wasFast = isFast
    if (rows < spacedRows) return
    this.#spacing ??= runtime.setTimer(ms, () => {
      this.#spacing = undefined
      this.touched(0)
    })
  }
}

/** A declared reset overtakes: it goes out without credit, the queue before it is gone anyway. */
function isReset(item: unknown): boolean {
  return item instanceof QueueMarker && item.reset
}
