import { inspect } from 'node:util'
import { KubeInformerError } from '../errors.ts'
import { canonicalUid, uidText, versionText } from '../protocol/record-header.ts'
import { recordFlags, recordOffsets } from '../protocol/record-layout.ts'
import type { VersionCell } from '../protocol/record-store.ts'
import type { ChangeCause } from './change-sink.ts'
import type { ChangeFacts } from './handlers.ts'

/** What events need of the listener they belong to. */
export interface EventReader<E> {
  readonly signal: AbortSignal
  /** The frozen object of a cell that the caller uses. */
  read(cell: VersionCell<E>): unknown
}

const scratch = Buffer.alloc(16)

/**
 * What a handler is called with; see AddEvent and its siblings for the contract.
 *
 * Holds a use of its cells until {@link expire}. uid and version are kept as numbers, since the record may be gone when
 * they are asked for, and making two strings for every event would cost as much as the rest of a delivery.
 */
export class ChangeEvent<E> implements ChangeFacts {
  readonly type: 'add' | 'update' | 'delete'
  readonly key: string
  readonly cause: ChangeCause
  readonly isInInitialList: boolean
  readonly finalStateUnknown: boolean
  readonly receivedAtMs: number
  readonly #reader: EventReader<E>
  #cell: VersionCell<E> | undefined
  #old: VersionCell<E> | undefined
  #object: unknown = undefined
  #oldObject: unknown = undefined
  #version: number | string
  #uid: string | undefined = undefined
  #uid0 = 0
  #uid1 = 0
  #uid2 = 0
  #uid3 = 0

  constructor(
    reader: EventReader<E>,
    type: 'add' | 'update' | 'delete',
    key: string,
    cell: VersionCell<E>,
    old: VersionCell<E> | undefined,
    cause: ChangeCause,
    isInInitialList: boolean,
    finalStateUnknown: boolean,
    receivedAtMs: number,
  ) {
    this.#reader = reader
    this.type = type
    this.key = key
    this.#cell = cell
    this.#old = old
    this.cause = cause
    this.isInInitialList = isInInitialList
    this.finalStateUnknown = finalStateUnknown
    this.receivedAtMs = receivedAtMs
    const { bytes } = cell.slab
    const { offset } = cell
    const flags = bytes[offset] as number
    this.#version =
      (flags & recordFlags.versionText) === 0
        ? bytes.readDoubleLE(offset + recordOffsets.version)
        : versionText(bytes, offset)
    if ((flags & recordFlags.uidText) === 0) {
      this.#uid0 = int32(bytes, offset + recordOffsets.uid)
      this.#uid1 = int32(bytes, offset + recordOffsets.uid + 4)
      this.#uid2 = int32(bytes, offset + recordOffsets.uid + 8)
      this.#uid3 = int32(bytes, offset + recordOffsets.uid + 12)
    } else this.#uid = uidText(bytes, offset)
  }

  get namespace(): string | undefined {
    const slash = this.key.indexOf('/')
    return slash < 0 ? undefined : this.key.slice(0, slash)
  }

  get name(): string {
    return this.key.slice(this.key.indexOf('/') + 1)
  }

  get uid(): string {
    if (this.#uid === undefined) {
      scratch.writeInt32LE(this.#uid0, 0)
      scratch.writeInt32LE(this.#uid1, 4)
      scratch.writeInt32LE(this.#uid2, 8)
      scratch.writeInt32LE(this.#uid3, 12)
      this.#uid = canonicalUid(scratch, 0)
    }
    return this.#uid
  }

  get resourceVersion(): string {
    return String(this.#version)
  }

  get signal(): AbortSignal {
    return this.#reader.signal
  }

  get object(): unknown {
    return (this.#object ??= this.#read(this.#cell))
  }

  /** undefined unless this is an update. */
  get oldObject(): unknown {
    if (this.type !== 'update') return undefined
    // A resync tells of one version twice: the same object, not two equal ones.
    if (this.#old === this.#cell && this.#old !== undefined) return this.object
    return (this.#oldObject ??= this.#read(this.#old))
  }

  /** For logs: the facts, and of the objects what was read already; looking at an event must not unpack or leak one. */
  toJSON(): object {
    const { type, key, namespace, name, uid, resourceVersion, cause, isInInitialList, finalStateUnknown } =
      this
    return {
      ...{ type, key, namespace, name, uid, resourceVersion, cause, isInInitialList, finalStateUnknown },
      ...(this.#object !== undefined && { object: this.#object }),
      ...(this.#oldObject !== undefined && { oldObject: this.#oldObject }),
    }
  }

  /** The call ended, its uses go: what was not read can no longer be. */
  expire(release: (cell: VersionCell<E>) => void): void {
    const cell = this.#cell
    const old = this.#old
    if (cell === undefined) return
    // Both getters give the same object of a resync, whichever was read.
    if (old === cell) this.#oldObject = this.#object
    this.#cell = this.#old = undefined
    release(cell)
    if (old !== undefined && old !== cell) release(old)
  }

  #read(cell: VersionCell<E> | undefined): unknown {
    if (cell !== undefined) return this.#reader.read(cell)
    throw new KubeInformerError(
      'ERR_EVENT_EXPIRED',
      `${this.type} of ${this.key}: the object can be read first while the handler's call runs (in a loop: until it asks for the next change); read it before, or get it from the lister`,
    )
  }
}

// console.log would show neither getters nor private fields: no namespace, name, uid, version.
Object.defineProperty(ChangeEvent.prototype, inspect.custom, {
  value(this: ChangeEvent<unknown>): object {
    return this.toJSON()
  },
})

function int32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  )
}
