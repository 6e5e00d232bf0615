import { KubeInformerError } from '../../src/errors.ts'
import { parseJsonText } from '../../src/protocol/json-text.ts'
import { statusObjectError } from '../../src/protocol/status-error.ts'
import { FrameBuffer, prefixOf } from './frame-buffer.ts'
import { isSpace, stringAt, ValueScanner } from './json-span.ts'

/** What a list says about itself, wherever in the body it stands. */
export interface ListSummary {
  readonly kind: string
  readonly apiVersion: string
  readonly resourceVersion: string
  /** '' on the last page. */
  readonly continueToken: string
  readonly itemCount: number
}

/** `bytes` are the socket's, or a buffer that is used again: copy what is kept before returning. */
export interface ListDecoderSink {
  /** Items follow. '' what did not stand in front of them: lists of custom resources are written in another order. */
  items(apiVersion: string, kind: string): void
  item(bytes: Buffer, start: number, end: number): void
  /** An item that is larger than the bound; the list goes on behind it. `prefix`: its beginning, at most 64 KiB. */
  refused(error: KubeInformerError, byteCount: number, prefix: Buffer): void
}

/** Everything beside the items: a list's metadata, a Status. */
const memberBytesMax = 64 * 1024

const kept = new Set(['kind', 'apiVersion', 'metadata', 'code', 'reason', 'message', 'details'])

type Place =
  | 'start' // before the body's {
  | 'key' // before a key, or the end of the body's object
  | 'in-key'
  | 'colon'
  | 'value'
  | 'in-value'
  | 'after' // a member's value: a comma, or the end
  | 'item' // before an item, or the end of items
  | 'in-item'
  | 'after-item'
  | 'end' // after the body's }

/**
 * The chunks of a LIST's body, cut anywhere, → its items one by one while it streams; an item that lies whole in a
 * chunk is not copied. The body as a whole is never held, so that it may be larger than any string or buffer.
 *
 * Items are not validated here: their reader does that. Throws a coded error when the body is no list (a Status, HTML, a
 * truncated body): what was told before then is not to be trusted as a complete list.
 */
export class ListDecoder {
  readonly #sink: ListDecoderSink
  readonly #frameBytesMax: number
  readonly #scanner = new ValueScanner()
  readonly #item: FrameBuffer
  readonly #member: FrameBuffer = new FrameBuffer(memberBytesMax)
  #place: Place = 'start'
  #key = ''
  readonly #members = new Map<string, unknown>()
  #itemCount = 0
  #hasItems = false
  #mayClose = false
  #isClosed = false

  constructor(sink: ListDecoderSink, options: { readonly frameBytesMax: number }) {
    this.#sink = sink
    this.#frameBytesMax = options.frameBytesMax
    this.#item = new FrameBuffer(options.frameBytesMax)
  }

  /** Nothing is told any more, not even the rest of the chunk that is being written. */
  close(): void {
    this.#isClosed = true
  }

