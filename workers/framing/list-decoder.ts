import { KubeInformerError } from '../../src/errors.ts'

export interface ListHandler {
  /** What is known before the first item; built-in items carry neither apiVersion nor kind themselves. */
  begin(apiVersion: string | undefined, itemKind: string | undefined): void
  /** One item, valid until the call returns. */
  item(bytes: Buffer, start: number, end: number): void
  refused(error: KubeInformerError, itemBytes: number, prefix: Buffer): void
}

export interface ListResult {
  readonly resourceVersion: string
  /** Empty: no more pages. */
  readonly continueToken: string
  readonly remainingItemCount: number | undefined
  readonly itemCount: number
}

const quote = 0x22
const backslash = 0x5c
/** Everything of a list but its items: kind, metadata, a continue token. */
const outerBytesMax = 1024 * 1024
const prefixBytesMax = 64 * 1024

/**
 * The body of a LIST, decoded while it streams: items one by one, so that a list of any size needs no more memory
 * than its largest item. Item bytes that lie whole in a chunk are not copied. Items larger than `frameBytesMax` are
 * skipped and refused. `metadata` may stand before or after `items` (custom resources sort their members).
 */
export class ListDecoder {
  readonly #handler: ListHandler
  readonly #frameBytesMax: number
  /** The body without its items. */
  #outer: Buffer = Buffer.allocUnsafe(1024)
  #outerBytes = 0
  #inItems = false
  #itemsSeen = false
  #depth = 0
  #inString = false
  #escaped = false
  /** Where the string being read, or last read, began in `#outer`. */
  #stringStart = 0
  #lastString = ''
  #partial: Buffer = Buffer.alloc(0)
  #partialBytes = 0
  #itemBytes = 0
  #itemCount = 0

  constructor(handler: ListHandler, frameBytesMax: number) {
    this.#handler = handler
    this.#frameBytesMax = frameBytesMax
  }

