import { KubeInformerError } from '../../src/errors.ts'
import { parseJsonText } from '../../src/protocol/json-text.ts'
import { FrameBuffer, prefixOf } from './frame-buffer.ts'
import { isSpace, MemberReader, skipSpace, stringAt } from './json-span.ts'

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED'

/** `bytes` are the socket's, or a buffer that is used again: copy what is kept before returning. */
export interface WatchDecoderSink {
  object(type: WatchEventType, bytes: Buffer, start: number, end: number): void
  bookmark(versionText: string, initialEventsEnd: boolean): void
  /** An ERROR event: the Status object, or whatever stood there. */
  error(status: unknown): void
  /** A frame that cannot be used; the stream goes on behind it. `prefix`: its beginning, at most 64 KiB. */
  refused(error: KubeInformerError, byteCount: number, prefix: Buffer): void
}

/**
 * Chunks of a watch's body, cut anywhere, → its events. An event that lies whole in a chunk is not copied.
 *
 * Frames end at byte 0x0A and nowhere else (JSON has none inside a text). Never throws on account of its input and
 * never holds more than `frameBytesMax` of it. The object of an event is not validated here: its reader does that.
 */
export class WatchDecoder {
  readonly #sink: WatchDecoderSink
  readonly #frameBytesMax: number
  readonly #partial: FrameBuffer
  #isClosed = false
  /** Event types of which this stream has shown a frame with exactly `type` and `object`, written without spaces. */
  readonly #isPlain: Record<WatchEventType, boolean> = { ADDED: false, MODIFIED: false, DELETED: false }

  constructor(sink: WatchDecoderSink, options: { readonly frameBytesMax: number }) {
    this.#sink = sink
    this.#frameBytesMax = options.frameBytesMax
    this.#partial = new FrameBuffer(options.frameBytesMax)
  }

