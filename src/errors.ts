import { inspect } from 'node:util'

/**
 * Every error of this package: a stable `code`, facts fixed where it is made, a `cause` where there is one.
 * Messages may change in any release, codes only in a major one.
 */
export type ErrorCode =
  | 'ERR_INVALID_JSON'
  | 'ERR_INVALID_UTF8'
  | 'ERR_TOO_DEEP'
  | 'ERR_FRAME_TOO_LARGE'
  | 'ERR_OBJECT_IDENTITY'
  | 'ERR_TRANSFORM'
  | 'ERR_UNEXPECTED_BODY'
  | 'ERR_RECORD_FORMAT'
  | 'ERR_CONNECTION'
  | 'ERR_SILENT_CONNECTION'
  | 'ERR_LIST_TIMEOUT'
  | 'ERR_STREAM_ENDED'
  | 'ERR_API_STATUS'
  | 'ERR_UNAUTHORIZED'
  | 'ERR_FORBIDDEN'
  | 'ERR_NOT_FOUND'
  | 'ERR_VERSION_EXPIRED'
  | 'ERR_VERSION_TOO_LARGE'
  | 'ERR_THROTTLED'
  | 'ERR_SOURCE_FAILED'
  | 'ERR_TRANSFORM_LOAD'
  | 'ERR_NODE_VERSION'
  | 'ERR_INVALID_OPTION'
  | 'ERR_INVALID_SELECTOR'
  | 'ERR_KUBECONFIG'
  | 'ERR_CREDENTIALS'
  | 'ERR_UNKNOWN_RESOURCE'
  | 'ERR_UNKNOWN_INDEX'
  | 'ERR_INDEX_BUILDING'
  | 'ERR_INDEX_CONFLICT'
  | 'ERR_SOURCE_CONFLICT'
  | 'ERR_HANDLER_CONFLICT'
  | 'ERR_CLOSED'
  | 'ERR_CONCURRENT_NEXT'
  | 'ERR_CACHE_SYNC'
  | 'ERR_SNAPSHOT'
  | 'ERR_WARM_START'
  | 'ERR_WORKER_DIED'
  | 'ERR_WORKER_START'
  | 'ERR_EVENT_EXPIRED'
  | 'ERR_INTERNAL'

export const errorCodes: Readonly<
  Record<ErrorCode, { readonly canRetry: boolean; readonly meaning: string }>
> = {
  // Input that is refused. The object, frame or option is named; the stream goes on.
  ERR_INVALID_JSON: { canRetry: false, meaning: 'bytes are not one valid JSON object' },
  ERR_INVALID_UTF8: { canRetry: false, meaning: 'bytes are not valid UTF-8' },
  ERR_TOO_DEEP: { canRetry: false, meaning: 'an object nests deeper than 1,000 levels' },
  ERR_FRAME_TOO_LARGE: {
    canRetry: false,
    meaning: 'a watch event or list item is larger than frameBytesMax',
  },
  ERR_OBJECT_IDENTITY: { canRetry: false, meaning: 'an object has no readable name, uid or resourceVersion' },
  ERR_TRANSFORM: { canRetry: false, meaning: 'a transform threw, or did not give the object back' },
  ERR_UNEXPECTED_BODY: {
    canRetry: true,
    meaning: 'the server answered with something that is not the Kubernetes API',
  },
  // Records.
  ERR_RECORD_FORMAT: { canRetry: true, meaning: 'a batch does not fit the dictionaries it names' },
  // Server and network.
  ERR_CONNECTION: { canRetry: true, meaning: 'the API server could not be reached, or the connection broke' },
  ERR_SILENT_CONNECTION: {
    canRetry: true,
    meaning: 'no byte arrived for longer than silenceMs, or bytes alone and no event five times as long',
  },
  ERR_LIST_TIMEOUT: { canRetry: true, meaning: 'a page of a list did not end in watchListTotalMs' },
  ERR_STREAM_ENDED: { canRetry: true, meaning: 'a stream ended before it was complete' },
  ERR_API_STATUS: { canRetry: true, meaning: 'the API server answered with a Status error' },
  ERR_UNAUTHORIZED: { canRetry: true, meaning: 'the API server did not accept the credentials (401)' },
  ERR_FORBIDDEN: { canRetry: true, meaning: 'the credentials lack permission (403)' },
  ERR_NOT_FOUND: { canRetry: true, meaning: 'the API server does not have this resource (404)' },
  ERR_VERSION_EXPIRED: { canRetry: true, meaning: 'the resourceVersion is too old (410)' },
  ERR_VERSION_TOO_LARGE: {
    canRetry: true,
    meaning: 'the API server is behind the resourceVersion asked for (504)',
  },
  ERR_THROTTLED: { canRetry: true, meaning: 'the API server asks for fewer requests (429)' },
  ERR_TRANSFORM_LOAD: { canRetry: true, meaning: 'the module of a transform cannot be loaded' },
  ERR_SOURCE_FAILED: { canRetry: true, meaning: 'a user-supplied list or watch function failed' },
  // Configuration and use.
  ERR_NODE_VERSION: { canRetry: false, meaning: 'this Node is older than the package needs' },
  ERR_INVALID_OPTION: { canRetry: false, meaning: 'an option is unknown, out of range or contradictory' },
  ERR_INVALID_SELECTOR: { canRetry: false, meaning: 'a label selector does not parse' },
  ERR_KUBECONFIG: { canRetry: false, meaning: 'the kubeconfig cannot be read or lacks what is needed' },
  ERR_CREDENTIALS: { canRetry: true, meaning: 'credentials could not be loaded or refreshed' },
  ERR_UNKNOWN_RESOURCE: { canRetry: false, meaning: 'no such resource in this API server' },
  ERR_UNKNOWN_INDEX: { canRetry: false, meaning: 'no index of this name' },
  ERR_INDEX_BUILDING: { canRetry: true, meaning: 'an index does not hold yet what was cached before it' },
  ERR_INDEX_CONFLICT: { canRetry: false, meaning: 'an index of this name exists with another definition' },
  ERR_SOURCE_CONFLICT: { canRetry: false, meaning: 'a source of this name exists with other functions' },
  ERR_HANDLER_CONFLICT: { canRetry: false, meaning: 'a private informer has a registration already' },
  ERR_CLOSED: {
    canRetry: false,
    meaning: 'the engine, factory, informer, registration or snapshot is closed',
  },
  ERR_CONCURRENT_NEXT: { canRetry: true, meaning: 'a loop over changes was asked for two changes at once' },
  ERR_CACHE_SYNC: {
    canRetry: true,
    meaning: 'caches did not hold what was waited for when the signal aborted',
  },
  ERR_SNAPSHOT: {
    canRetry: true,
    meaning: 'a snapshot of a cache could not be saved; `facts.reason` says why',
  },
  ERR_WARM_START: {
    canRetry: false,
    meaning: 'a snapshot is not used, and the informer starts cold; `facts.reason` says why',
  },
  // Threads and handlers.
  ERR_WORKER_DIED: { canRetry: true, meaning: 'a worker thread ended unexpectedly' },
  ERR_WORKER_START: { canRetry: true, meaning: 'a watch was not acknowledged by its worker in time' },
  ERR_EVENT_EXPIRED: {
    canRetry: false,
    meaning: "an event's object was read for the first time after its handler call had ended",
  },
  ERR_INTERNAL: { canRetry: true, meaning: 'a broken invariant of this package; please report it' },
}

