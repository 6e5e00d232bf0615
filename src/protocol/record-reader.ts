import { type SliceableBytes, sliceable } from './byte-slices.ts'
import { parseJsonText, parsePlainJson, setOwn } from './json-text.ts'
import { canonicalUid, isRawJson, tailOffset } from './record-header.ts'
import { recordFlags, recordHeaderBytes, recordOffsets, uidReference } from './record-layout.ts'
import { formatError } from './record-scalar.ts'
import { MemoBudget, StructureMemo } from './structure-memo.ts'

export interface RecordReaderOptions {
  /** Deep: objects, arrays and maps are frozen as they are made. */
  readonly freeze: boolean
  /** false: never generate code. Default: generate, unless the process forbids it (CSP, --disallow-code-generation). */
  readonly codegen?: boolean
}

type ReadValue = () => unknown

/**
 * Records of one dictionary epoch → objects, equal to what JSON.parse makes of the object's JSON less dropped fields.
 *
 * Additions to the dictionaries must be given with {@link extend} before a record that uses them is read; a record that
 * names an unknown id throws ERR_RECORD_FORMAT. Strings of the value dictionary are shared between objects.
 * The object keeps nothing of the bytes it was read from.
 */
export class RecordReader {
  readonly #structures: string[][] = []
  readonly #values: string[] = []
  readonly #readers: ReadValue[] = []
  readonly #freeze: boolean
  readonly #source: RecordSource
  readonly #codegen: boolean

  constructor(
    epoch: { readonly structures: readonly (readonly string[])[]; readonly values: readonly string[] },
    options: RecordReaderOptions,
  ) {
    this.#freeze = options.freeze
    const mayGenerate = (options.codegen ?? true) && canGenerate()
    this.#codegen = mayGenerate
    this.#source = makeSource(this.#readers, this.#values, options.freeze)
    this.extend(epoch.structures, epoch.values)
  }

  get structures(): readonly (readonly string[])[] {
    return this.#structures
  }

  get values(): readonly string[] {
    return this.#values
  }

  /** Appends what the transcoder's dictionaries gained. */
  extend(structures: readonly (readonly string[])[], values: readonly string[]): void {
    for (const value of values) this.#values.push(value)
    for (const keys of structures) {
      this.#structures.push([...keys])
      this.#readers.push(this.#readerOf(keys, this.#readers.length))
    }
  }

  /** The object of the record that starts at `offset`. */
  read(bytes: Buffer, offset: number): object {
    return this.#source.read(bytes, offset)
  }

