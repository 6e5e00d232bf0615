import { KubeInformerError } from '../../src/errors.ts'
import type { Column } from '../../src/protocol/column.ts'
import type { DictionaryEpoch } from '../../src/protocol/dictionary-epoch.ts'
import { type FieldPlan, planFields, role } from '../../src/protocol/field-plan.ts'
import type { FieldSelection } from '../../src/protocol/messages.ts'
import { recordHeaderBytes } from '../../src/protocol/record-layout.ts'
import type { ResourceVersion } from '../../src/protocol/resource-version.ts'
import { Detour } from './detour.ts'
import { Identity } from './identity.ts'
import { type NormalJson, normaliseJson } from './normalise-json.ts'
import { type RawFacts, rawFacts, type TypeMeta, withTypeMeta } from './raw-record.ts'
import { RecordEncoder } from './record-encoder.ts'
import { RecordTail } from './record-tail.ts'
import { StructureDictionary } from './structure-dictionary.ts'
import type { HashKey } from './subtree-hash.ts'
import { ValueDictionary } from './value-dictionary.ts'

export interface TranscoderBounds {
  readonly structureCountMax: number
  /** Bytes of the keys of all structures, and of all keys known by place. */
  readonly keyBytesMax: number
  /** Places (see structure-dictionary.ts) that are told apart. */
  readonly siteCountMax: number
  readonly valueCountMax: number
  readonly valueBytesMax: number
  /** Bytes of values known whole, see value-recall.ts. */
  readonly recallBytesMax: number
  /** Objects after which it is asked again whether the value dictionary still serves. */
  readonly epochObjects: number
}

const defaultTranscoderBounds: TranscoderBounds = {
  structureCountMax: 8160,
  keyBytesMax: 512 * 1024,
  siteCountMax: 16_384,
  valueCountMax: 65_535,
  valueBytesMax: 4 * 1024 * 1024,
  recallBytesMax: 1024 * 1024,
  epochObjects: 4096,
}

export interface JsonTranscoderOptions {
  readonly fields: FieldSelection
  /**
   * What stands in the record's tail, at most 255. A column below a dropped field is refused. Of a path: strings as
   * they are, numbers as the server wrote them, booleans as text; anything else leaves nothing. Of a hash: of whatever
   * stands there, its bytes as they came, dropped fields in it included.
   */
  readonly columns: readonly Column[]
  /** Of hash columns; not to be known to who writes objects. */
  readonly hashKey?: HashKey
  readonly bounds?: Partial<TranscoderBounds>
  /** Number of the first dictionary epoch; every later one is one more. */
  readonly firstEpoch?: number
}

const typeMetaBytesMax = 512
const typeRoles = (1 << role.apiVersion) | (1 << role.kind)

/**
 * Bytes that a record of `jsonBytes` of JSON never exceeds, whatever the fields and columns: a number of four characters
 * (`1.1,`) may need nine bytes and stand once more in a column; 255 hashes of nine bytes and a little room to overrun.
 */
export function maxRecordBytes(jsonBytes: number): number {
  return Math.ceil(jsonBytes * 3.25) + recordHeaderBytes + typeMetaBytesMax + 2560
}

/**
 * One Kubernetes object's JSON → one record, without making JavaScript objects of it.
 *
 * Reading the record gives what JSON.parse gives, less dropped fields. Invalid JSON, invalid UTF-8, nesting above 1,000 and
 * objects without identity throw a coded error and leave the dictionaries usable. Owns its dictionaries: records are
 * to be read with those of the {@link epoch} that {@link prepare} returned before, at the length they have by then.
 */
export class JsonTranscoder {
  #typeMeta: TypeMeta | undefined
  readonly #plan: FieldPlan
  readonly #bounds: TranscoderBounds
  readonly #encoder = new RecordEncoder()
  readonly #tail: RecordTail
  readonly #identity = new Identity()
  #epoch: DictionaryEpoch
  #objectsLeft = 0
  #bestHitRate = 0
  /** What the last object had of apiVersion and kind; the next one is expected to have the same. */
  #typesFound = 0

  constructor(options: JsonTranscoderOptions) {
    this.#plan = planFields(options.fields, options.columns)
    this.#bounds = { ...defaultTranscoderBounds, ...options.bounds }
    this.#tail = new RecordTail(options.columns, options.hashKey ?? [0, 0])
    this.#epoch = this.#begin(options.firstEpoch ?? 0)
  }

  /**
   * Given to objects that lack them, as first keys: items of a list of built-in kinds do. At most 512 bytes as JSON.
   * @throws ERR_UNEXPECTED_BODY for longer ones: they come from the server
   */
  get typeMeta(): TypeMeta | undefined {
    return this.#typeMeta
  }

  set typeMeta(typeMeta: TypeMeta | undefined) {
    if (typeMeta !== undefined && Buffer.byteLength(JSON.stringify(typeMeta)) > typeMetaBytesMax) {
      const message = `not a Kubernetes list: its apiVersion and kind are longer than ${typeMetaBytesMax} bytes`
      throw new KubeInformerError('ERR_UNEXPECTED_BODY', message)
    }
    this.#typeMeta = typeMeta
  }

  get epoch(): DictionaryEpoch {
    return this.#epoch
  }

  /** `namespace/name`, or `name`, of the last object; '' when it could not be read before an error. */
  get key(): string {
    return this.#identity.key
  }

