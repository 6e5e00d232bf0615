import { KubeInformerError } from '../../src/errors.ts'
import { parseResourceVersion, type ResourceVersion } from '../../src/protocol/resource-version.ts'
import type { RawFacts } from './raw-record.ts'
import type { RecordEncoder, Span } from './record-encoder.ts'

/** Name, namespace, uid and version of the object last transcoded, as texts only when asked for. */
export class Identity {
  version: ResourceVersion = Number.NaN
  /** The version is a safe integer whose text it is: a number says it all. */
  versionIsNumber = false
  /** undefined: it stands as bytes in the record's header. */
  uidText: string | undefined = undefined
  #key = ''
  #versionText = ''
  /** Where the texts are as long as they were not asked for. */
  #encoder: RecordEncoder | undefined = undefined

  reset(): void {
    this.version = Number.NaN
    this.versionIsNumber = false
    this.uidText = undefined
    this.#key = this.#versionText = ''
    this.#encoder = undefined
  }

  get key(): string {
    if (this.#key === '' && this.#encoder !== undefined) this.#key = keyOf(this.#encoder)
    return this.#key
  }

  get versionText(): string {
    if (this.#versionText === '' && this.#encoder !== undefined) {
      this.#versionText = spanText(this.#encoder, this.#encoder.versionSpan) ?? ''
    }
    return this.#versionText
  }

  /** Throws ERR_OBJECT_IDENTITY when name, uid or resourceVersion is missing or empty. */
  take(encoder: RecordEncoder): void {
    this.#encoder = encoder
    this.#takeVersion(encoder)
    if (isEmpty(encoder.nameSpan)) throw identityError('name')
    if (isEmpty(encoder.uidSpan)) throw identityError('uid')
    if (isEmpty(encoder.versionSpan)) throw identityError('resourceVersion')
    if (!encoder.uidIsBytes) this.uidText = spanText(encoder, encoder.uidSpan) as string
  }

  takeRaw(facts: RawFacts): void {
    const { namespace, name, uid, version } = facts
    if (!isUsable(name) || namespace?.isWellFormed() === false) throw identityError('name')
    this.#key = joinKey(namespace, name)
    if (!isUsable(version)) throw identityError('resourceVersion')
    this.#takeVersionText(version)
    if (!isUsable(uid)) throw identityError('uid')
    this.uidText = uid
  }

  /** After an error: what can still be said, so that the object can be named. Never throws. */
  rescue(encoder: RecordEncoder): void {
    if (this.#key !== '' || this.#encoder !== undefined) return
    if (encoder.metadataRead && !isEmpty(encoder.nameSpan)) {
      this.#takeRead(encoder)
      return
    }
    const metadata = lenientMetadata(encoder.bytes.toString('utf8', 0, encoder.end))
    if (metadata !== undefined) {
      this.#key = joinKey(textOf(metadata['namespace']), textOf(metadata['name']))
      this.#takeVersionText(textOf(metadata['resourceVersion']) ?? '')
    } else if (!isEmpty(encoder.nameSpan) && encoder.namespaceSpan.start >= 0) {
      this.#takeRead(encoder)
    }
  }

  #takeRead(encoder: RecordEncoder): void {
    this.#encoder = encoder
    this.#takeVersion(encoder)
  }

  #takeVersion(encoder: RecordEncoder): void {
    const { start, end } = encoder.versionSpan
    const length = end - start - 2
    // Up to 15 digits without a leading zero are a safe integer, and its text: no string has to be made.
    if (start >= 0 && length > 0 && length <= 15) {
      const { bytes } = encoder
      let value = 0
      let at = start + 1
      for (; at < end - 1; at++) {
        const digit = (bytes[at] as number) - 48
        if (digit < 0 || digit > 9 || (digit === 0 && at === start + 1)) break
        value = value * 10 + digit
      }
      if (at === end - 1) {
        this.version = value
        this.versionIsNumber = true
        return
      }
    }
    this.#takeVersionText(spanText(encoder, encoder.versionSpan) ?? '')
  }

  #takeVersionText(text: string): void {
    this.#versionText = text
    this.version = parseResourceVersion(text)
    this.versionIsNumber = typeof this.version === 'number' && String(this.version) === text
  }
}

function identityError(what: string): KubeInformerError {
  return new KubeInformerError('ERR_OBJECT_IDENTITY', `an object without a readable metadata.${what}`)
}

/** Not empty, and without a lone surrogate, which does not survive UTF-8: two names would become one. */
function isUsable(text: string | undefined): text is string {
  return text !== undefined && text !== '' && text.isWellFormed()
}

/** Nothing between the quotes. */
function isEmpty(span: Span): boolean {
  return span.start < 0 || span.end - span.start <= 2
}

function spanText(encoder: RecordEncoder, span: Span): string | undefined {
  return span.start < 0 ? undefined : encoder.textOf(span.start, span.end - 1)
}

function keyOf(encoder: RecordEncoder): string {
  return joinKey(spanText(encoder, encoder.namespaceSpan), spanText(encoder, encoder.nameSpan))
}

function joinKey(namespace: string | undefined, name: string | undefined): string {
  if (name === undefined || name === '') return ''
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`
}

/** Of text that was refused: valid JSON with invalid UTF-8 (read as U+FFFD), or nested too deep. */
function lenientMetadata(text: string): Record<string, unknown> | undefined {
  try {
    const object: unknown = JSON.parse(text)
    const metadata = isRecord(object) ? object['metadata'] : undefined
    return isRecord(metadata) ? metadata : undefined
  } catch {
    return undefined
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