  /** @throws ERR_UNEXPECTED_BODY */
  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) at = this.#inItems ? this.#readItems(chunk, at) : this.#readOuter(chunk, at)
  }

  /** @throws ERR_STREAM_ENDED, ERR_UNEXPECTED_BODY */
  end(): ListResult {
    const text = this.#outer.toString('utf8', 0, this.#outerBytes)
    if (text.trim() === '' || this.#inItems || this.#depth !== 0) {
      throw new KubeInformerError('ERR_STREAM_ENDED', 'a list ended before it was complete')
    }
    const body = parseObject(text)
    if (body === undefined || (!this.#itemsSeen && !('items' in body))) throw unexpected(text)
    const metadata = (typeof body['metadata'] === 'object' ? body['metadata'] : {}) as Record<
      string,
      unknown
    > | null
    const { resourceVersion, continue: token, remainingItemCount } = metadata ?? {}
    return {
      resourceVersion: typeof resourceVersion === 'string' ? resourceVersion : '',
      continueToken: typeof token === 'string' ? token : '',
      remainingItemCount: typeof remainingItemCount === 'number' ? remainingItemCount : undefined,
      itemCount: this.#itemCount,
    }
  }

  #readOuter(chunk: Buffer, from: number): number {
    for (let i = from; i < chunk.length; i++) {
      const c = chunk[i] as number
      this.#keepOuter(c)
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false
        else if (c === backslash) this.#escaped = true
        else if (c === quote) {
          this.#inString = false
          if (this.#depth === 1)
            this.#lastString = this.#outer.toString('utf8', this.#stringStart, this.#outerBytes)
        }
      } else if (c === quote) {
        this.#inString = true
        this.#stringStart = this.#outerBytes - 1
      } else if (c === 0x7b || c === 0x5b) {
        if (c === 0x5b && this.#depth === 1 && this.#lastString === '"items"') {
          this.#beginItems()
          return i + 1
        }
        this.#depth++
      } else if (c === 0x7d || c === 0x5d) this.#depth--
      else if (this.#depth === 0 && c > 0x20) {
        throw unexpected(chunk.toString('utf8', 0, 200))
      } else if (c === 0x2c && this.#depth === 1) this.#lastString = ''
    }
    return chunk.length
  }

  #beginItems(): void {
    const head = parseObject(`${this.#outer.toString('utf8', 0, this.#outerBytes)}]}`)
    const apiVersion = typeof head?.['apiVersion'] === 'string' ? head['apiVersion'] : undefined
    const kind = typeof head?.['kind'] === 'string' ? head['kind'] : undefined
    this.#handler.begin(apiVersion, kind?.endsWith('List') ? kind.slice(0, -'List'.length) : undefined)
    this.#inItems = true
    this.#itemsSeen = true
    this.#depth = 0
    this.#lastString = ''
  }

  #readItems(chunk: Buffer, from: number): number {
    // In locals: this loop sees every byte of the list.
    let depth = this.#depth
    let inString = this.#inString
    let escaped = this.#escaped
    let start = depth > 0 ? from : -1
    let i = from
    for (; i < chunk.length; i++) {
      const c = chunk[i] as number
      if (inString) {
        if (escaped) escaped = false
        else if (c === backslash) escaped = true
        else if (c === quote) inString = false
      } else if (c === quote) inString = true
      else if (c === 0x7b || c === 0x5b) {
        if (depth++ === 0) start = i
      } else if (c === 0x7d || c === 0x5d) {
        if (depth === 0) {
          // The end of the items.
          this.#keepOuter(c)
          this.#inItems = false
          this.#depth = 1
          // Left from the chunk before, which may have ended inside a string.
          this.#inString = false
          this.#escaped = false
          return i + 1
        }
        if (--depth === 0) {
          this.#item(chunk, start, i + 1)
          start = -1
        }
      }
    }
    if (depth > 0) this.#keepItem(chunk, start, i)
    this.#depth = depth
    this.#inString = inString
    this.#escaped = escaped
    return i
  }

  #item(chunk: Buffer, start: number, end: number): void {
    this.#itemCount++
    const bytes = this.#itemBytes + end - start
    if (bytes > this.#frameBytesMax) {
      this.#keepItem(chunk, start, end)
      this.#handler.refused(
        new KubeInformerError(
          'ERR_FRAME_TOO_LARGE',
          `a list item has ${bytes} bytes, allowed are ${this.#frameBytesMax}`,
        ),
        bytes,
        this.#partial.subarray(0, Math.min(this.#partialBytes, prefixBytesMax)),
      )
    } else if (this.#itemBytes === 0) this.#handler.item(chunk, start, end)
    else {
      this.#keepItem(chunk, start, end)
      this.#handler.item(this.#partial, 0, this.#partialBytes)
    }
    this.#partialBytes = 0
    this.#itemBytes = 0
    if (this.#partial.length > partialBytesKept) this.#partial = Buffer.alloc(0)
  }

  #keepItem(chunk: Buffer, start: number, end: number): void {
    this.#itemBytes += end - start
    const room = this.#itemBytes > this.#frameBytesMax ? prefixBytesMax : this.#frameBytesMax
    const bytes = Math.max(0, Math.min(end - start, room - this.#partialBytes))
    const total = this.#partialBytes + bytes
    if (total > this.#partial.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(total, this.#partial.length * 2, 16 * 1024))
      this.#partial.copy(grown, 0, 0, this.#partialBytes)
      this.#partial = grown
    }
    chunk.copy(this.#partial, this.#partialBytes, start, start + bytes)
    this.#partialBytes = total
  }

  #keepOuter(c: number): void {
    if (this.#outerBytes === this.#outer.length) {
      if (this.#outerBytes >= outerBytesMax) {
        throw unexpected(this.#outer.toString('utf8', 0, 200))
      }
      const grown = Buffer.allocUnsafeSlow(this.#outer.length * 2)
      this.#outer.copy(grown)
      this.#outer = grown
    }
    this.#outer[this.#outerBytes++] = c
  }
}

const partialBytesKept = 256 * 1024

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function unexpected(text: string): KubeInformerError {
  const start = JSON.stringify(text.slice(0, 80))
  return new KubeInformerError(
    'ERR_UNEXPECTED_BODY',
    `the answer is not a Kubernetes list; it begins with ${start}`,
  )
}
