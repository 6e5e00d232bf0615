import { canonicalUid, isRawJson, recordLength, tailOffset } from './record-header.ts'
import { recordHeaderBytes, recordOffsets, uidReference } from './record-layout.ts'
import {
  arrayHead,
  formatError,
  type Head,
  mapHead,
  type StringSpan,
  scalarBytes,
  spanString,
} from './record-scalar.ts'

/** What references of an epoch mean. */
export interface ExpandSource {
  readonly structures: readonly (readonly string[])[]
  readonly values: readonly string[]
}

/**
 * The record at `offset`, with every reference replaced by what it refers to: readable with any epoch's dictionaries or
 * none, its body and tail plain MessagePack. So that one object that never changes does not keep a whole epoch alive.
 * The result is larger; header, columns and labels stay what they are.
 */
export function expandRecord(bytes: Buffer, offset: number, source: ExpandSource): Buffer {
  return new Expander(bytes, offset, source).record()
}

class Expander {
  readonly #bytes: Buffer
  readonly #offset: number
  readonly #source: ExpandSource
  #out: Buffer
  #to = 0
  #at: number
  #labelsAt = 0
  readonly #head: Head = { count: 0, start: 0 }
  readonly #span: StringSpan = { start: 0, length: 0, id: -1, end: 0 }

  constructor(bytes: Buffer, offset: number, source: ExpandSource) {
    this.#bytes = bytes
    this.#offset = offset
    this.#source = source
    this.#out = Buffer.allocUnsafe(4096)
    this.#at = offset + recordHeaderBytes
  }

  record(): Buffer {
    const bytes = this.#bytes
    const start = this.#offset
    const tail = tailOffset(bytes, start)
    const end = start + recordLength(bytes, start)
    this.#copy(start, start + recordHeaderBytes)
    if (isRawJson(bytes, start)) {
      this.#copy(this.#at, tail)
      this.#at = tail
    } else this.#value()
    if (this.#at !== tail) throw formatError(this.#at)
    const newTail = this.#to
    while (this.#at < end) this.#value()
    this.#out.writeUInt32LE(newTail, recordOffsets.tail)
    this.#out.writeUInt32LE(this.#labelsAt, recordOffsets.labels)
    return Buffer.from(this.#out.subarray(0, this.#to))
  }

  #value(): void {
    const bytes = this.#bytes
    const at = this.#at
    const t = bytes[at] as number
    const scalar = scalarBytes(t)
    if (spanString(bytes, at, this.#span)) this.#string()
    else if (scalar >= 0) {
      this.#copy(at, at + 1 + scalar)
      this.#at += 1 + scalar
    } else if (t >= 0x60 && t < 0x80) this.#structure()
    else if (arrayHead(bytes, at, this.#head)) {
      const { count, start } = this.#head
      this.#copy(at, start)
      this.#at = start
      for (let i = 0; i < count; i++) this.#value()
    } else if (mapHead(bytes, at, this.#head)) {
      const { count, start } = this.#head
      if (at - this.#offset === bytes.readUInt32LE(this.#offset + recordOffsets.labels))
        this.#labelsAt = this.#to
      this.#copy(at, start)
      this.#at = start
      for (let i = 0; i < count * 2; i++) this.#value()
    } else throw formatError(at)
  }

  #structure(): void {
    const at = this.#at
    const id = ((this.#bytes[at] as number) & 31) | ((this.#bytes[at + 1] as number) << 5)
    const keys = this.#source.structures[id]
    if (keys === undefined) throw formatError(at)
    this.#at += 2
    this.#room(3)
    if (keys.length < 16) this.#out[this.#to++] = 0x80 | keys.length
    else {
      this.#out[this.#to] = 0xde
      this.#to = this.#out.writeUInt16BE(keys.length, this.#to + 1)
    }
    for (const key of keys) {
      this.#text(key)
      this.#value()
    }
  }

  #string(): void {
    const { id, end } = this.#span
    if (id < 0) this.#copy(this.#at, end)
    else if (id === uidReference) {
      this.#text(canonicalUid(this.#bytes, this.#offset + recordOffsets.uid))
    } else {
      const text = this.#source.values[id]
      if (text === undefined) throw formatError(this.#at)
      this.#text(text)
    }
    this.#at = end
  }

  #text(text: string): void {
    const length = Buffer.byteLength(text)
    this.#room(length + 5)
    const out = this.#out
    if (length < 32) out[this.#to++] = 0xa0 | length
    else if (length < 256) {
      out[this.#to++] = 0xd9
      out[this.#to++] = length
    } else {
      out[this.#to] = 0xdb
      this.#to = out.writeUInt32BE(length, this.#to + 1)
    }
    this.#to += out.write(text, this.#to)
  }

  #copy(start: number, end: number): void {
    this.#room(end - start)
    this.#to += this.#bytes.copy(this.#out, this.#to, start, end)
  }

  #room(bytes: number): void {
    if (this.#to + bytes <= this.#out.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#out.length * 2, this.#to + bytes))
    this.#out.copy(grown, 0, 0, this.#to)
    this.#out = grown
  }
}
