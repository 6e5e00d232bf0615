/** What is kept of a line that is too long: metadata stands early in an object, so its key is mostly in here. */
const prefixBytesMax = 64 * 1024
const lineFeed = 0x0a

/** Cuts chunks at 0x0A. Holds one partial line of at most `lineBytesMax`, in a buffer that doubles. */
export class LineSplitter {
  readonly #lineBytesMax: number
  readonly #onLine: (bytes: Buffer, start: number, end: number) => void
  readonly #onTooLong: (bytes: number, prefix: Buffer) => void
  #partial: Buffer = Buffer.alloc(0)
  #partialBytes = 0
  /** Bytes of a line that is being skipped; 0: none is. */
  #skippedBytes = 0

  constructor(
    lineBytesMax: number,
    onLine: (bytes: Buffer, start: number, end: number) => void,
    onTooLong: (bytes: number, prefix: Buffer) => void,
  ) {
    this.#lineBytesMax = lineBytesMax
    this.#onLine = onLine
    this.#onTooLong = onTooLong
  }

  push(chunk: Buffer): void {
    let start = 0
    if (this.#partialBytes > 0 || this.#skippedBytes > 0) {
      const feed = chunk.indexOf(lineFeed)
      if (feed < 0) {
        this.#keep(chunk, 0, chunk.length)
        return
      }
      this.#keep(chunk, 0, feed)
      this.#finish()
      start = feed + 1
    }
    for (let feed = chunk.indexOf(lineFeed, start); feed >= 0; feed = chunk.indexOf(lineFeed, start)) {
      if (feed - start > this.#lineBytesMax) {
        this.#onTooLong(feed - start, chunk.subarray(start, start + prefixBytesMax))
      } else this.#onLine(chunk, start, feed)
      start = feed + 1
    }
    if (start < chunk.length) this.#keep(chunk, start, chunk.length)
  }

  /** Returns whether a line was cut; it is dropped. */
  end(): boolean {
    const wasCut = this.#partialBytes > 0 || this.#skippedBytes > 0
    this.#partialBytes = 0
    this.#skippedBytes = 0
    return wasCut
  }

  #keep(chunk: Buffer, start: number, end: number): void {
    const bytes = end - start
    if (this.#skippedBytes > 0) {
      this.#skippedBytes += bytes
      return
    }
    const total = this.#partialBytes + bytes
    if (total > this.#lineBytesMax) {
      this.#skippedBytes = total
      const room = Math.min(bytes, Math.max(0, prefixBytesMax - this.#partialBytes))
      this.#grow(this.#partialBytes + room)
      chunk.copy(this.#partial, this.#partialBytes, start, start + room)
      this.#partialBytes = Math.min(prefixBytesMax, this.#partialBytes + room)
      return
    }
    this.#grow(total)
    chunk.copy(this.#partial, this.#partialBytes, start, end)
    this.#partialBytes = total
  }

  #finish(): void {
    const bytes = this.#partialBytes
    this.#partialBytes = 0
    if (this.#skippedBytes > 0) {
      const skipped = this.#skippedBytes
      this.#skippedBytes = 0
      this.#onTooLong(skipped, this.#partial.subarray(0, bytes))
    } else this.#onLine(this.#partial, 0, bytes)
    // One huge object must not keep its buffer for the life of the watch.
    if (this.#partial.length > partialBytesKept) this.#partial = Buffer.alloc(0)
  }

  #grow(bytes: number): void {
    if (bytes <= this.#partial.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(bytes, this.#partial.length * 2, 16 * 1024))
    this.#partial.copy(grown, 0, 0, this.#partialBytes)
    this.#partial = grown
  }
}

const partialBytesKept = 256 * 1024
