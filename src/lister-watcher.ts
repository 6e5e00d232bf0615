import type { KubernetesObject } from './kubernetes-object.ts'

/**
 * The least that a source's objects are typed with: client-node's models and objects of one's own fit. At run time name,
 * uid and resourceVersion must be there; an object without them is refused and named.
 */
export interface SourceObject {
  readonly metadata?:
    | {
        readonly name?: string | undefined
        readonly namespace?: string | undefined
        readonly uid?: string | undefined
        readonly resourceVersion?: string | undefined
      }
    | undefined
}

/**
 * What a list is asked for; names and meaning are the API's own. Unknown ones may be ignored, `resourceVersion` and
 * `continue` may not. A member is there with a value or not at all, so that they can be passed on as they are.
 */
export interface SourceListOptions {
  /** `''`: as new as the source is now. */
  readonly resourceVersion?: string
  readonly resourceVersionMatch?: string
  readonly limit?: number
  /**
   * What the page before gave as `metadata.continue`; version and match are left out then. Give the page after it, or
   * never give a token: a list that answers with the token it was asked with is refused, and retried with backoff.
   */
  readonly continue?: string
  /** The same, by the name that client-node's calls have for it. */
  readonly _continue?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  /** Aborts when nobody wants the answer any more. */
  readonly signal: AbortSignal
}

export interface SourceWatchOptions {
  /** Events after this version; what the last list or event said. */
  readonly resourceVersion: string
  /** The source may end the watch after so long; it is opened again then. */
  readonly timeoutSeconds?: number
  readonly allowWatchBookmarks?: boolean
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly signal: AbortSignal
}

/**
 * A list as the API writes it, or as client-node's calls return it. `continue` (or client-node's `_continue`): there is
 * another page, which is asked for with this token. Without a `resourceVersion` it is refused: nothing could be watched
 * from it.
 */
export interface SourceList<T> {
  readonly apiVersion?: string | undefined
  readonly kind?: string | undefined
  readonly metadata?:
    | {
        readonly resourceVersion?: string | undefined
        readonly continue?: string | undefined
        readonly _continue?: string | undefined
      }
    | undefined
  readonly items: readonly T[]
}

/** `BOOKMARK`: an object with nothing but its version. `ERROR`: a Status; `code: 410` asks for a new list. */
export type SourceEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | {
      readonly type: 'BOOKMARK'
      readonly object: { readonly metadata: { readonly resourceVersion: string } }
    }
  | { readonly type: 'ERROR'; readonly object: unknown }

/**
 * Where objects come from, when it is not the API server itself: client-go's ListerWatcher.
 *
 * Both functions are called on the thread that made the informer, one request at a time (`verify()` lists beside the watch). A rejection is a fault: it is
 * retried with backoff; its `code` or `statusCode`, a number, is taken for an HTTP status (410: list anew; 403, 404: as
 * from a server). A watch that ends is opened again after the last version it told; objects must carry
 * `metadata.resourceVersion` and `metadata.uid`, and a watch must tell every change after the version it is given, or
 * end with an ERROR of code 410.
 *
 * @example
 * const jobs: ListerWatcher<V1Job> = {
 *   list: (options) => batchApi.listJobForAllNamespaces(options),
 *   watch: ({ signal, ...query }) => readEvents('/apis/batch/v1/jobs', query, signal),
 * }
 */
export interface ListerWatcher<T extends SourceObject = KubernetesObject> {
  list(options: SourceListOptions): Promise<SourceList<T>>
  watch(options: SourceWatchOptions): AsyncIterable<SourceEvent<T>> | Promise<AsyncIterable<SourceEvent<T>>>
}
