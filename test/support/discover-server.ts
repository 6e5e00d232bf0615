import type { DiscoveredResource } from '../../scripts/discovery-file.ts'
import type { KubeClient } from './kube-client.ts'

/** All that a server's discovery tells of, subresources left out; in its order. */
export async function discoverServer(
  client: KubeClient,
): Promise<readonly Omit<DiscoveredResource, 'isServedByDefault'>[]> {
  const { groups } = await getJson<GroupList>(client, '/apis')
  const groupVersions = groups.flatMap(({ name, versions }) =>
    versions.map(({ version }) => ({ group: name, version })),
  )
  const found: Omit<DiscoveredResource, 'isServedByDefault'>[] = []
  for (const { group, version } of [{ group: '', version: 'v1' }, ...groupVersions]) {
    const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
    const { resources } = await getJson<ResourceList>(client, path)
    for (const { name, singularName, kind, namespaced, shortNames, verbs } of resources) {
      if (name.includes('/')) continue
      const rest = { ...(shortNames && { shortNames }), verbs }
      found.push({ group, version, name, singularName, kind, namespaced, ...rest })
    }
  }
  return found
}

interface GroupList {
  readonly groups: readonly {
    readonly name: string
    readonly versions: readonly { readonly version: string }[]
  }[]
}

interface ResourceList {
  readonly resources: readonly Omit<DiscoveredResource, 'group' | 'version' | 'isServedByDefault'>[]
}

async function getJson<T>(client: KubeClient, path: string): Promise<T> {
  const { status, body } = await client.request('GET', path)
  if (status !== 200) throw new Error(`GET ${path}: ${status} ${body}`)
  return JSON.parse(body) as T
}
