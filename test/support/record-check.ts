import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { KubeInformerError } from '../../src/errors.ts'
import type { FieldSelection } from '../../src/protocol/messages.ts'
import { expandRecord } from '../../src/protocol/record-expand.ts'
import {
  columnValues,
  labelsOffset,
  recordLength,
  sameUid,
  sameVersionText,
  tailOffset,
  uidText,
  version,
  versionText,
} from '../../src/protocol/record-header.ts'
import { recordHeaderBytes } from '../../src/protocol/record-layout.ts'
import { RecordReader } from '../../src/protocol/record-reader.ts'
import { JsonTranscoder, maxRecordBytes } from '../../workers/transcode/json-transcoder.ts'
import {
  columnReference,
  dropReference,
  keepReference,
  parseReference,
  pathText,
  type Step,
} from './json-reference.ts'

export interface CheckOptions {
  readonly drop?: readonly (readonly Step[])[]
  readonly keep?: readonly (readonly Step[])[]
  readonly columns?: readonly (readonly Step[])[]
  /** Hash columns, behind those. */
  readonly hashes?: readonly (readonly Step[])[]
  readonly typeMeta?: { readonly apiVersion: string; readonly kind: string }
  readonly freeze?: boolean
  readonly codegen?: boolean
}

const identityPaths: readonly (readonly Step[])[] = [
  ['apiVersion'],
  ['kind'],
  ['metadata', 'name'],
  ['metadata', 'namespace'],
  ['metadata', 'uid'],
  ['metadata', 'resourceVersion'],
  ['metadata', 'labels'],
]

const withoutDictionaries = new RecordReader({ structures: [], values: [] }, { freeze: false })

/** Canary around the record: a write outside its room would change it. */
const canaryBytes = 64

/** One transcoder and its reader, held against the reference object by object. */
export class RecordCheck {
  readonly transcoder: JsonTranscoder
  readonly counts = { accepted: 0, refused: 0, raw: 0 }
  #reader: RecordReader
  #epoch: number
  readonly #options: CheckOptions
  readonly #columns: readonly (readonly Step[])[]