  /** resourceVersion of the last object; NaN when it is not comparable, or could not be read before an error. */
  get version(): ResourceVersion {
    return this.#identity.version
  }

  get versionText(): string {
    return this.#identity.versionText
  }

  /** To be called before every object: may begin a new epoch. Returns the epoch that the next record belongs to. */
  prepare(): DictionaryEpoch {
    if (this.#objectsLeft <= 0) this.#review()
    return this.#epoch
  }

  /**
   * Writes the record of the object in `source[start, end)` at `out[outStart]`, where there must be room for
   * {@link maxRecordBytes}; returns its end. After a throw, what was written there means nothing.
   */
  transcode(source: Buffer, start: number, end: number, out: Buffer, outStart: number): number {
    if (out.length - outStart < maxRecordBytes(end - start)) {
      throw new KubeInformerError('ERR_INTERNAL', 'no room for the record')
    }
    const encoder = this.#encoder
    this.#objectsLeft--
    this.#identity.reset()
    encoder.load(source, start, end)
    encoder.setOutput(out, outStart)
    try {
      const raw = this.#encode(outStart)
      if (raw === undefined) this.#identity.take(encoder)
      else this.#identity.takeRaw(raw)
      this.#tail.write(encoder, outStart, this.#identity, raw)
    } catch (error) {
      this.#identity.rescue(encoder)
      throw error
    }
    encoder.values.endObject(this.#identity.owner(out, outStart))
    encoder.structures.objectCount++
    return encoder.to
  }

  /** The body; returns what a body of JSON text says about itself. */
  #encode(outStart: number): RawFacts | undefined {
    try {
      this.#encodeTyped(outStart)
      return undefined
    } catch (detour) {
      if (!(detour instanceof Detour)) throw detour
      const json = this.#normalised()
      // Once more the straight way, which now meets no key twice.
      if (detour === Detour.normalise) {
        const bytes = Buffer.from(json.text)
        this.#encoder.load(bytes, 0, bytes.length)
        try {
          this.#encodeTyped(outStart)
          return undefined
        } catch (again) {
          if (again !== Detour.rawJson) throw again
        }
      }
      return this.#encodeRaw(outStart, json)
    }
  }

  /** With apiVersion and kind in front if the object lacks them: a guess, put right when it turns out wrong. */
  #encodeTyped(outStart: number): void {
    const encoder = this.#encoder
    encoder.typeMeta = this.typeMeta
    for (let attempt = 0; attempt < 4; attempt++) {
      const injected = this.typeMeta === undefined ? 0 : typeRoles & ~this.#typesFound
      encoder.injected = injected
      try {
        encoder.encode(outStart, recordHeaderBytes)
      } catch (detour) {
        if (detour !== Detour.retype) throw detour
        this.#typesFound |= encoder.facts.found & typeRoles
        continue
      }
      this.#typesFound = encoder.facts.found & typeRoles
      if (this.typeMeta === undefined || (injected | this.#typesFound) === typeRoles) return
    }
    throw new KubeInformerError('ERR_INTERNAL', 'apiVersion and kind keep coming and going')
  }

  /** The text at hand, checked to its end, without dropped fields and repeated keys. */
  #normalised(): NormalJson {
    const encoder = this.#encoder
    encoder.at = encoder.depth = 0
    encoder.skipValue()
    encoder.skipSpace()
    if (encoder.at !== encoder.end) throw encoder.fail()
    return normaliseJson(encoder.bytes.toString('utf8', 0, encoder.end), this.#plan)
  }

  #encodeRaw(outStart: number, { text, hasEscapedKeys }: NormalJson): RawFacts {
    const typed = this.typeMeta === undefined ? text : withTypeMeta(text, this.typeMeta)
    const encoder = this.#encoder
    encoder.to = outStart + recordHeaderBytes
    encoder.to += encoder.out.write(typed, encoder.to)
    return rawFacts({ text: typed, hasEscapedKeys }, this.#plan, this.#tail.columnCount)
  }

  /** Whether the dictionary still serves: a full one that finds half as much as it used to begins anew. */
  #review(): void {
    const encoder = this.#encoder
    const hitRate = encoder.hits / Math.max(1, encoder.hits + encoder.misses)
    this.#bestHitRate = Math.max(this.#bestHitRate, hitRate)
    if (encoder.values.isFull && hitRate * 2 < this.#bestHitRate) {
      this.#epoch = this.#begin(this.#epoch.number + 1)
      return
    }
    this.#startReview()
  }

  #startReview(): void {
    this.#objectsLeft = this.#bounds.epochObjects
    this.#encoder.hits = this.#encoder.misses = 0
  }

  #begin(number: number): DictionaryEpoch {
    const bounds = this.#bounds
    const encoder = this.#encoder
    encoder.values = new ValueDictionary({ countMax: bounds.valueCountMax, bytesMax: bounds.valueBytesMax })
    encoder.structures = new StructureDictionary(this.#plan, {
      countMax: bounds.structureCountMax,
      keyBytesMax: bounds.keyBytesMax,
      siteCountMax: bounds.siteCountMax,
      recallBytesMax: bounds.recallBytesMax,
    })
    this.#tail.forget()
    this.#bestHitRate = 0
    this.#startReview()
    return { number, structures: encoder.structures.structures, values: encoder.values.values }
  }
}
