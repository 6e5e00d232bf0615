import type { ResourceType } from '../../resources/names.ts'

/** The answer to a discovery path, undefined if it is none. Pure: from the types served now. */
export function discover(path: string, types: readonly ResourceType[]): unknown {
  if (path === '/version')
    return { major: '1', minor: '36', gitVersion: 'v1.36.0-embedded', platform: 'node' }
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] }
  if (path === '/apis') {
    return {
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: groupsOf(types).map((name) => groupOf(name, types)),
    }
  }
  const parts = path.split('/').slice(1)
  if (parts[0] === 'api' && parts.length === 2) return resourceList('', parts[1] as string, types)
  if (parts[0] !== 'apis') return undefined
  if (parts.length === 2 && groupsOf(types).includes(parts[1] as string)) {
    return { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(parts[1] as string, types) }
  }
  return parts.length === 3 ? resourceList(parts[1] as string, parts[2] as string, types) : undefined
}

function groupsOf(types: readonly ResourceType[]): string[] {
  return [...new Set(types.map((type) => type.group))].filter((group) => group !== '')
}

function groupOf(name: string, types: readonly ResourceType[]): Record<string, unknown> {
  const versions = [...new Set(types.filter((type) => type.group === name).map((type) => type.version))].map(
    (version) => ({ groupVersion: `${name}/${version}`, version }),
  )
  return { name, versions, preferredVersion: versions[0] }
}

function resourceList(group: string, version: string, types: readonly ResourceType[]): unknown {
  const served = types.filter((type) => type.group === group && type.version === version)
  if (served.length === 0) return undefined
  return {
    kind: 'APIResourceList',
    ...(group !== '' && { apiVersion: 'v1' }),
    groupVersion: group === '' ? version : `${group}/${version}`,
    resources: served.flatMap(({ resource, kind, namespaced, shortNames, verbs }) => [
      {
        name: resource,
        singularName: kind.toLowerCase(),
        namespaced,
        kind,
        verbs,
        ...(shortNames.length > 0 && { shortNames }),
      },
      { name: `${resource}/status`, singularName: '', namespaced, kind, verbs: ['get', 'patch', 'update'] },
    ]),
  }
}
