import { KubeInformerError } from '../errors.ts'
import {
  findKnownResource,
  isNamed,
  parseResourceName,
  type ResourceName,
  type ResourceType,
} from '../resources/names.ts'
import type { ApiClient } from './api-request.ts'

/**
 * A resource by the name a user typed. Built-in ones cost no request; others are looked up in the server's discovery.
 * Rejects with ERR_UNKNOWN_RESOURCE, or with what the request failed with.
 */
export async function resolveResource(
  text: string,
  client: ApiClient,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ResourceType> {
  const known = findKnownResource(text)
  if (known !== undefined) return known
  const wanted = parseResourceName(text)
  if (wanted === undefined) throw unknown(text)
  for (const { group, version } of await candidates(wanted, client, options.signal)) {
    const types = await resourcesOf(group, version, client, options.signal)
    const found = types.find((type) => isNamed(type, wanted.name))
    if (found !== undefined) return found
  }
  throw unknown(text)
}

interface GroupVersion {
  readonly group: string
  readonly version: string
}

/** Group versions to search, in the server's order of preference; as few requests as the name allows. */
async function candidates(
  wanted: ResourceName,
  client: ApiClient,
  signal: AbortSignal | undefined,
): Promise<readonly GroupVersion[]> {
  if (wanted.group === '') return [{ group: '', version: wanted.version ?? 'v1' }]
  if (wanted.group !== undefined && wanted.version !== undefined) {
    return [{ group: wanted.group, version: wanted.version }]
  }
  const list = (await client.getJson('/apis', { signal })) as { readonly groups?: readonly ApiGroup[] }
  const found: GroupVersion[] = wanted.group === undefined ? [{ group: '', version: 'v1' }] : []
  for (const group of list.groups ?? []) {
    if (wanted.group !== undefined && group.name !== wanted.group) continue
    const preferred = group.preferredVersion?.version
    // All versions, the preferred one first: a resource may be served only in another one.
    const versions = (group.versions ?? []).map((each) => each.version)
    for (const version of new Set(preferred === undefined ? versions : [preferred, ...versions])) {
      if (wanted.version === undefined || wanted.version === version)
        found.push({ group: group.name, version })
    }
  }
  return found
}

interface ApiGroup {
  readonly name: string
  readonly preferredVersion?: { readonly version: string }
  readonly versions?: readonly { readonly version: string }[]
}

interface ApiResource {
  readonly name: string
  readonly kind: string
  readonly namespaced: boolean
  readonly singularName?: string
  readonly shortNames?: readonly string[]
  readonly verbs?: readonly string[]
}

async function resourcesOf(
  group: string,
  version: string,
  client: ApiClient,
  signal: AbortSignal | undefined,
): Promise<readonly ResourceType[]> {
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  let list: { readonly resources?: readonly ApiResource[] }
  try {
    list = (await client.getJson(path, { signal })) as { readonly resources?: readonly ApiResource[] }
  } catch (error) {
    // A group without its backend (an aggregated API that is down) must not hide the others.
    const code = error instanceof KubeInformerError ? error.code : undefined
    if (code === 'ERR_NOT_FOUND' || code === 'ERR_API_STATUS') return []
    throw error
  }
  return (list.resources ?? [])
    .filter((each) => !each.name.includes('/') && (each.verbs?.includes('watch') ?? true))
    .map((each) => ({
      group,
      version,
      resource: each.name,
      kind: each.kind,
      namespaced: each.namespaced,
      shortNames: [...(each.shortNames ?? []), ...(each.singularName ? [each.singularName] : [])],
      verbs: each.verbs ?? [],
    }))
}

function unknown(text: string): KubeInformerError {
  return new KubeInformerError('ERR_UNKNOWN_RESOURCE', `no resource "${text}" in this API server`, {
    facts: { resource: text },
  })
}
