import type { ResourceType } from '../../resources/names.ts'
import type { Change } from './history.ts'
import type { ObjectForm } from './media-type.ts'
import { metadataBytes } from './metadata-bytes.ts'
import type { Predicate } from './selector.ts'
import { editStored, type StoredObject } from './stored-object.ts'

/** Bytes are gathered up to here before they are written: one system call for many events. */
export const chunkBytesMax: number = 256 * 1024

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED'

/** Gathers events or list items in one buffer, which grows as needed. */
export class ChunkBuilder {
  #buffer: Buffer
  #length = 0

  constructor(bytes: number = 16 * 1024) {
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(bytes, 1))
  }

  get length(): number {
    return this.#length
  }

  /** Whether a further object of this length should wait for the next chunk. The first one is always taken. */
  isFullFor(bytes: number): boolean {
    return this.#length > 0 && this.#length + bytes > chunkBytesMax
  }

  append(bytes: Buffer): void {
    if (this.#length + bytes.length > this.#buffer.length) this.#grow(this.#length + bytes.length)
    this.#length += bytes.copy(this.#buffer, this.#length)
  }

  /** A view: after the next `clear` and `append` it shows other bytes. */
  view(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  clear(): void {
    this.#length = 0
  }

  #grow(bytes: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(bytes, Math.min(2 * this.#buffer.length, chunkBytesMax)))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}

/** How objects of one resource look on the wire. */
export class EventEncoder {
  readonly #type: ResourceType
  readonly #isBuiltIn: boolean
  readonly #heads: Readonly<Record<EventType, Buffer>>
  readonly #itemHead: Buffer
  readonly #typed: string
  readonly #form: ObjectForm

  constructor(type: ResourceType, isBuiltIn: boolean, form: ObjectForm = 'whole') {
    this.#type = type
    this.#isBuiltIn = isBuiltIn
    this.#form = form
    const apiVersion = JSON.stringify(type.group === '' ? type.version : `${type.group}/${type.version}`)
    const kind = JSON.stringify(type.kind)
    this.#typed = isBuiltIn
      ? `"kind":${kind},"apiVersion":${apiVersion}`
      : `"apiVersion":${apiVersion},"kind":${kind}`
    const head = (event: EventType): Buffer =>
      Buffer.from(`{"type":"${event}","object":{${this.#typed},`, 'utf8')
    this.#heads = { ADDED: head('ADDED'), MODIFIED: head('MODIFIED'), DELETED: head('DELETED') }
    // A real list has its built-in items without their type, and those of a custom resource with it.
    const isTyped = !isBuiltIn || form === 'metadata'
    this.#itemHead = Buffer.from(isTyped ? `{${this.#typed},` : '{', 'utf8')
  }

  /** The same resource, of every object its metadata alone. */
  static ofMetadata(type: ResourceType): EventEncoder {
    const partial = { group: 'meta.k8s.io', version: 'v1', kind: 'PartialObjectMetadata', resource: '' }
    return new EventEncoder({ ...type, ...partial }, true, 'metadata')
  }

  event(chunk: ChunkBuilder, type: EventType, object: StoredObject): void {
    chunk.append(this.#heads[type])
    chunk.append(this.#bodyOf(object))
    chunk.append(eventEnd)
  }

  item(chunk: ChunkBuilder, object: StoredObject, isFirst: boolean): void {
    if (!isFirst) chunk.append(comma)
    chunk.append(this.#itemHead)
    chunk.append(this.#bodyOf(object))
  }

  object(object: StoredObject): Buffer {
    return Buffer.concat([Buffer.from(`{${this.#typed},`, 'utf8'), this.#bodyOf(object)])
  }

  #bodyOf({ body }: StoredObject): Buffer {
    return this.#form === 'whole' ? body : metadataBytes(body)
  }

  bookmark(version: number, isInitialEventsEnd: boolean): string {
    const annotations = isInitialEventsEnd ? ',"annotations":{"k8s.io/initial-events-end":"true"}' : ''
    const rest =
      this.#isBuiltIn && this.#type.resource === 'pods' ? ',"spec":{"containers":null},"status":{}' : ''
    return `{"type":"BOOKMARK","object":{${this.#typed},"metadata":{"resourceVersion":"${version}","creationTimestamp":null${annotations}}${rest}}}\n`
  }

  /** What stands before and after the items of a list. */
  listFrame(metadata: Readonly<Record<string, unknown>>): { readonly head: string; readonly tail: string } {
    const { group, version, kind } = this.#type
    const apiVersion = JSON.stringify(group === '' ? version : `${group}/${version}`)
    const listKind = JSON.stringify(`${kind}List`)
    if (this.#isBuiltIn) {
      return {
        head: `{"kind":${listKind},"apiVersion":${apiVersion},"metadata":${JSON.stringify(metadata)},"items":[`,
        tail: ']}\n',
      }
    }
    return {
      head: `{"apiVersion":${apiVersion},"items":[`,
      tail: `],"kind":${listKind},"metadata":${JSON.stringify(metadata)}}\n`,
    }
  }
}

const comma = Buffer.from(',')
const eventEnd = Buffer.from('}\n')

/**
 * What a watcher with a selector is told of a change; undefined: nothing.
 * An object that leaves the selection is DELETED in its last selected state, at the version of the change.
 */
export function selectChange(
  change: Change,
  selects: Predicate | undefined,
): { readonly type: EventType; readonly object: StoredObject } | undefined {
  if (selects === undefined) return change
  const was = change.previous !== undefined && selects(change.previous)
  const is = change.type !== 'DELETED' && selects(change.object)
  if (is) return { type: was ? 'MODIFIED' : 'ADDED', object: change.object }
  if (!was) return undefined
  const last = change.type === 'DELETED' ? change.object : (change.previous as StoredObject)
  return {
    type: 'DELETED',
    object: last.version === change.version ? last : editStored(last, change.version),
  }
}
