import type { ApiClient } from '../config/api-request.ts'
import { collectionPath, type ResourceType } from '../resources/names.ts'
import { type JsonObject, keyOfItem } from './audit.ts'
import type { Fold } from './fold.ts'

export interface Collection {
  readonly type: ResourceType
  readonly namespace: string | undefined
  readonly labelSelector: string | undefined
}

const pageSize = 1_000

/** The server's plain LIST, page by page: independent of everything the engine does. */
export async function* listPages(
  client: ApiClient,
  { type, namespace, labelSelector }: Collection,
): AsyncGenerator<readonly JsonObject[], undefined> {
  let next: string | undefined
  do {
    const query = new URLSearchParams({ limit: String(pageSize) })
    if (labelSelector !== undefined) query.set('labelSelector', labelSelector)
    if (next !== undefined) query.set('continue', next)
    const page = (await client.getJson(`${collectionPath(type, namespace)}?${query}`, {
      bodyBytesMax: 512 * 1024 * 1024 - 1024,
    })) as { readonly metadata?: { readonly continue?: string }; readonly items?: readonly JsonObject[] }
    yield page.items ?? []
    next = page.metadata?.continue || undefined
  } while (next !== undefined)
}

/** Whether a listener was told exactly what the server lists: key, uid, version. Cheap: no object is unpacked. */
export async function isFoldAtServer(
  client: ApiClient,
  collection: Collection,
  fold: Fold,
): Promise<boolean> {
  let count = 0
  let isSame = true
  for await (const items of listPages(client, collection)) {
    for (const item of items) {
      const { uid, resourceVersion } = item['metadata'] as { uid: string; resourceVersion: string }
      const told = fold.get(keyOfItem(item))
      count++
      isSame &&= told?.uid === uid && told.resourceVersion === resourceVersion
    }
    if (!isSame) return false
  }
  return count === fold.size
}
