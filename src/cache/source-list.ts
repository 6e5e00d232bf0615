import { KubeInformerError } from '../errors.ts'
import type { SourceList } from '../lister-watcher.ts'
import { resourceVersionOf } from './object-keys.ts'

/** What a list says, once it is known to be one. */
export interface ListFacts<T> {
  readonly items: readonly T[]
  readonly version: string
  readonly continueToken: string
}

/** @throws ERR_UNEXPECTED_BODY */
export function factsOf<T>(list: SourceList<T>): ListFacts<T> {
  if (list?.kind === 'Table') throw unexpected('it is a Table')
  // An empty list of Go's may be null.
  const items = list?.items ?? []
  if (!Array.isArray(items)) throw unexpected('items is no array')
  const version = resourceVersionOf(list)
  if (version === '') throw unexpected('it has no metadata.resourceVersion')
  // client-node's lists carry it under another name; missing it would lose all pages but the first.
  const token: unknown = list.metadata?.continue ?? list.metadata?._continue
  return { items, version, continueToken: typeof token === 'string' ? token : '' }
}

/**
 * An expired page is answered with one unpaged list, as client-go does: to go on with a fresh token would mix versions,
 * and nothing downstream compares those.
 */
export function withoutToken(error: KubeInformerError): KubeInformerError {
  const { continueToken, ...facts } = error.facts
  if (continueToken === undefined) return error
  return new KubeInformerError(error.code, error.message, { facts, cause: error })
}

export function unexpected(what: string): KubeInformerError {
  return new KubeInformerError('ERR_UNEXPECTED_BODY', `not what Kubernetes gives: ${what}`)
}
