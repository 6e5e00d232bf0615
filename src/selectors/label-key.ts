import { sliceable } from '../protocol/byte-slices.ts'
import { isRawJson, labelsOffset } from '../protocol/record-header.ts'
import {
  formatError,
  type Head,
  mapHead,
  type StringSpan,
  skipValue,
  spanString,
  spanText,
} from '../protocol/record-scalar.ts'

/** What is needed to look into records of one dictionary epoch; a RecordReader has it. */
export interface LabelSource {
  readonly values: readonly string[]
  readonly structures: readonly (readonly string[])[]
  read(bytes: Buffer, offset: number): object
}

/** The key of a label, found in records without making a string of theirs. */
export class LabelKey {
  readonly text: string
  readonly #bytes: Buffer

  constructor(text: string) {
    this.text = text
    this.#bytes = Buffer.from(text)
  }

  isAt(bytes: Buffer, span: StringSpan, values: readonly string[]): boolean {
    return span.id < 0 ? sameBytes(bytes, span, this.#bytes) : values[span.id] === this.text
  }

  /** The label of the record at `offset`; undefined: it has none, or one that is no text. */
  valueIn(bytes: Buffer, offset: number, source: LabelSource): string | undefined {
    if (isRawJson(bytes, offset)) return this.#textOf(labelsOf(source.read(bytes, offset)))
    const labels = labelsOffset(bytes, offset)
    if (labels === 0) return undefined
    if (!mapHead(bytes, labels, head)) throw formatError(labels)
    let at = head.start
    for (let left = head.count; left > 0; left--) {
      if (!spanString(bytes, at, key)) throw formatError(at)
      const isText = spanString(bytes, key.end, value)
      // No record has a label twice (repeated-key.ts).
      if (this.isAt(bytes, key, source.values)) {
        return isText ? spanText(sliceable(bytes), value, source.values) : undefined
      }
      at = isText ? value.end : skipValue(bytes, key.end, source.structures)
    }
    return undefined
  }

  #textOf(labels: Readonly<Record<string, unknown>> | undefined): string | undefined {
    if (labels === undefined || !Object.hasOwn(labels, this.text)) return undefined
    const text = labels[this.text]
    return typeof text === 'string' ? text : undefined
  }
}

const head: Head = { count: 0, start: 0 }
const key: StringSpan = { start: 0, length: 0, id: -1, end: 0 }
const value: StringSpan = { start: 0, length: 0, id: -1, end: 0 }

export function labelsOf(object: object): Readonly<Record<string, unknown>> | undefined {
  const metadata = (object as { metadata?: { labels?: unknown } | null }).metadata
  const labels = typeof metadata === 'object' ? metadata?.labels : undefined
  return typeof labels === 'object' && labels !== null ? (labels as Record<string, unknown>) : undefined
}

export function sameBytes(bytes: Buffer, span: StringSpan, wanted: Buffer): boolean {
  if (span.length !== wanted.length) return false
  for (let i = 0; i < wanted.length; i++) if (bytes[span.start + i] !== wanted[i]) return false
  return true
}
