import type { Runtime, Timer } from '../base/runtime.ts'

/** Share of the window that is given back at once, and buffers that are: the writer keeps eight. */
const windowShare = 1 / 8
const bufferCountMax = 6
/** Longest that anything is kept back. Until then it counts as on its way, in the memory bound too. */
const holdMs = 50

export interface CreditReturnOptions {
  readonly runtime: Runtime
  /** Bytes that the watch may have on their way. It waits only when all of them are, so it never waits for what is held. */
  readonly windowBytes: number
  readonly post: (bytes: number, buffers: ArrayBuffer[]) => void
}

/** Gives a watch its credit back, several batches at a time: a message for each would cost both threads more than the batch. */
export class CreditReturn {
  readonly #options: CreditReturnOptions
  #bytes = 0
  #buffers: ArrayBuffer[] = []
  #timer: Timer | undefined

  constructor(options: CreditReturnOptions) {
    this.#options = options
  }

  /** A batch is applied; `buffer` may be used again. */
  add(bytes: number, buffer: ArrayBuffer | undefined): void {
    const { runtime, windowBytes } = this.#options
    this.#bytes += bytes
    if (buffer !== undefined) this.#buffers.push(buffer)
    if (this.#bytes >= windowBytes * windowShare || this.#buffers.length >= bufferCountMax) this.#flush()
    else this.#timer ??= runtime.setTimer(holdMs, this.#flush)
  }

  /** The watch is gone, and its successor has all credit of its own. */
  clear(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#bytes = 0
    this.#buffers = []
  }

  readonly #flush = (): void => {
    const bytes = this.#bytes
    const buffers = this.#buffers
    this.clear()
    this.#options.post(bytes, buffers)
  }
}
