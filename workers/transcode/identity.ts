import { KubeInformerError } from '../../src/errors.ts'
import type { SliceableBytes } from '../../src/protocol/byte-slices.ts'
import { recordOffsets } from '../../src/protocol/record-layout.ts'
import { parseResourceVersion, type ResourceVersion } from '../../src/protocol/resource-version.ts'
import { ch } from './json-scanner.ts'
import type { RawFacts } from './raw-record.ts'
import type { RecordEncoder } from './record-encoder.ts'
import type { Span } from './record-facts.ts'

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
    // Not from the encoder's bytes: by the time somebody asks, the socket's buffer may hold the next frame.
    if (this.#versionText === '' && this.versionIsNumber) this.#versionText = String(this.version)
    return this.#versionText
  }

  /** Throws ERR_OBJECT_IDENTITY when name, uid or resourceVersion is missing or empty. */
  take(encoder: RecordEncoder): void {
    this.#encoder = encoder
    this.#takeVersion(encoder)
    if (isEmpty(encoder.facts.name)) throw identityError('name')
    if (isEmpty(encoder.facts.uid)) throw identityError('uid')
    if (isEmpty(encoder.facts.version)) throw identityError('resourceVersion')
    if (!encoder.facts.uidIsBytes) this.uidText = spanText(encoder, encoder.facts.uid) as string
  }

  takeRaw(facts: RawFacts): void {
    const { namespace, name, uid, version } = facts
    this.#key = joinKey(namespace, name)
    if (this.#key === '') throw identityError('name')
    if (!isUsable(version)) throw identityError('resourceVersion')
    this.#takeVersionText(version)
    if (!isUsable(uid)) throw identityError('uid')
    this.uidText = uid
  }

  /** Who the object is, across its versions: a hash of its uid. `at`: its record, written. */
  owner(record: Buffer, at: number): number {
    let hash = 0
    if (this.uidText !== undefined) {
      for (let i = 0; i < this.uidText.length; i++)
        hash = (Math.imul(hash, 31) + this.uidText.charCodeAt(i)) | 0
      return hash
    }
    const uid = at + recordOffsets.uid
    for (let i = 0; i < 16; i += 4) hash = (Math.imul(hash, 31) + record.readInt32LE(uid + i)) | 0
    return hash
  }

  /** After an error: what can still be said, so that the object can be named. Never throws. */
  rescue(encoder: RecordEncoder): void {
    if (this.#key !== '' || this.#encoder !== undefined) return
    if (encoder.facts.metadataRead && !isEmpty(encoder.facts.name)) {
      this.#takeRead(encoder)
      return
    }
    const metadata = lenientMetadata(encoder.bytes.toString('utf8', 0, encoder.end))
    if (metadata !== undefined) {
      this.#key = joinKey(textOf(metadata['namespace']), textOf(metadata['name']))
      this.#takeVersionText(textOf(metadata['resourceVersion']) ?? '')
    } else if (!isEmpty(encoder.facts.name) && encoder.facts.namespace.start >= 0) {
      this.#takeRead(encoder)
    }
  }

  #takeRead(encoder: RecordEncoder): void {
    this.#encoder = encoder
    this.#takeVersion(encoder)
  }

  #takeVersion(encoder: RecordEncoder): void {
    const { start, end } = encoder.facts.version
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
    this.#takeVersionText(spanText(encoder, encoder.facts.version) ?? '')
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

/** Nearly every key is plain ASCII: one string, made of one run of bytes. */
const keyBytes = Buffer.alloc(600) as Buffer & SliceableBytes
const slash = 47

function keyOf(encoder: RecordEncoder): string {
  const { namespace, name } = encoder.facts
  // A name that is missing has no bytes either: those at its place are another member's.
  if (isEmpty(name)) return ''
  const isNamespaced = !isEmpty(namespace)
  let to = isNamespaced ? copyPlain(encoder, namespace, 0) : 0
  if (to >= 0) {
    if (isNamespaced) keyBytes[to++] = slash
    to = copyPlain(encoder, name, to)
    if (to >= 0) return keyBytes.latin1Slice(0, to)
  }
  return joinKey(spanText(encoder, namespace), spanText(encoder, name))
}

/** Copies the text in `span` to `to`; returns its end, or -1 when it is not plain. */
function copyPlain(encoder: RecordEncoder, span: Span, to: number): number {
  const { bytes } = encoder
  const end = span.end - 1
  if (end - span.start > 256) return -1
  for (let at = span.start + 1; at < end; at++) {
    const c = bytes[at] as number
    if (c >= 128 || c === ch.backslash) return -1
    keyBytes[to++] = c
  }
  return to
}

function joinKey(namespace: string | undefined, name: string | undefined): string {
  if (!isUsable(name) || namespace?.isWellFormed() === false) return ''
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
