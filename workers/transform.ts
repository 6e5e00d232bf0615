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
    let doing = 'threw'
    try {
      const returned = this.#function(object)
      doing = 'made an object without JSON'
      const made = this.#bytesOf(returned, identity, { apiVersion, kind })
      if (Buffer.isBuffer(made)) return { bytes: made }
      doing = made
    } catch (error) {
      return refused(doing, identity, error)
    }
    return refused(doing, identity)
  }

  /** A string says what is wrong with it. Throws what its getters throw, and what has no JSON. */
  #bytesOf(returned: unknown, identity: Identity, type: Record<string, unknown>): Buffer | string {
    if (!isRecord(returned)) {
      const what =
        returned === null
          ? 'null'
          : Array.isArray(returned)
            ? 'an array'
            : `a value of type ${typeof returned}`
      return `gave ${what}: it must return the object`
    }
    if (isThenable(returned)) {
      // Nobody waits for it, and its rejection would end the thread.
      Promise.resolve(returned).catch(() => {})
      return 'gave a promise: it must be synchronous'
    }
    // Plain copies: a getter that answers differently the second time would be checked as one object and written as another.
    // Selected or not, its type is always kept: from a list, the transcoder would put it back, from an event not.
    const made: Record<string, unknown> = { ...type, ...returned }
    const metadata = isRecord(made['metadata']) ? { ...made['metadata'] } : {}
    const changed = identityFields.find((field) => metadata[field] !== identity[field])
    if (changed !== undefined) return `changed metadata.${changed}`
    if (isFunction(made['toJSON']) || isFunction(metadata['toJSON'])) {
      return 'made an object with a toJSON: another would be written in its place'
    }
    made['metadata'] = metadata
    const bytes = Buffer.from(JSON.stringify(made))
    if (bytes.length <= this.#bytesMax) return bytes
    return `made an object of ${bytes.length} bytes, frameBytesMax is ${this.#bytesMax}`
  }
}

type Identity = Readonly<Record<(typeof identityFields)[number], unknown>>

const identityFields = ['name', 'namespace', 'uid', 'resourceVersion'] as const

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

function isFunction(value: unknown): boolean {
  return typeof value === 'function'
}

function refused(what: string, identity: Identity, cause?: unknown): Transformed {
  return {
    error: new KubeInformerError('ERR_TRANSFORM', `the transform ${what}`, { cause }),
    identity: Buffer.from(JSON.stringify({ metadata: identity })),
  }
}
