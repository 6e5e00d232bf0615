import { Audit, type AuditResult, type JsonObject } from '../../src/cli/audit.ts'
import { Fold } from '../../src/cli/fold.ts'
import type { KubernetesObject, Lister } from '../../src/index.ts'

const path = '/api/v1/pods'

/**
 * Holds the cache against the server's plain list: every object deeply equal, none missing, none extra; and the
 * handler's fold, where one was kept, against the cache. The caller has stopped all changes and let them arrive.
 */
export async function auditCache(
  server: string,
  lister: Lister<KubernetesObject>,
  fold: Fold | undefined,
): Promise<AuditResult> {
  const cached = new Map<string, KubernetesObject>()
  for (const object of lister.list()) {
    cached.set(`${object.metadata.namespace}/${object.metadata.name}`, object)
  }
  const result = new Audit({
    cache: cached,
    fold: fold ?? foldOf(cached),
    dropFields: ['metadata.managedFields'],
  })
  let token = ''
  do {
    const query = new URLSearchParams({ limit: '500', ...(token !== '' && { continue: token }) })
    const address = `${server}${path}?${query}`
    // The server may close an idle connection at the moment it is used again.
    const response = await fetch(address).catch(() => fetch(address))
    if (!response.ok) throw new Error(`list: ${response.status} ${await response.text()}`)
    const page = (await response.json()) as { items: JsonObject[]; metadata: { continue?: string } }
    result.compare(page.items)
    token = page.metadata.continue ?? ''
  } while (token !== '')
  return result.finish()
}

/** Without a handler's fold its part of the audit says nothing, and cannot fail. */
function foldOf(cached: ReadonlyMap<string, KubernetesObject>): Fold {
  const fold = new Fold()
  for (const [key, { metadata }] of cached) fold.apply('add', key, metadata.uid, metadata.resourceVersion)
  return fold
}
