import { KubeInformerError } from '../../src/errors.ts'
import type { ResourceVersion } from '../../src/protocol/resource-version.ts'
import type { DeltaSink } from '../delta.ts'
import { ListDecoder, type ListSummary } from '../framing/list-decoder.ts'
import { WatchDecoder } from '../framing/watch-decoder.ts'

/** What the chunks since the last question held. */
export interface Progress {
  readonly added: number
  readonly events: number
  /** The highest of their versions; the last one if they cannot be compared. */
  readonly version: string | undefined
}

export interface BodyOptions {
  readonly sink: DeltaSink
  readonly frameBytesMax: number
  readonly refused: (error: KubeInformerError, bytes: number, prefix: Buffer) => void
}

/** Gives the objects of a response to the sink and keeps count. */
class Intermediary {
  readonly #sink: DeltaSink
  #added = 0
  #events = 0
  #highest: ResourceVersion = 0
  #text: string | undefined

  constructor(sink: DeltaSink) {
    this.#sink = sink
  }

  object(kind: 'upsert' | 'deleted', isAdded: boolean, bytes: Buffer, start: number, end: number): void {
    const sink = this.#sink
    sink.object(kind, bytes, start, end)
    if (isAdded) this.#added++
    this.#events++
    const version = sink.lastVersion()
    if (version > this.#highest) this.#highest = version
    // Only texts that are no comparable number; making one per object would cost more than all the rest here.
    else if (Number.isNaN(version)) this.#text = sink.lastVersionText() ?? this.#text
  }

  takeProgress(): Progress {
    const version = this.#highest > 0 ? String(this.#highest) : this.#text
    const progress = { added: this.#added, events: this.#events, version }
    this.#added = 0
    this.#events = 0
    this.#highest = 0
    this.#text = undefined
    return progress
  }
}

export interface WatchBodyOptions extends BodyOptions {
  bookmark(version: string, isEnd: boolean): void
  error(status: unknown): void
  /** The answer is something else altogether. */
  unexpected(error: KubeInformerError): void
}

export class WatchBody {
  readonly #intermediary: Intermediary
  readonly #decoder: WatchDecoder
  #isKnown = false

  constructor(options: WatchBodyOptions) {
    const { sink } = options
    const intermediary = new Intermediary(sink)
    this.#intermediary = intermediary
    this.#decoder = new WatchDecoder(
      {
        object: (type, bytes, start, end) => {
          this.#isKnown = true
          intermediary.object(type === 'DELETED' ? 'deleted' : 'upsert', type === 'ADDED', bytes, start, end)
        },
        bookmark: (version, isEnd) => {
          this.#isKnown = true
          options.bookmark(version, isEnd)
        },
        error: (status) => {
          this.#isKnown = true
          options.error(status)
        },
        refused: (error, bytes, prefix) => {
          if (this.#isKnown || isMaybeEvent(error, prefix)) options.refused(error, bytes, prefix)
          else options.unexpected(unexpectedBody(error))
        },
      },
      { frameBytesMax: options.frameBytesMax },
    )
  }

  write(chunk: Buffer): void {
    this.#decoder.write(chunk)
  }

  /** Nothing of it is given on any more. */
  close(): void {
    this.#decoder.close()
  }

  end(): void {
    this.#decoder.end()
  }

  takeProgress(): Progress {
    return this.#intermediary.takeProgress()
  }
}

/** A broken event, rather than a login page or a Status that a proxy sends with 200. */
function isMaybeEvent(error: KubeInformerError, prefix: Buffer): boolean {
  return error.code !== 'ERR_UNEXPECTED_BODY' && prefix.toString('latin1', 0, 64).trimStart().startsWith('{')
}

function unexpectedBody(cause: KubeInformerError): KubeInformerError {
  return new KubeInformerError('ERR_UNEXPECTED_BODY', 'the answer is no Kubernetes watch', { cause })
}

export class ListBody {
  readonly #intermediary: Intermediary
  readonly #decoder: ListDecoder

  constructor(options: BodyOptions) {
    const { sink } = options
    const intermediary = new Intermediary(sink)
    this.#intermediary = intermediary
    this.#decoder = new ListDecoder(
      {
        items: (apiVersion, kind) => {
          // Items of built-in kinds carry neither themselves.
          const itemKind = kind.endsWith('List') ? kind.slice(0, -'List'.length) : ''
          if (apiVersion !== '' && itemKind !== '') sink.typeMeta(apiVersion, itemKind)
        },
        item: (bytes, start, end) => intermediary.object('upsert', true, bytes, start, end),
        refused: options.refused,
      },
      { frameBytesMax: options.frameBytesMax },
    )
  }

  write(chunk: Buffer): void {
    this.#decoder.write(chunk)
  }

  close(): void {
    this.#decoder.close()
  }

  end(): ListSummary {
    return this.#decoder.end()
  }

  takeProgress(): Progress {
    return this.#intermediary.takeProgress()
  }
}
