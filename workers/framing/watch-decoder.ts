import { KubeInformerError } from '../../src/errors.ts'
import { membersOf, textOf } from './json-range.ts'
import { LineSplitter } from './line-splitter.ts'

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED'

/** Called in the order of the stream, within `push`; byte ranges are valid until the call returns. */
export interface WatchEventHandler {
  object(type: WatchEventType, bytes: Buffer, start: number, end: number): void
  bookmark(versionText: string, isInitialEventsEnd: boolean): void
  /** An ERROR event; `status` is the Status object, or whatever stood there. */
  error(status: unknown): void
  /** A frame that is none of these. `prefix`: its first bytes, for finding out whose it was. */
  refused(error: KubeInformerError, frameBytes: number, prefix: Buffer): void
}

/** Start of the frames of kube-apiserver, up to the object, by type. */
const fastHeads = (['ADDED', 'MODIFIED', 'DELETED'] as const).map(
  (type) => [type, Buffer.from(`{"type":"${type}","object":{`)] as const,
)

/**
 * Bytes of a watch → events, whatever the cuts between chunks. One event a line, split on 0x0A only (JSON escapes line
 * feeds inside strings; other line separators are text). A line that lies whole in a chunk is not copied.
 * Holds at most one line of `frameBytesMax`; a longer one is skipped and refused, the stream goes on.
 */
export class WatchDecoder {
  readonly #handler: WatchEventHandler
  readonly #lines: LineSplitter

  constructor(handler: WatchEventHandler, frameBytesMax: number) {
    this.#handler = handler
    this.#lines = new LineSplitter(
      frameBytesMax,
      (bytes, start, end) => this.#line(bytes, start, end),
      (bytes, prefix) =>
        handler.refused(
          new KubeInformerError(
            'ERR_FRAME_TOO_LARGE',
            `a watch event has ${bytes} bytes, allowed are ${frameBytesMax}`,
          ),
          bytes,
          prefix,
        ),
    )
  }

  push(chunk: Buffer): void {
    this.#lines.push(chunk)
  }

  /** The stream ended; returns whether it was cut inside an event, which is then dropped (a resume repeats it). */
  end(): boolean {
    return this.#lines.end()
  }

  #line(bytes: Buffer, start: number, lineEnd: number): void {
    let end = lineEnd
    while (end > start && (bytes[end - 1] as number) <= 0x20) end--
    if (end === start) return
    for (const [type, head] of fastHeads) {
      if (startsWith(bytes, start, end, head) && bytes[end - 1] === 0x7d) {
        // Whether the braces in between balance, the transcoder checks: the object must end where we say.
        this.#handler.object(type, bytes, start + head.length - 1, end - 1)
        return
      }
    }
    this.#slow(bytes, start, end)
  }

  /** Any order of members, white space, bookmarks, errors. */
  #slow(bytes: Buffer, start: number, end: number): void {
    let type: string | undefined
    let objectStart = -1
    let objectEnd = -1
    const members = membersOf(bytes, start, end)
    let next = members.next()
    for (; next.done !== true; next = members.next()) {
      const [name, from, to] = next.value
      if (name === 'type') type = textOf(bytes, from, to)
      else if (name === 'object') {
        objectStart = from
        objectEnd = to
      }
    }
    if (next.value !== true || type === undefined || objectStart < 0) {
      this.#refuse('is not one watch event', bytes, start, end)
    } else if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') {
      this.#handler.object(type, bytes, objectStart, objectEnd)
    } else if (type === 'BOOKMARK') this.#bookmark(bytes, objectStart, objectEnd)
    else if (type === 'ERROR') this.#handler.error(parse(bytes, objectStart, objectEnd))
    else this.#refuse(`has the unknown type ${JSON.stringify(type.slice(0, 40))}`, bytes, start, end)
  }

  #bookmark(bytes: Buffer, start: number, end: number): void {
    const object = parse(bytes, start, end) as
      | { metadata?: { resourceVersion?: unknown; annotations?: Record<string, unknown> } }
      | undefined
    const version = object?.metadata?.resourceVersion
    if (typeof version !== 'string' || version === '') {
      this.#refuse('is a bookmark without a resourceVersion', bytes, start, end)
      return
    }
    this.#handler.bookmark(version, object?.metadata?.annotations?.['k8s.io/initial-events-end'] === 'true')
  }

  #refuse(what: string, bytes: Buffer, start: number, end: number): void {
    const prefix = bytes.subarray(start, Math.min(end, start + refusedPrefixBytes))
    this.#handler.refused(
      new KubeInformerError('ERR_INVALID_JSON', `a line of a watch ${what}`),
      end - start,
      prefix,
    )
  }
}

const refusedPrefixBytes = 64 * 1024

function startsWith(bytes: Buffer, start: number, end: number, head: Buffer): boolean {
  if (end - start <= head.length) return false
  for (let i = 0; i < head.length; i++) if (bytes[start + i] !== head[i]) return false
  return true
}

function parse(bytes: Buffer, start: number, end: number): unknown {
  try {
    return JSON.parse(bytes.toString('utf8', start, end))
  } catch {
    return undefined
  }
}
