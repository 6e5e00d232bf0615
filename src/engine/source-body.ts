import { readThrown } from '../base/thrown.ts'
import type { ErrorCode, KubeInformerError } from '../errors.ts'
import { toWireError } from '../protocol/error-wire.ts'
import type { FromSource } from '../protocol/messages.ts'
import { wireJson } from './wire-json.ts'

/** Sent and not yet read by the worker; beyond it nothing is sent. */
const inFlightBytesMax = 1024 * 1024
/** Text is sent in pieces of about so much: smaller ones cost a message each, larger ones the worker's attention. */
const chunkLength = 64 * 1024

export interface SourceBodyOptions {
  readonly id: number
  readonly frameBytesMax: number
  readonly post: (message: FromSource, transfer: ArrayBuffer[]) => void
}

const encoder = new TextEncoder()

/** The body of one answer to a worker: collects text, sends it in chunks, says when there is no room. */
export class SourceBody {
  readonly #options: SourceBodyOptions
  #text = ''
  #inFlightBytes = 0

  constructor(options: SourceBodyOptions) {
    this.#options = options
  }

  get hasRoom(): boolean {
    return this.#inFlightBytes < inFlightBytesMax
  }

  credit(bytes: number): void {
    this.#inFlightBytes -= bytes
  }

  opened(): void {
    this.#post({ type: 'source-opened', id: this.#options.id })
  }

  write(text: string): void {
    this.#text += text
    if (this.#text.length >= chunkLength) this.flush()
  }

  /** False: it cannot be written, and is told as refused in its place. */
  writeObject(before: string, object: unknown, after: string): boolean {
    let json: string
    try {
      json = wireJson(object)
    } catch (error) {
      const { isError, message } = readThrown(error)
      const reason = isError ? (message.split('\n', 1)[0] as string) : 'it throws'
      this.#refuse(object, 'ERR_INVALID_JSON', `the object cannot be written as JSON: ${reason}`)
      return false
    }
    // Here, or a text of any size would be sent to be refused there.
    if (json.length > this.#options.frameBytesMax) {
      this.#refuse(object, 'ERR_FRAME_TOO_LARGE', `an object of ${json.length} characters`)
      return false
    }
    this.write(before + json + after)
    return true
  }

  flush(): void {
    if (this.#text === '') return
    // Not Buffer.from: that one's memory may be shared, and transferring it would take others' bytes along.
    const bytes = encoder.encode(this.#text)
    this.#text = ''
    this.#inFlightBytes += bytes.byteLength
    this.#options.post({ type: 'source-data', id: this.#options.id, bytes }, [bytes.buffer])
  }

  end(): void {
    this.flush()
    this.#post({ type: 'source-end', id: this.#options.id })
  }

  fail(error: KubeInformerError): void {
    this.flush()
    this.#post({ type: 'source-error', id: this.#options.id, error: toWireError(error) })
  }

  #refuse(object: unknown, code: ErrorCode, message: string): void {
    this.flush()
    this.#post({
      type: 'source-refused',
      id: this.#options.id,
      error: { code, message, facts: {}, causes: [] },
      identity: identityOf(object),
    })
  }

  #post(message: FromSource): void {
    this.#options.post(message, [])
  }
}

/** Whose it is, if that can be told. */
function identityOf(object: unknown): string {
  try {
    const { name, namespace, resourceVersion } = (object as { metadata: Record<string, unknown> }).metadata
    return JSON.stringify({ metadata: { name, namespace, resourceVersion } })
  } catch {
    return '{}'
  }
}
