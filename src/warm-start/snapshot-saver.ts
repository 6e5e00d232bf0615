import { checkNames, checkSignal, checkType } from '../base/check-options.ts'
import type { Engine } from '../engine/engine.ts'
import type { WatchTemplate } from '../engine/watch-session-options.ts'
import { invalidOption, KubeInformerError } from '../errors.ts'
import type { Indexer } from '../indexer/indexer.ts'
import { isComparable, parseResourceVersion } from '../protocol/resource-version.ts'
import type { RefusedObjects } from '../refused-objects.ts'
import { SnapshotFile } from './snapshot-file.ts'
import { fileBytesMax, type SnapshotHeader, type SnapshotIdentity, unsaved } from './snapshot-format.ts'
import { SnapshotWriter } from './snapshot-writer.ts'
import { checkFileName } from './warm-start-file.ts'

/** Of `informer.saveSnapshot()`. */
export interface SaveSnapshotOptions {
  /** Gives it up; what the file was before stays. */
  readonly signal?: AbortSignal
  /** Secrets are written as they are, to be read by whoever gets the file. @default false */
  readonly includeSecrets?: boolean
}

export interface SnapshotSaverOptions {
  readonly engine: Pick<Engine, 'runtime' | 'slicer'>
  readonly resource: string
  readonly template: WatchTemplate
  readonly cache: Indexer
  readonly refused: RefusedObjects
}

const secretsPath = /^\/api\/v1\/(?:namespaces\/[^/]+\/)?secrets$/

/** Saves one cache, when it can be saved. */
export class SnapshotSaver {
  readonly #options: SnapshotSaverOptions
  readonly #saving = new Set<Promise<void>>()
  #isClosed = false

  constructor(options: SnapshotSaverOptions) {
    this.#options = options
  }

  /**
   * The file says: everything up to S is in here, S being the safe version at the beginning. What is written later may
   * be newer than S, since the cache goes on. A watch from S repeats everything above S, so for each key:
   * - written in a version above S: its events up to that version are dropped as old, whatever their uid; the end of a
   *   predecessor under the same name is older than the version we have, and is dropped, too;
   * - gone before its turn came: it is not in the file; its events since S add it, and end with its Deleted;
   * - written, and gone later: its Deleted is above the version we have, and ends it;
   * - re-created: whichever of the two was written, the Deleted of the first and the new one's Added are both above S;
   *   they replace the first, or are older than the second.
   * All this needs the history from S on, whole and in one order. A list means that it may be neither: what the sweep
   * drops is told by no event if the list comes from a restored etcd. So a list that begins meanwhile ends the save.
   */
  save(file: string, identity: SnapshotIdentity | undefined, options: SaveSnapshotOptions): Promise<void> {
    const saving = this.#save(file, identity, options)
    this.#saving.add(saving)
    const forget = (): void => void this.#saving.delete(saving)
    saving.then(forget, forget)
    return saving
  }

  /** Ends what is being saved, and resolves when nothing of it goes on. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.allSettled(this.#saving)
  }

  async #save(
    file: string,
    identity: SnapshotIdentity | undefined,
    options: SaveSnapshotOptions,
  ): Promise<void> {
    const { cache, engine, template } = this.#options
    const { runtime, slicer } = engine
    checkFileName('file', file)
    checkNames('', options, ['signal', 'includeSecrets'])
    checkSignal('signal', options.signal)
    checkType('includeSecrets', options.includeSecrets, 'boolean')
    if (template.source === undefined && secretsPath.test(template.path) && options.includeSecrets !== true) {
      throw invalidOption('includeSecrets', options.includeSecrets, 'Secrets are saved with true only')
    }
    this.#refuseIfEnded(options.signal)
    const header = this.#header(identity)
    const generation = cache.generationMax
    const output = await SnapshotFile.create(file).catch((error: unknown) => {
      throw failureOf(error)
    })
    try {
      const writer = new SnapshotWriter(output, {
        header,
        cells: cache.cells(),
        leftOut: new Set(header.refused.map(({ key }) => key ?? '')),
        slicer,
        nowMs: () => runtime.nowMs(),
        check: () => {
          this.#refuseIfEnded(options.signal)
          if (cache.generationMax !== generation) throw unsaved('listing', 'a list began meanwhile')
        },
      })
      await writer.write()
      await output.publish()
    } catch (error) {
      await output.discard()
      throw failureOf(error)
    }
  }

  #header(identity: SnapshotIdentity | undefined): SnapshotHeader {
    const { cache, refused, engine } = this.#options
    const { safeVersion } = cache
    if (!cache.hasSynced || identity === undefined)
      throw unsaved('not-synced', 'the cache has held no complete list')
    if (safeVersion === undefined) throw unsaved('listing', 'the resource is being listed anew')
    if (!isComparable(parseResourceVersion(safeVersion))) {
      throw unsaved('versions', "the server's versions have no order")
    }
    if (cache.store.liveBytes > fileBytesMax) throw unsaved('too-large', 'the cache is too large for a file')
    const named = refused.list()
    if (refused.isFull || named.some(({ key }) => key === undefined)) {
      throw unsaved('refused', 'objects were refused that cannot all be named')
    }
    return { identity, safeVersion, refused: named, savedAtMs: Math.round(engine.runtime.nowMs()) }
  }

  #refuseIfEnded(signal: AbortSignal | undefined): void {
    if (this.#isClosed) {
      throw new KubeInformerError('ERR_CLOSED', `${this.#options.resource}: the informer is closed`)
    }
    if (signal?.aborted === true) throw unsaved('aborted', 'the signal was aborted', signal.reason)
  }
}

function failureOf(error: unknown): KubeInformerError {
  return error instanceof KubeInformerError ? error : unsaved('io', 'the file cannot be written', error)
}