  write(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length && !this.#isClosed) {
      // A value in progress takes what is its own, spaces included.
      if (this.#place === 'in-item') at = this.#scanItem(chunk, at, at)
      else if (this.#place === 'in-value' || this.#place === 'in-key') at = this.#scanMember(chunk, at, at)
      else if (isSpace(chunk[at] as number)) at++
      else at = this.#step(chunk, at, chunk[at] as number)
    }
  }

  /** The body ended: what the list says about itself. Throws if it was not complete. */
  end(): ListSummary {
    if (this.#place !== 'end') {
      if (this.#place === 'start') throw unexpected('the body is empty')
      throw new KubeInformerError('ERR_STREAM_ENDED', 'the body ended before the list was complete')
    }
    const kind = this.#text('kind')
    if (kind === 'Status') throw statusObjectError(Object.fromEntries(this.#members))
    if (!this.#hasItems) throw unexpected('the body has no items')
    if (kind === 'Table') throw unexpected('the body is a Table, not a list')
    const metadata = this.#members.get('metadata')
    const facts = (typeof metadata === 'object' && metadata !== null ? metadata : {}) as Record<
      string,
      unknown
    >
    const resourceVersion = facts['resourceVersion']
    if (typeof resourceVersion !== 'string' || resourceVersion === '') {
      throw unexpected('the list has no metadata.resourceVersion')
    }
    return {
      kind,
      apiVersion: this.#text('apiVersion'),
      resourceVersion,
      continueToken: typeof facts['continue'] === 'string' ? facts['continue'] : '',
      itemCount: this.#itemCount,
    }
  }

  #step(chunk: Buffer, at: number, c: number): number {
    switch (this.#place) {
      case 'start':
        if (c !== 0x7b) throw unexpected('the body is no JSON object')
        this.#place = 'key'
        this.#mayClose = true
        return at + 1
      case 'key':
        if (c === 0x7d && this.#mayClose) return this.#close(at)
        if (c !== 0x22) throw malformed()
        return this.#begin('in-key', chunk, at, c)
      case 'colon':
        if (c !== 0x3a) throw malformed()
        this.#place = 'value'
        return at + 1
      case 'value':
        if (this.#key === 'items' && c === 0x5b) return this.#beginItems(at)
        return this.#begin('in-value', chunk, at, c)
      case 'after':
        if (c === 0x7d) return this.#close(at)
        if (c !== 0x2c) throw malformed()
        this.#place = 'key'
        this.#mayClose = false
        return at + 1
      case 'item':
        if (c === 0x5d && this.#mayClose) return this.#endItems(at)
        if (c === 0x2c || c === 0x5d || c === 0x7d || c === 0x3a) throw malformed()
        this.#place = 'in-item'
        this.#scanner.begin(c)
        return this.#scanItem(chunk, at, at + 1)
      case 'after-item':
        if (c === 0x5d) return this.#endItems(at)
        if (c !== 0x2c) throw malformed()
        this.#place = 'item'
        this.#mayClose = false
        return at + 1
      default:
        throw unexpected('the body goes on behind the list')
    }
  }

  #close(at: number): number {
    this.#place = 'end'
    return at + 1
  }

  #beginItems(at: number): number {
    if (this.#hasItems) throw unexpected('the body has items twice')
    this.#hasItems = true
    this.#place = 'item'
    this.#mayClose = true
    this.#sink.items(this.#text('apiVersion'), this.#text('kind'))
    return at + 1
  }

  #endItems(at: number): number {
    this.#place = 'after'
    return at + 1
  }

  #scanItem(chunk: Buffer, start: number, at: number): number {
    const end = this.#scanner.scan(chunk, at, chunk.length)
    const partial = this.#item
    if (end < 0) {
      partial.append(chunk, start, chunk.length)
      return chunk.length
    }
    this.#place = 'after-item'
    this.#itemCount++
    if (partial.length > 0) {
      partial.append(chunk, start, end)
      if (partial.isOverlong) this.#refuse(partial.length, partial.prefix)
      else this.#sink.item(partial.bytes, 0, partial.length)
      partial.clear()
    } else if (end - start > this.#frameBytesMax) this.#refuse(end - start, prefixOf(chunk, start, end))
    else this.#sink.item(chunk, start, end)
    return end
  }

  #begin(place: 'in-key' | 'in-value', chunk: Buffer, at: number, c: number): number {
    this.#place = place
    this.#scanner.begin(c)
    return this.#scanMember(chunk, at, at + 1)
  }

  #scanMember(chunk: Buffer, start: number, at: number): number {
    const end = this.#scanner.scan(chunk, at, chunk.length)
    this.#member.append(chunk, start, end < 0 ? chunk.length : end)
    if (end < 0) return chunk.length
    if (this.#place === 'in-key') this.#takeKey()
    else this.#takeValue()
    this.#member.clear()
    return end
  }

  #takeKey(): void {
    const { bytes, length, isOverlong } = this.#member
    const key = isOverlong ? '' : stringAt(bytes, 0, length)
    if (key === undefined) throw malformed()
    this.#key = key
    this.#place = 'colon'
  }

  #takeValue(): void {
    const { bytes, length, isOverlong } = this.#member
    this.#place = 'after'
    if (this.#key === 'items') {
      // An empty list of Go's may be null.
      if (bytes.toString('latin1', 0, Math.min(length, 5)) !== 'null') throw unexpected('items is no array')
      this.#hasItems = true
      return
    }
    if (!kept.has(this.#key)) return
    if (isOverlong) throw unexpected(`${this.#key} of the list is larger than 64 KiB`)
    try {
      this.#members.set(this.#key, parseJsonText(bytes.toString('utf8', 0, length), false))
    } catch {
      throw malformed()
    }
  }

  #text(key: string): string {
    const value = this.#members.get(key)
    return typeof value === 'string' ? value : ''
  }

  #refuse(byteCount: number, prefix: Buffer): void {
    const message = `a list item of ${byteCount} bytes; at most ${this.#frameBytesMax} are taken`
    this.#sink.refused(new KubeInformerError('ERR_FRAME_TOO_LARGE', message), byteCount, prefix)
  }
}

function malformed(): KubeInformerError {
  return unexpected('the body is no valid JSON')
}

function unexpected(what: string): KubeInformerError {
  return new KubeInformerError('ERR_UNEXPECTED_BODY', `not a Kubernetes list: ${what}`)
}
