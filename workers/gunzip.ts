import { createGunzip, type Gunzip as GunzipStream } from 'node:zlib'
import { KubeInformerError } from '../src/errors.ts'

/** Largest piece of output; small ones cost a call each, large ones are held by every compressed watch. */
const chunkBytes = 128 * 1024
/** Compressed bytes that wait before the socket rests. */
const waitingBytesMax = 256 * 1024

export interface GunzipHandler {
  onData(chunk: Buffer): void
  onEnd(): void
  onError(error: KubeInformerError): void
  /** After `write` has given false: more may be written. */
  onDrain(): void
}

/**
 * The body of one answer, gzip in one member or many (a server that compresses a watch ends one with each flush), as it
 * was. Every flush comes out at once. Holds at most a few chunks, however much a byte unpacks to: what is not taken
 * stops the unpacking. Inflates in Node's thread pool.
 */
export class Gunzip {
  readonly #stream: GunzipStream
  readonly #handler: GunzipHandler
  #hasInput = false
  #isEnding = false

  constructor(handler: GunzipHandler) {
    const options = { chunkSize: chunkBytes, writableHighWaterMark: waitingBytesMax }
    const stream = createGunzip(options)
    this.#stream = stream
    this.#handler = handler
    stream.on('data', (chunk: Buffer) => handler.onData(chunk))
    stream.on('drain', () => handler.onDrain())
    stream.on('end', () => {
      if (this.#isEnding) handler.onEnd()
      // Node stops at zeros behind a member, and would take the rest of a watch for ever without a word.
      else handler.onError(broken('bytes behind its end'))
    })
    stream.on('error', (error: NodeJS.ErrnoException) => {
      const isCut = error.code === 'Z_BUF_ERROR'
      handler.onError(
        isCut
          ? new KubeInformerError('ERR_STREAM_ENDED', 'the compressed answer ended before it was complete')
          : broken(error.message),
      )
    })
  }

  /** False: wait for `onDrain`. The chunk must stay as it is. */
  write(chunk: Buffer): boolean {
    this.#hasInput = true
    return this.#stream.write(chunk)
  }

  end(): void {
    this.#isEnding = true
    // zlib would call it cut.
    if (!this.#hasInput) this.#handler.onEnd()
    else this.#stream.end()
  }

  pause(): void {
    this.#stream.pause()
  }

  resume(): void {
    this.#stream.resume()
  }

  /** No more calls of the handler. */
  destroy(): void {
    this.#stream.removeAllListeners('data')
    this.#stream.removeAllListeners('end')
    this.#stream.removeAllListeners('drain')
    this.#stream.removeAllListeners('error').on('error', () => {})
    this.#stream.destroy()
  }
}

function broken(what: string): KubeInformerError {
  return new KubeInformerError('ERR_UNEXPECTED_BODY', `the answer is no valid gzip: ${what}`)
}
