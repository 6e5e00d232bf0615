import { KubeInformerError } from '../src/errors.ts'
import type { DictionaryEpoch } from '../src/protocol/dictionary-epoch.ts'
import { sameUid, uidText } from '../src/protocol/record-header.ts'
import type { Slab, VersionCell } from '../src/protocol/record-store.ts'
import { parseResourceVersion, type ResourceVersion } from '../src/protocol/resource-version.ts'
import type { DeltaSink } from './delta.ts'
import type { DeltaQueue } from './delta-queue.ts'
import { type FoundIdentity, findIdentity } from './framing/find-identity.ts'
import { type JsonTranscoder, maxRecordBytes } from './transcode/json-transcoder.ts'
import type { Transform, Transformed } from './transform.ts'

export interface RefusedObject {
  readonly key: string | undefined
  readonly resourceVersion: string
  readonly bytes: number
  readonly error: KubeInformerError
  /** List generation in which it came. */
  readonly generation: number
}

export interface IntakeOptions {
  readonly transcoder: JsonTranscoder
  readonly queue: DeltaQueue<DictionaryEpoch>
  readonly nowMs: () => number
  /** An object was refused; its key is stamped if it could be read, so that main keeps the last good state. */
  readonly onRefused: (refused: RefusedObject) => void
}

/** From object bytes to the queue: transcodes straight into the queue's slab, so a record is written once. */
export class Intake implements DeltaSink {
  readonly #options: IntakeOptions
  /** What every object goes through first. To be set before the first one. */
  transform: Transform | undefined
  /** When the chunk that is being read arrived; one clock reading per chunk, not per object. */
  #chunkAtMs = 0

  constructor(options: IntakeOptions) {
    this.#options = options
  }

  chunkStarts(): void {
    this.#chunkAtMs = this.#options.nowMs()
  }

  object(kind: 'upsert' | 'deleted', bytes: Buffer, start: number, end: number): void {
    const made = this.transform?.apply(bytes, start, end, this.#options.transcoder.typeMeta)
    // Without JSON it had nothing to work on: the transcoder says what is wrong.
    if (made === undefined) this.#take(kind, bytes, start, end)
    else if ('bytes' in made) this.#take(kind, made.bytes, 0, made.bytes.length)
    else this.#refuseMade(kind, made, end - start)
  }

  #take(kind: 'upsert' | 'deleted', bytes: Buffer, start: number, end: number): void {
    const { transcoder, queue } = this.#options
    const slab = queue.store.reserve(transcoder.prepare(), maxRecordBytes(end - start))
    let recordEnd: number
    try {
      recordEnd = transcoder.transcode(bytes, start, end, slab.bytes, slab.usedBytes)
    } catch (error) {
      const key = transcoder.key === '' ? undefined : transcoder.key
      this.#refuse(error, end - start, {
        key,
        version: transcoder.versionText,
        isDeleted: kind === 'deleted',
      })
      return
    }
    const length = recordEnd - slab.usedBytes
    queue.offer(
      kind === 'deleted',
      transcoder.key,
      transcoder.version,
      slab,
      length,
      sameUidAsTail,
      this.#chunkAtMs,
    )
  }

  typeMeta(apiVersion: string, kind: string): void {
    this.#options.transcoder.typeMeta = { apiVersion, kind }
  }

  lastVersion(): ResourceVersion {
    return this.#options.transcoder.version
  }

  lastVersionText(): string | undefined {
    const text = this.#options.transcoder.versionText
    return text === '' ? undefined : text
  }

  listStart(reset: boolean): number {
    return this.#options.queue.listStart(reset)
  }

  listEnd(version: ResourceVersion, _versionText?: string, knownVersion: ResourceVersion = version): void {
    this.#options.transcoder.typeMeta = undefined
    this.#options.queue.listEnd(version, knownVersion)
  }

  listAbort(): void {
    this.#options.transcoder.typeMeta = undefined
    this.#options.queue.listAbort()
  }

  bookmark(version: ResourceVersion): void {
    this.#options.queue.bookmark(version)
  }

  watchStart(version: ResourceVersion): void {
    this.#options.queue.watchStart(version)
  }

  /** A frame that was refused before it was decoded: `prefix` may tell whose it was. */
  refused(error: KubeInformerError, bytes: number, prefix: Buffer): void {
    this.#refuse(error, bytes, findIdentity(prefix))
  }

  /** Its identity alone goes through the transcoder, which is asked for the last version by whoever gave the object. */
  #refuseMade(
    kind: 'upsert' | 'deleted',
    made: Extract<Transformed, { error: unknown }>,
    bytes: number,
  ): void {
    const { transcoder, queue } = this.#options
    const { error, identity } = made
    const slab = queue.store.reserve(transcoder.prepare(), maxRecordBytes(identity.length))
    try {
      transcoder.transcode(identity, 0, identity.length, slab.bytes, slab.usedBytes)
    } catch {
      // It lacks something: what it has is read all the same.
    }
    const key = transcoder.key === '' ? undefined : transcoder.key
    this.#refuse(error, bytes, { key, version: transcoder.versionText, isDeleted: kind === 'deleted' })
  }

  #refuse(error: unknown, bytes: number, { key, version, isDeleted }: FoundIdentity): void {
    const { queue, onRefused } = this.#options
    // It was named when it came first; named again behind the end of that object it would stay so.
    if (queue.isRepeat(parseResourceVersion(version))) return
    if (isDeleted && key !== undefined && version !== '') {
      const end = endOf(key, version)
      this.#take('deleted', end, 0, end.length)
      return
    }
    if (key !== undefined) queue.stampRefused(key)
    const coded =
      error instanceof KubeInformerError
        ? error
        : new KubeInformerError('ERR_INTERNAL', 'the transcoder failed', { cause: error })
    onRefused({ key, resourceVersion: version, bytes, error: coded, generation: queue.generation })
  }
}

const unreadUid = 'unread'

/**
 * The end of an object whose final state cannot be read: without it main would keep what it has for ever. The uid is
 * that of no object, so main tells what it has as the last known state, `finalStateUnknown`.
 */
function endOf(key: string, resourceVersion: string): Buffer {
  const slash = key.indexOf('/')
  const namespace = slash < 0 ? undefined : key.slice(0, slash)
  const metadata = { name: key.slice(slash + 1), namespace, uid: unreadUid, resourceVersion }
  return Buffer.from(JSON.stringify({ metadata }))
}

function sameUidAsTail(
  cell: VersionCell<DictionaryEpoch>,
  slab: Slab<DictionaryEpoch>,
  offset: number,
): boolean {
  const { bytes } = cell.slab
  // An end that could not be read may have been of this very object: main judges by what it has.
  return sameUid(bytes, cell.offset, slab.bytes, offset) || uidText(bytes, cell.offset) === unreadUid
}
