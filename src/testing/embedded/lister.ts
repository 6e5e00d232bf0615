import { type ContinueToken, encodeContinue } from './continue-token.ts'
import type { ListRequest } from './list-request.ts'
import type { ResourceStore } from './resource-store.ts'
import { selectObjects } from './selector.ts'
import { failures } from './status.ts'
import type { StoredObject } from './stored-object.ts'

/** One answer to a LIST. */
export interface ListPage {
  readonly items: readonly StoredObject[]
  readonly metadata: Readonly<Record<string, unknown>>
}

/** Answers a LIST from the store; the caller has waited for a version ahead of it. Throws 410 for what is forgotten. */
export function listPage(store: ResourceStore, request: ListRequest): ListPage {
  const { version, objects, after } = stateFor(store, request)
  const selects = selectObjects(request.namespace, request.labelSelector, request.fieldSelector)
  const start = after === undefined ? 0 : firstAfter(objects, after)
  if (request.limit === 0) {
    const rest = start === 0 ? objects : objects.slice(start)
    return {
      items: selects === undefined ? rest : rest.filter(selects),
      metadata: { resourceVersion: String(version) },
    }
  }
  const items: StoredObject[] = []
  let next = start
  while (next < objects.length && items.length < request.limit) {
    const object = objects[next++] as StoredObject
    if (selects === undefined || selects(object)) items.push(object)
  }
  const hasMore = selects === undefined ? next < objects.length : objects.slice(next).some(selects)
  if (!hasMore) return { items, metadata: { resourceVersion: String(version) } }
  const last = (items.at(-1) as StoredObject).key
  const isCounted = request.labelSelector === '' && request.fieldSelector === ''
  return {
    items,
    metadata: {
      resourceVersion: String(version),
      continue: encodeContinue({ version, after: last }),
      ...(isCounted && { remainingItemCount: remaining(objects, next, selects) }),
    },
  }
}

function remaining(
  objects: readonly StoredObject[],
  from: number,
  selects: ((object: StoredObject) => boolean) | undefined,
): number {
  if (selects === undefined) return objects.length - from
  let count = 0
  for (let i = from; i < objects.length; i++) if (selects(objects[i] as StoredObject)) count++
  return count
}

interface ListState {
  readonly version: number
  readonly objects: readonly StoredObject[]
  readonly after: string | undefined
}

function stateFor(store: ResourceStore, { wants, limit }: ListRequest): ListState {
  if (wants.kind === 'exact') {
    const objects = store.listAt(wants.version)
    if (objects === undefined) {
      throw failures.expired(
        'The resourceVersion for the provided list is too old to display a consistent list result.',
      )
    }
    return { version: wants.version, objects, after: undefined }
  }
  if (wants.kind === 'continue') return continued(store, wants.token)
  const version = store.version
  // Kept only if there will be further pages of it.
  const objects = limit > 0 ? (store.listAt(version) as readonly StoredObject[]) : store.list()
  return { version, objects, after: undefined }
}

function continued(store: ResourceStore, token: ContinueToken): ListState {
  const version = token.version ?? store.version
  const objects = version > store.version ? undefined : store.listAt(version)
  if (objects !== undefined) return { version, objects, after: token.after }
  throw failures.expired(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
    encodeContinue({ version: undefined, after: token.after }),
  )
}

/** Index of the first object whose key is above `key`; the list is in key order. */
function firstAfter(objects: readonly StoredObject[], key: string): number {
  let low = 0
  let high = objects.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((objects[middle] as StoredObject).key <= key) low = middle + 1
    else high = middle
  }
  return low
}
