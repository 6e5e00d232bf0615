import type { Writable } from 'node:stream'

const flushCharsMax = 64 * 1024

/**
 * Lines to a stream, many per write. `write` gives a promise while the stream is behind: a handler that returns it
 * is not called again until the stream has caught up, so what waits lies in the listener's bounded buffer.
 */
export class LineWriter {
  readonly #stream: Writable
  #pending = ''
  #scheduled = false
  #drained: Promise<void> | undefined
  /** The reader went away (`| head`), or writing failed: nothing is written any more. */
  isClosed = false

  /** `onClosed` gets the error, but for a reader that went away: that is an end like any other. */
  constructor(stream: Writable, onClosed: (error: NodeJS.ErrnoException | undefined) => void) {
    this.#stream = stream
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (this.isClosed) return
      this.isClosed = true
      this.#pending = ''
      onClosed(error.code === 'EPIPE' ? undefined : error)
    })
  }

  write(line: string): Promise<void> | undefined {
    if (this.isClosed) return undefined
    this.#pending += line
    this.#pending += '\n'
    if (this.#pending.length >= flushCharsMax) this.flush()
    else if (!this.#scheduled) {
      this.#scheduled = true
      setImmediate(() => {
        this.#scheduled = false
        this.flush()
      })
    }
    return this.#drained
  }

  flush(): void {
    if (this.#pending === '' || this.isClosed) return
    const text = this.#pending
    this.#pending = ''
    if (!this.#stream.write(text) && this.#drained === undefined) {
      this.#drained = new Promise((resolve) => {
        const done = () => {
          this.#drained = undefined
          this.#stream.off('drain', done)
          this.#stream.off('close', done)
          this.#stream.off('error', done)
          resolve()
        }
        this.#stream.on('drain', done)
        this.#stream.on('close', done)
        this.#stream.on('error', done)
      })
    }
  }

  /** Everything written so far has left the process: a pipe may still hold it when `process.exit` would cut it. */
  async end(): Promise<void> {
    this.flush()
    await this.#drained
  }
}
