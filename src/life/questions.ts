import { checkFunction } from '../base/check-options.ts'
import { isThenable } from '../base/thenable.ts'
import { invalidOption, wrongType } from '../errors.ts'
import type { Indexer } from '../indexer/indexer.ts'
import type { RefusedObject } from '../informer-stats.ts'
import { keyOf } from '../lister.ts'
import { fromWireError } from '../protocol/error-wire.ts'
import { uidText, version as versionAt, versionText } from '../protocol/record-header.ts'
import { isComparable, parseResourceVersion } from '../protocol/resource-version.ts'
import type { Question } from './cache-waits.ts'

/** An object as the API answered a create, update or patch: of any type, client-node's models included. */
export interface WrittenObject {
  readonly metadata?:
    | {
        readonly name?: string | undefined
        /** Left out for cluster-scoped resources. */
        readonly namespace?: string | undefined
        readonly uid?: string | undefined
        readonly resourceVersion?: string | undefined
      }
    | undefined
}

type Cache = Pick<
  Indexer,
  | 'cell'
  | 'get'
  | 'hasSynced'
  | 'isComparable'
  | 'listedGeneration'
  | 'resetGeneration'
  | 'safeVersion'
  | 'tombstones'
>

export interface QuestionsOptions {
  readonly resource: string
  readonly cache: Cache
  /** The newest refusal of a key. */
  readonly refusedOf: (key: string) => RefusedObject | undefined
}

/** What may be waited for in a cache, and when it has come. Each is a look at the cache as it is, and changes nothing. */
export class Questions {
  readonly #options: QuestionsOptions

  constructor(options: QuestionsOptions) {
    this.#options = options
  }

  /** @throws ERR_INVALID_OPTION */
  written(object: WrittenObject): Question<unknown> {
    const { resource, cache } = this.#options
    const { key, uid, resourceVersion } = factsOf(object)
    const version = parseResourceVersion(resourceVersion)
    const isOver = this.#afterReset()
    const isOurs = (): boolean => {
      const cell = cache.cell(key)
      return cell !== undefined && uidText(cell.slab.bytes, cell.offset) === uid
    }
    const ask = (sawEnd: boolean): { readonly answer: unknown } | undefined => {
      if (isOver()) return { answer: isOurs() ? cache.get(key) : undefined }
      const cell = cache.cell(key)
      if (cell !== undefined && cache.isComparable(key, cell)) {
        const { bytes } = cell.slab
        const isReached =
          versionAt(bytes, cell.offset) >= version || versionText(bytes, cell.offset) === resourceVersion
        if (isReached) return { answer: isOurs() ? cache.get(key) : undefined }
      }
      const refused = this.#options.refusedOf(key)
      if (refused !== undefined && parseResourceVersion(refused.resourceVersion) >= version)
        throw fromWireError(refused.error)
      if (cell !== undefined) return undefined
      // A version without an order says nothing of an end that comes now: it is taken for a later one.
      if (sawEnd && !isComparable(version)) return { answer: undefined }
      const isGone = (cache.tombstones.get(key) ?? Number.NaN) >= version || this.#holdsAllUpTo(version)
      return isGone ? { answer: undefined } : undefined
    }
    return { what: `${resource} ${key} at version ${resourceVersion}`, key, version, ask }
  }

  /** @throws ERR_INVALID_OPTION */
  resourceVersion(resourceVersion: string): Question<void> {
    const version = typeof resourceVersion === 'string' ? parseResourceVersion(resourceVersion) : Number.NaN
    if (typeof resourceVersion !== 'string')
      throw wrongType('resourceVersion', resourceVersion, 'must be the text of a version such as "1017"')
    if (!isComparable(version))
      throw invalidOption(
        'resourceVersion',
        resourceVersion,
        'must be a decimal number, others have no order',
      )
    const isOver = this.#afterReset()
    return {
      what: `${this.#options.resource} at version ${resourceVersion}`,
      version,
      ask: () => (isOver() || this.#holdsAllUpTo(version) ? { answer: undefined } : undefined),
    }
  }

  /** @throws ERR_INVALID_OPTION */
  predicate<T>(key: string, predicate: (object: T | undefined) => boolean): Question<T | undefined> {
    checkFunction('predicate', predicate)
    const { resource, cache } = this.#options
    const holds = (object: T | undefined): boolean => {
      // Absence is known only once there was a complete list.
      if (object === undefined && !cache.hasSynced) return false
      const answer: unknown = predicate(object)
      if (isThenable(answer)) {
        // Nobody else would hear of its rejection.
        Promise.resolve(answer).catch(() => {})
        throw wrongType('predicate', answer, 'must return a boolean: a promise is always true')
      }
      return Boolean(answer)
    }
    return {
      what: `${resource} ${key} as waited for`,
      key,
      ask: (sawEnd) => {
        if (sawEnd && holds(undefined)) return { answer: undefined }
        const object = cache.get(key) as T | undefined
        return holds(object) ? { answer: object } : undefined
      },
    }
  }

  /** A complete list was applied. */
  synced(): Question<void> {
    const { cache } = this.#options
    return { ask: () => (cache.hasSynced ? { answer: undefined } : undefined) }
  }

  /** A newer list than that of `generation` is complete. */
  listedAfter(generation: number): Question<void> {
    const { resource, cache } = this.#options
    const ask = (): { answer: undefined } | undefined =>
      cache.listedGeneration > generation ? { answer: undefined } : undefined
    return { what: `a new list of ${resource}`, ask }
  }

  /** For the error of a wait that has ended. */
  never(what: string): Question<never> {
    return { what: `${this.#options.resource} ${what}`, ask: () => undefined }
  }

  #holdsAllUpTo(version: ReturnType<typeof parseResourceVersion>): boolean {
    const { safeVersion } = this.#options.cache
    return safeVersion !== undefined && parseResourceVersion(safeVersion) >= version
  }

  /** Versions of before a declared reset mean nothing: what counts then is that its list is complete. */
  #afterReset(): () => boolean {
    const { cache } = this.#options
    const began = cache.resetGeneration
    return () => cache.resetGeneration !== began && cache.listedGeneration >= cache.resetGeneration
  }
}

/** @throws ERR_INVALID_OPTION */
export function factsOf(object: WrittenObject): { key: string; uid: string; resourceVersion: string } {
  const metadata: unknown = Reflect.get(Object(object), 'metadata')
  const text = (name: string): string => {
    const value: unknown = Reflect.get(Object(metadata), name)
    if (typeof value === 'string' && value !== '') return value
    const allowed = 'must be there: give the object as the API answered it'
    throw wrongType(`written.metadata.${name}`, value, allowed)
  }
  const namespace: unknown = Reflect.get(Object(metadata), 'namespace')
  const name = text('name')
  const isNamespaced = namespace !== undefined && namespace !== ''
  const key = keyOf(isNamespaced ? { name, namespace: text('namespace') } : { name })
  return { key, uid: text('uid'), resourceVersion: text('resourceVersion') }
}
