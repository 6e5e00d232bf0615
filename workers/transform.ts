import { isUtf8 } from 'node:buffer'
import { isThenable } from '../src/base/thenable.ts'
import { KubeInformerError } from '../src/errors.ts'
import type { TypeMeta } from './transcode/raw-record.ts'

export type TransformFunction = (object: Record<string, unknown>) => unknown

export type Transformed =
  | { readonly bytes: Buffer }
  /** `identity`: an object with no more than its name, namespace, uid and version. */
  | { readonly error: KubeInformerError; readonly identity: Buffer }

/**
 * One object's JSON through a user's function, JSON again. Whatever the function does is this object's fault alone:
 * the stream goes on.
 */
export class Transform {
  readonly #function: TransformFunction
  readonly #bytesMax: number

  constructor(transform: TransformFunction, bytesMax: number) {
    this.#function = transform
    this.#bytesMax = bytesMax
  }

  /** undefined: it is no valid JSON object, and no function's to see. */
  apply(
    source: Buffer,
    start: number,
    end: number,
    typeMeta: Partial<TypeMeta> | undefined,
  ): Transformed | undefined {
    const parsed = parse(source.subarray(start, end))
    if (parsed === undefined) return undefined
    // Items of a list come without; a function must not have to know whether an object came in a list.
    const object = { ...typeMeta, ...parsed }
    const { apiVersion, kind } = object
    // Before the call: it may well change the object that it is given.
    const identity = identityOf(object)
    try {
      const made = checked(this.#call(object), identity)
      // Selected or not, both are always kept: from a list, the transcoder would put them back, from an event not.
      const text = JSON.stringify({
        ...(!('apiVersion' in made) && { apiVersion }),
        ...(!('kind' in made) && { kind }),
        ...made,
      })
      const bytes = Buffer.from(text)
      if (bytes.length <= this.#bytesMax) return { bytes }
      throw fault(`made an object of ${bytes.length} bytes, frameBytesMax is ${this.#bytesMax}`)
    } catch (error) {
      const coded = error instanceof KubeInformerError ? error : fault('made an object without JSON', error)
      return { error: coded, identity: Buffer.from(JSON.stringify({ metadata: identity })) }
    }
  }

  #call(object: Record<string, unknown>): unknown {
    try {
      return this.#function(object)
    } catch (error) {
      throw fault('threw', error)
    }
  }
}

type Identity = Readonly<Record<(typeof identityFields)[number], unknown>>

const identityFields = ['name', 'namespace', 'uid', 'resourceVersion'] as const

/** @throws ERR_TRANSFORM for what cannot take the place of the object */
function checked(made: unknown, identity: Identity): Record<string, unknown> {
  if (!isRecord(made)) {
    const what = made === null ? 'null' : Array.isArray(made) ? 'an array' : `a value of type ${typeof made}`
    throw fault(`gave ${what}: it must return the object`)
  }
  if (isThenable(made)) {
    // Nobody waits for it, and its rejection would end the thread.
    Promise.resolve(made).catch(() => {})
    throw fault('gave a promise: it must be synchronous')
  }
  const own = identityOf(made)
  const changed = identityFields.find((field) => own[field] !== identity[field])
  if (changed !== undefined) throw fault(`changed metadata.${changed}`)
  return made
}

function identityOf({ metadata }: Record<string, unknown>): Identity {
  const { name, namespace, uid, resourceVersion } = isRecord(metadata) ? metadata : {}
  return { name, namespace, uid, resourceVersion }
}

/** Invalid UTF-8 would pass, put right, and is refused elsewhere as what it is. */
function parse(bytes: Buffer): Record<string, unknown> | undefined {
  if (!isUtf8(bytes)) return undefined
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function fault(what: string, cause?: unknown): KubeInformerError {
  return new KubeInformerError('ERR_TRANSFORM', `the transform ${what}`, { cause })
}