  constructor(options: CheckOptions = {}) {
    this.#options = options
    this.#columns = options.columns ?? []
    const fields: FieldSelection = {
      ...(options.drop && { drop: options.drop.map(pathText) }),
      ...(options.keep && { keep: options.keep.map(pathText) }),
    }
    const hashes = (options.hashes ?? []).map((path) => ({ hash: pathText(path) }))
    this.transcoder = new JsonTranscoder({ fields, columns: [...this.#columns.map(pathText), ...hashes] })
    this.transcoder.typeMeta = options.typeMeta
    this.#epoch = this.transcoder.epoch.number
    this.#reader = this.#newReader()
  }

  get reader(): RecordReader {
    return this.#reader
  }

  /** Throws unless the bytes are refused with a code, or read back as what the reference says. */
  check(json: Buffer): void {
    const expected = expectedOf(json)
    const before = (this.counts.accepted + this.counts.refused) % 7
    const source = Buffer.concat([Buffer.from('"'.repeat(before)), json, Buffer.from('}"]}0')])
    const room = maxRecordBytes(json.length)
    const out = Buffer.alloc(canaryBytes + room + canaryBytes, 0xee)
    this.transcoder.prepare()
    let end: number
    try {
      end = this.transcoder.transcode(
        source,
        before,
        before + json.length,
        out.subarray(0, canaryBytes + room),
        canaryBytes,
      )
    } catch (error) {
      if (!(error instanceof KubeInformerError)) throw error
      this.counts.refused++
      const codes = expected.code === 'either' ? ['ERR_INVALID_JSON', 'ERR_INVALID_UTF8'] : [expected.code]
      assert.ok(codes.includes(error.code), `${error.message} for ${json.toString()}`)
      this.#checkNamed(expected.value)
      return
    }
    assert.equal(expected.code, undefined, `accepted ${json.toString('latin1')}`)
    this.counts.accepted++
    for (let i = 0; i < canaryBytes; i++) {
      assert.equal(out[i], 0xee)
      assert.equal(out[canaryBytes + room + i], 0xee)
    }
    this.#checkRecord(Buffer.from(out.subarray(canaryBytes, end)), expected.value)
  }

  #checkRecord(record: Buffer, value: unknown): void {
    const { transcoder } = this
    if (transcoder.epoch.number !== this.#epoch) this.#reader = this.#newReader()
    this.#epoch = transcoder.epoch.number
    const { structures, values } = transcoder.epoch
    this.#reader.extend(
      structures.slice(this.#reader.structures.length),
      values.slice(this.#reader.values.length),
    )
    const wanted = this.#wanted(value)
    const got = this.#reader.read(record, 0)
    assert.deepStrictEqual(got, wanted)
    if (this.#options.freeze) assertFrozen(got)
    if ((record[0] as number) & 1) this.counts.raw++
    this.#checkHeader(record, wanted as KubernetesObject, this.#reader)
    const expanded = expandRecord(
      Buffer.concat([Buffer.from('xyz'), record, Buffer.from([0])]),
      3,
      this.#reader,
    )
    assert.deepStrictEqual(withoutDictionaries.read(expanded, 0), wanted)
    this.#checkHeader(expanded, wanted as KubernetesObject, withoutDictionaries)
    assert.ok(sameUid(record, 0, expanded, 0) && sameVersionText(record, 0, expanded, 0))
  }

  #checkHeader(record: Buffer, wanted: KubernetesObject, reader: RecordReader): void {
    const { metadata } = wanted
    assert.equal(uidText(record, 0), metadata.uid)
    assert.equal(versionText(record, 0), metadata.resourceVersion)
    assert.equal(this.transcoder.versionText, metadata.resourceVersion)
    assert.ok(Object.is(version(record, 0), this.transcoder.version))
    const namespace = typeof metadata.namespace === 'string' ? metadata.namespace : ''
    assert.equal(this.transcoder.key, namespace === '' ? metadata.name : `${namespace}/${metadata.name}`)
    assert.equal(recordLength(record, 0), record.length)
    assert.ok(tailOffset(record, 0) >= recordHeaderBytes)
    const isRaw = ((record[0] as number) & 1) === 1
    const labels: unknown = metadata.labels
    const hasLabels = typeof labels === 'object' && labels !== null && !Array.isArray(labels)
    assert.equal(labelsOffset(record, 0) !== 0, hasLabels && !isRaw)
    for (const [i, path] of this.#columns.entries()) {
      const texts = columnValues(record, 0, i, reader.values)
      const values = columnReference(wanted, path)
      assert.equal(texts.length, values.length)
      for (const [j, text] of texts.entries()) {
        const value = values[j]
        if (typeof value === 'number') assert.ok(Object.is(Number(text), value))
        else if (String(value).isWellFormed()) assert.equal(text, String(value))
      }
    }
  }

  /** A refused object's name is either not known or right. */
  #checkNamed(value: unknown): void {
    const { key } = this.transcoder
    const metadata = (value as Partial<KubernetesObject> | undefined)?.metadata
    if (key === '' || typeof metadata?.name !== 'string') return
    assert.ok(key === metadata.name || key === `${metadata.namespace}/${metadata.name}`)
  }

  #wanted(value: unknown): unknown {
    const { drop, keep, typeMeta } = this.#options
    let wanted = value as Record<string, unknown>
    if (keep !== undefined) wanted = keepReference(wanted, [...keep, ...identityPaths]) as typeof wanted
    if (drop !== undefined) {
      const identity = keepReference(wanted, identityPaths)
      wanted = merged(dropReference(wanted, drop), identity) as typeof wanted
    }
    for (const key of ['apiVersion', 'kind'] as const) {
      if (typeMeta !== undefined && !Object.hasOwn(wanted, key)) wanted = { ...wanted, [key]: typeMeta[key] }
    }
    return wanted
  }

  #newReader(): RecordReader {
    const { freeze = false, codegen = true } = this.#options
    return new RecordReader({ structures: [], values: [] }, { freeze, codegen })
  }
}

interface KubernetesObject {
  readonly metadata: {
    readonly name: string
    readonly namespace?: unknown
    readonly uid: string
    readonly resourceVersion: string
    readonly labels?: unknown
  }
}

/** The reference's verdict: the value, or the code it is refused with. */
function expectedOf(json: Buffer): { code?: string; value?: unknown } {
  const text = json.toString('utf8')
  let value: unknown
  let reference = true
  try {
    value = parseReference(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    reference = false
  }
  assert.equal(acceptedByV8(text), reference, 'the two references differ')
  if (!reference) return { code: isUtf8(json) ? 'ERR_INVALID_JSON' : 'either' }
  if (!isUtf8(json)) return { code: 'ERR_INVALID_UTF8', value }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { code: 'ERR_INVALID_JSON' }
  const { metadata } = value as Partial<KubernetesObject>
  for (const field of ['name', 'uid', 'resourceVersion'] as const) {
    const text = Array.isArray(metadata) ? undefined : metadata?.[field]
    if (typeof text !== 'string' || text === '' || !text.isWellFormed())
      return { code: 'ERR_OBJECT_IDENTITY', value }
  }
  const namespace = metadata?.namespace
  if (typeof namespace === 'string' && !namespace.isWellFormed())
    return { code: 'ERR_OBJECT_IDENTITY', value }
  return { value }
}

/** Both objects' members, those of `b` before those of `a`. */
function merged(a: unknown, b: unknown): unknown {
  if (!isPlainObject(a) || !isPlainObject(b)) return b
  const result: Record<string, unknown> = { ...a }
  for (const [key, value] of Object.entries(b))
    result[key] = Object.hasOwn(a, key) ? merged(a[key], value) : value
  return result
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function acceptedByV8(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

export function assertFrozen(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  assert.ok(Object.isFrozen(value))
  for (const member of Object.values(value)) assertFrozen(member)
}