  write(chunk: Buffer): void {
    if (this.#isClosed) return
    let at = 0
    if (this.#partial.length > 0) {
      const newline = chunk.indexOf(0x0a)
      this.#partial.append(chunk, 0, newline < 0 ? chunk.length : newline)
      if (newline < 0) return
      this.#endPartial()
      at = newline + 1
    }
    while (at < chunk.length && !this.#isClosed) {
      const newline = chunk.indexOf(0x0a, at)
      if (newline < 0) {
        this.#partial.append(chunk, at, chunk.length)
        return
      }
      if (newline - at > this.#frameBytesMax) this.#refuseOverlong(newline - at, prefixOf(chunk, at, newline))
      else this.#frame(chunk, at, newline)
      at = newline + 1
    }
  }

  /** The body ended. True: in the middle of a frame, which is lost. A last frame may lack its newline. */
  end(): boolean {
    if (this.#partial.length === 0 || this.#isClosed) return false
    const { bytes, length, isOverlong } = this.#partial
    const isWhole = !isOverlong && isWholeObject(bytes, length)
    // What does not even begin as an event is refused: a login page has no newline either.
    if (isWhole || bytes[skipSpace(bytes, 0, Math.min(length, bytes.length))] !== 0x7b) this.#endPartial()
    else this.#partial.clear()
    return !isWhole
  }

  /** Nothing is told any more, not even the rest of the chunk that is being written. */
  close(): void {
    this.#isClosed = true
  }

  #endPartial(): void {
    const partial = this.#partial
    if (partial.isOverlong) this.#refuseOverlong(partial.length, partial.prefix)
    else this.#frame(partial.bytes, 0, partial.length)
    partial.clear()
  }

  #frame(bytes: Buffer, start: number, end: number): void {
    // CRLF, and whatever a proxy may put around a line.
    while (end > start && isSpace(bytes[end - 1] as number)) end--
    if (start === end) return
    const type = plainType(bytes, start, end)
    if (type !== undefined && this.#isPlain[type]) {
      this.#sink.object(type, bytes, start + plainHeads[type].length, end - 1)
      return
    }
    this.#anyFrame(bytes, start, end, type)
  }

  /** Members in any order, spaces, further members; bookmarks and errors. Twice the cost of the plain way. */
  #anyFrame(bytes: Buffer, start: number, end: number, plain: WatchEventType | undefined): void {
    const members = new MemberReader(bytes, start, end)
    let type: string | undefined
    let objectStart = -1
    let objectEnd = -1
    let count = 0
    while (members.next() && members.valueEnd >= 0) {
      count++
      const { key, valueStart, valueEnd } = members
      if (key === 'type') type = stringAt(bytes, valueStart, valueEnd)
      else if (key === 'object') {
        objectStart = valueStart
        objectEnd = valueEnd
      }
    }
    if (members.state !== 'closed' || skipSpace(bytes, members.at, end) !== end) {
      this.#refuse('ERR_INVALID_JSON', 'a watch event is no JSON object', bytes, start, end)
    } else if (objectStart < 0 || bytes[objectStart] !== 0x7b) {
      this.#refuse('ERR_UNEXPECTED_BODY', 'a watch event without an object', bytes, start, end)
    } else if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') {
      // A server writes all its events alike. One that added a member behind `object` in some of them would have
      // those refused by the object's reader, never misread.
      if (plain === type && count === 2 && objectEnd === end - 1) this.#isPlain[type] = true
      this.#sink.object(type, bytes, objectStart, objectEnd)
    } else if (type === 'BOOKMARK' || type === 'ERROR') {
      this.#small(type, bytes, objectStart, objectEnd, start, end)
    } else {
      this.#refuse('ERR_UNEXPECTED_BODY', 'a watch event of an unknown type', bytes, start, end)
    }
  }

  #small(
    type: 'BOOKMARK' | 'ERROR',
    bytes: Buffer,
    from: number,
    to: number,
    start: number,
    end: number,
  ): void {
    let object: unknown
    try {
      object = parseJsonText(bytes.toString('utf8', from, to), false)
    } catch {
      // Also a RangeError: nested deeper than the stack.
      this.#refuse('ERR_INVALID_JSON', `a ${type} event is no JSON`, bytes, start, end)
      return
    }
    if (type === 'ERROR') {
      this.#sink.error(object)
      return
    }
    const metadata = member(object, 'metadata')
    const version = member(metadata, 'resourceVersion')
    const ends = member(member(metadata, 'annotations'), 'k8s.io/initial-events-end')
    if (typeof version === 'string' && version !== '') this.#sink.bookmark(version, ends === 'true')
    else this.#refuse('ERR_OBJECT_IDENTITY', 'a bookmark without metadata.resourceVersion', bytes, start, end)
  }

  #refuse(
    code: 'ERR_INVALID_JSON' | 'ERR_UNEXPECTED_BODY' | 'ERR_OBJECT_IDENTITY',
    message: string,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    this.#sink.refused(new KubeInformerError(code, message), end - start, prefixOf(bytes, start, end))
  }

  #refuseOverlong(byteCount: number, prefix: Buffer): void {
    const message = `a watch event of ${byteCount} bytes; at most ${this.#frameBytesMax} are taken`
    this.#sink.refused(new KubeInformerError('ERR_FRAME_TOO_LARGE', message), byteCount, prefix)
  }
}

/** Whether bytes without a newline behind them are a whole object all the same. */
function isWholeObject(bytes: Buffer, end: number): boolean {
  const members = new MemberReader(bytes, 0, end)
  while (members.next() && members.valueEnd >= 0);
  return members.state === 'closed'
}

const plainHeads: Readonly<Record<WatchEventType, Buffer>> = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
}

/** The type of an event that begins and ends as the API server writes them. */
function plainType(bytes: Buffer, start: number, end: number): WatchEventType | undefined {
  const letter = bytes[start + 9]
  const type =
    letter === 0x41 ? 'ADDED' : letter === 0x4d ? 'MODIFIED' : letter === 0x44 ? 'DELETED' : undefined
  if (type === undefined) return undefined
  const head = plainHeads[type]
  if (end - start < head.length + 3) return undefined
  // Byte by byte: a call of Buffer.compare costs more than these comparisons.
  for (let i = 0; i < head.length; i++) if (bytes[start + i] !== head[i]) return undefined
  const isClosed = bytes[end - 1] === 0x7d && bytes[end - 2] === 0x7d
  return isClosed && bytes[start + head.length] === 0x7b ? type : undefined
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined
}
