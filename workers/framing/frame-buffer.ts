/** Kept of a frame that is too large: what names it stands in front. */
const prefixBytesMax = 64 * 1024
/** A buffer that had to grow beyond this is not kept for the next frame. */
const keptBytesMax = 1024 * 1024

/**
 * Collects a frame that does not lie whole in one chunk. Never holds more than `bytesMax`: of a frame above it only
 * the beginning is kept, and the rest is counted.
 */
export class FrameBuffer {
  readonly #bytesMax: number
  #bytes: Buffer = Buffer.allocUnsafeSlow(16 * 1024)
  /** Bytes of the frame so far, those not kept included. */
  length = 0
  #isOverlong = false

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get isOverlong(): boolean {
    return this.#isOverlong
  }

  /** The frame, or its beginning; valid until the next call that changes this buffer. Its start is offset 0. */
  get bytes(): Buffer {
    return this.#bytes
  }

  get prefix(): Buffer {
    return this.#bytes.subarray(0, Math.min(this.length, prefixBytesMax))
  }

  append(chunk: Buffer, start: number, end: number): void {
    const length = this.length + end - start
    if (length > this.#bytesMax && !this.#isOverlong) {
      this.#isOverlong = true
      const kept = Buffer.allocUnsafeSlow(prefixBytesMax)
      this.#bytes.copy(kept, 0, 0, Math.min(this.length, prefixBytesMax))
      this.#bytes = kept
    }
    if (!this.#isOverlong) {
      this.#reserve(length)
      chunk.copy(this.#bytes, this.length, start, end)
    } else if (this.length < prefixBytesMax) {
      // Copies as much as there is room for.
      chunk.copy(this.#bytes, this.length, start, end)
    }
    this.length = length
  }

  clear(): void {
    this.length = 0
    this.#isOverlong = false
    if (this.#bytes.length > keptBytesMax) this.#bytes = Buffer.allocUnsafeSlow(16 * 1024)
  }

  #reserve(length: number): void {
    if (length <= this.#bytes.length) return
    // Doubling: chunks of one byte must not copy the frame once per byte.
    const grown = Buffer.allocUnsafeSlow(
      Math.min(Math.max(length, this.#bytes.length * 2), Math.max(this.#bytesMax, length)),
    )
    this.#bytes.copy(grown, 0, 0, this.length)
    this.#bytes = grown
  }
}

export function prefixOf(bytes: Buffer, start: number, end: number): Buffer {
  return bytes.subarray(start, Math.min(end, start + prefixBytesMax))
}