/** Extra facts, all of them plain data so that they cross threads. Never a secret, never an object's content. */
export interface ErrorFacts {
  readonly status?: number
  readonly reason?: string
  readonly retryAfterMs?: number
  /** A 410 on a page of a list may carry a token to go on with. */
  readonly continueToken?: string
  /** Request fields that the causes of a refusal name. */
  readonly fields?: readonly string[]
  readonly resource?: string
  readonly option?: string
  readonly position?: number
  readonly pending?: readonly {
    readonly resource: string
    readonly state: string
    readonly lastError?: string
  }[]
}

const brand = 'kube-informer.error'

export class KubeInformerError extends Error {
  override readonly name: string = 'KubeInformerError'
  readonly code: ErrorCode
  /** Whether the engine (or a caller) may try the same thing again. */
  readonly canRetry: boolean
  readonly facts: ErrorFacts

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; facts?: ErrorFacts } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.canRetry = errorCodes[code].canRetry
    this.facts = options.facts ?? {}
    Object.defineProperty(this, Symbol.for(brand), { value: true })
  }

  // By brand, so that it works across copies of this package and errors revived from another thread.
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && Symbol.for(brand) in value
  }
}

/** Any value, also one that has no JSON and no string: a failure to print it would hide what is wrong. */
export function printed(value: unknown): string {
  const limits = { depth: 1, maxArrayLength: 5, maxStringLength: 100, breakLength: Number.POSITIVE_INFINITY }
  return inspect(value, { ...limits, customInspect: false })
}

/** Strings stand as they are; for quotes around them there is {@link printed}. */
export function invalidOption(option: string, value: unknown, allowed: string): KubeInformerError {
  const text = typeof value === 'string' ? value : printed(value)
  const message = `option ${option}: ${text} is refused: ${allowed}`
  return new KubeInformerError('ERR_INVALID_OPTION', message, { facts: { option } })
}

/** Without the value: whatever stands in the wrong place may be a token. */
export function wrongType(option: string, value: unknown, allowed: string): KubeInformerError {
  const type = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
  const message = `option ${option}: a value of type ${type} is refused: ${allowed}`
  return new KubeInformerError('ERR_INVALID_OPTION', message, { facts: { option } })
}

/** Without the value: it may be a token that was given one level too high. */
export function unknownOption(option: string, known: readonly string[]): KubeInformerError {
  const message = `option ${option} is refused: no such option; known are ${known.join(', ')}`
  return new KubeInformerError('ERR_INVALID_OPTION', message, { facts: { option } })
}
