import type { KubernetesObject } from './kubernetes-object.ts'

/** What a list is asked for; names and meaning are the API's own. Unknown ones may be ignored, `resourceVersion` may not. */
export interface SourceListOptions {
  /** `''`: as new as the source is now. */
  readonly resourceVersion?: string
  readonly resourceVersionMatch?: string
  readonly limit?: number
  /** Of the page before; version and match are left out then. */
  readonly continue?: string
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

/** A list as the API writes it. `continue`: there is another page. */
export interface SourceList<T> {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string }
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
 * Both functions are called on the thread that made the informer, one request at a time. A rejection is a fault: it is
 * retried with backoff; its `code` or `statusCode`, a number, is taken for an HTTP status (410: list anew; 403, 404: as
 * from a server). A watch that ends is opened again after the last version it told; objects must carry
 * `metadata.resourceVersion` and `metadata.uid`, and a watch must tell every change after the version it is given, or
 * end with an ERROR of code 410.
 *
 * @example
 * const jobs: ListerWatcher<V1Job> = {
 *   list: ({ continue: token, limit }) => batchApi.listJobForAllNamespaces({ _continue: token, limit }),
 *   async *watch({ resourceVersion, signal }) {
 *     yield* readEvents(`/apis/batch/v1/jobs?watch=1&resourceVersion=${resourceVersion}`, signal)
 *   },
 * }
 */
export interface ListerWatcher<T extends KubernetesObject = KubernetesObject> {
  list(options: SourceListOptions): Promise<SourceList<T>>
  watch(options: SourceWatchOptions): AsyncIterable<SourceEvent<T>> | Promise<AsyncIterable<SourceEvent<T>>>
}