  /**
   * Code is generated when a structure turns out to recur: compiling takes as long as a dozen objects, and a batch may bring
   * hundreds of structures at once, most of them rare.
   */
  #readerOf(keys: readonly string[], id: number): ReadValue {
    const interpret = interpretReader(keys, this.#source.value, this.#freeze)
    if (!this.#codegen) return interpret
    let reads = 0
    return () => {
      if (++reads === readsBeforeCode) {
        this.#readers[id] = generateReader(keys, this.#source.value, this.#freeze)
      }
      return interpret()
    }
  }
}

const readsBeforeCode = 3

/** Whether this process may make code from text: not with --disallow-code-generation-from-strings, nor a CSP. */
function canGenerate(): boolean {
  try {
    return new Function('return true')() === true
  } catch {
    return false
  }
}

/** One function per structure: an object literal, so that V8 makes the object in one allocation with its final shape. */
function generateReader(keys: readonly string[], value: ReadValue, freeze: boolean): ReadValue {
  // JSON.stringify makes a safe string literal of any key; computed, because "__proto__": would set the prototype.
  const members = keys.map((key) => `${key === '__proto__' ? '["__proto__"]' : JSON.stringify(key)}:v()`)
  const literal = `{${members.join(',')}}`
  const body = `return function(){return ${freeze ? `f(${literal})` : `(${literal})`}}`
  return new Function('v', 'f', body)(value, Object.freeze)
}

function interpretReader(keys: readonly string[], value: ReadValue, freeze: boolean): ReadValue {
  return () => {
    const object: Record<string, unknown> = {}
    for (const key of keys) setOwn(object, key, value())
    return freeze ? Object.freeze(object) : object
  }
}

/** Objects shared by a reader that freezes. */
const sharedObjectsMax = 4096
const emptyObject: object = Object.freeze({})
const emptyArray: readonly unknown[] = Object.freeze([])

interface RecordSource {
  read(bytes: Buffer, offset: number): object
  /** The value at the cursor; moves it behind. Called by the structures' readers. */
  readonly value: ReadValue
}

/** The cursor lives in a closure, not in fields: generated code and this share it without a receiver. */
function makeSource(readers: readonly ReadValue[], values: readonly string[], freeze: boolean): RecordSource {
  let bytes: SliceableBytes = sliceable(Buffer.alloc(0))
  let at = 0
  let uidAt = 0
  let uidReads = 0
  const memos: StructureMemo[] = []
  const budget = new MemoBudget(sharedObjectsMax)
  let doubles = new DataView(bytes.buffer)

  function value(): unknown {
    const t = bytes[at++] as number
    if (t < 0x40) return t
    if (t < 0x60) return known((t & 31) | ((bytes[at++] as number) << 5))
    if (t < 0x80) {
      const id = (t & 31) | ((bytes[at++] as number) << 5)
      return freeze ? sharedStructure(id) : structure(id)
    }
    if (t >= 0xe0) return t - 256
    if (t >= 0xa0 && t < 0xc0) return text(t & 31)
    if (t < 0x90) return map(t & 15)
    if (t < 0xa0) return array(t & 15)
    return tagged(t)
  }

  function structure(id: number): unknown {
    const reader = readers[id]
    if (reader === undefined) throw formatError(at)
    return reader()
  }

  function sharedStructure(id: number): unknown {
    let memo = memos[id]
    if (memo === undefined) memos[id] = memo = new StructureMemo(budget)
    const start = at
    const found = memo.find(bytes, start)
    if (found !== undefined) {
      at = start + memo.length
      return found
    }
    const uids = uidReads
    const object = structure(id) as object
    // A uid reference means another uid in every record.
    if (uids === uidReads) memo.learn(bytes, start, at, object)
    return object
  }

  function known(id: number): string {
    const string = values[id]
    if (string === undefined) throw formatError(at)
    return string
  }

  function tagged(t: number): unknown {
    switch (t) {
      case 0xc0:
        return null
      case 0xc1: {
        const id = u16()
        if (id !== uidReference) return known(id)
        uidReads++
        return canonicalUid(bytes, uidAt)
      }
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xcb:
        at += 8
        return doubles.getFloat64(bytes.byteOffset + at - 8)
      case 0xcc:
        return bytes[at++]
      case 0xcd:
        return u16()
      case 0xce:
        return u32()
      case 0xd0:
        return ((bytes[at++] as number) << 24) >> 24
      case 0xd1:
        return (u16() << 16) >> 16
      case 0xd2:
        return u32() | 0
      case 0xd9:
        return text(bytes[at++] as number)
      case 0xda:
        return text(u16())
      case 0xdb:
        return text(u32())
      case 0xdc:
        return array(u16())
      case 0xdd:
        return array(u32())
      case 0xde:
        return map(u16())
      case 0xdf:
        return map(u32())
      default:
        throw formatError(at)
    }
  }

  function u16(): number {
    at += 2
    return ((bytes[at - 2] as number) << 8) | (bytes[at - 1] as number)
  }

  function u32(): number {
    return u16() * 65536 + u16()
  }

  function text(length: number): string {
    const start = at
    at += length
    return bytes.utf8Slice(start, at)
  }

  function array(count: number): readonly unknown[] {
    if (freeze && count === 0) return emptyArray
    if (count > bytes.length - at) throw formatError(at)
    const list = new Array<unknown>(count)
    for (let i = 0; i < count; i++) list[i] = value()
    return freeze ? Object.freeze(list) : list
  }

  function map(count: number): object {
    if (freeze && count === 0) return emptyObject
    const object: Record<string, unknown> = {}
    for (let i = 0; i < count; i++) {
      const key = value() as string
      setOwn(object, key, value())
    }
    return freeze ? Object.freeze(object) : object
  }

  function read(buffer: Buffer, offset: number): object {
    const body = offset + recordHeaderBytes
    const tail = tailOffset(buffer, offset)
    if (tail > buffer.length) throw formatError(offset)
    if (isRawJson(buffer, offset)) {
      const json = sliceable(buffer).utf8Slice(body, tail)
      const hasEscapedKeys = ((buffer[offset] as number) & recordFlags.escapedKeys) !== 0
      return (hasEscapedKeys ? parseJsonText(json, freeze) : parsePlainJson(json, freeze)) as object
    }
    if (buffer.buffer !== doubles.buffer) doubles = new DataView(buffer.buffer)
    bytes = sliceable(buffer)
    at = body
    uidAt = offset + recordOffsets.uid
    const object = value() as object
    // Reading behind the end yields undefined bytes, which end as a format error or here: never as a wrong object.
    if (at !== tail) throw formatError(at)
    return object
  }

  return { read, value }
}
