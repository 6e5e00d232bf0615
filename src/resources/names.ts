import { table, usualVerbs } from './table.ts'

/** What the paths of a resource are made of. */
export interface NamedResource {
  /** Empty for core. */
  readonly group: string
  readonly version: string
  /** Plural, as in paths. */
  readonly resource: string
}

/** One resource of the API, as discovery tells of it. */
export interface ResourceType extends NamedResource {
  readonly kind: string
  readonly namespaced: boolean
  readonly shortNames: readonly string[]
  readonly verbs: readonly string[]
}

/** Built-in resources, in the server's order of preference: `events` is core's, a group's preferred version first. */
export const knownResources: readonly ResourceType[] = Object.entries(table).flatMap(
  ([groupVersion, lines]) => {
    const [group, version] = groupVersion.split('/') as [string, string]
    return lines.map((line): ResourceType => {
      const [resource, kind, scope, ...rest] = line.split(' ') as [string, string, string, ...string[]]
      return {
        group,
        version,
        resource,
        kind,
        namespaced: scope === 'namespaced',
        shortNames: rest.filter((column) => !column.startsWith('-')),
        verbs: rest.some((column) => column.startsWith('-'))
          ? usualVerbs.filter((verb) => !rest.includes(`-${verb}`))
          : usualVerbs,
      }
    })
  },
)

const byPath = new Map(knownResources.map((type) => [collectionPath(type), type]))

/** undefined: not built in. */
export function knownResource(type: NamedResource): ResourceType | undefined {
  return byPath.get(collectionPath(type))
}

/** What the user typed, taken apart: `pods`, `deployments.apps`, `widgets.v1.example.com`, `pods.v1.` */
export interface ResourceName {
  /** Plural, singular, kind or short name. */
  readonly name: string
  /** undefined: any group. */
  readonly group: string | undefined
  readonly version: string | undefined
}

/** undefined: not a resource name at all. */
export function parseResourceName(text: string): ResourceName | undefined {
  if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[-a-z0-9]+)*\.?$/i.test(text)) return undefined
  const parts = text.split('.')
  const name = parts[0] as string
  if (parts.length === 1) return { name, group: undefined, version: undefined }
  const second = parts[1] as string
  const isVersion = /^v\d+((alpha|beta)\d+)?$/.test(second)
  const group = parts.slice(isVersion ? 2 : 1).join('.')
  return { name, group, version: isVersion ? second : undefined }
}

/** Whether `name` is one of the names of `type`: plural, singular (the kind in any case) or short. */
export function isNamed(type: ResourceType, name: string): boolean {
  const lower = name.toLowerCase()
  return type.resource === lower || type.kind.toLowerCase() === lower || type.shortNames.includes(lower)
}

/** Alpha and beta versions are there only where a server was told to serve them. */
export function isStable(version: string): boolean {
  return /^v\d+$/.test(version)
}

/**
 * A built-in resource by any of its names, without asking the server; undefined: discovery must tell, as it must of
 * versions that a server has only when told to.
 */
export function findKnownResource(text: string): ResourceType | undefined {
  const wanted = parseResourceName(text)
  if (wanted === undefined) return undefined
  return knownResources.find(
    (type) =>
      isNamed(type, wanted.name) &&
      (wanted.group === undefined || wanted.group === type.group) &&
      (wanted.version === undefined ? isStable(type.version) : wanted.version === type.version),
  )
}

/** `/api/v1/pods`, `/apis/apps/v1/namespaces/web/deployments`. */
export function collectionPath(type: NamedResource, namespace?: string): string {
  const parts = type.group === '' ? ['api', type.version] : ['apis', type.group, type.version]
  if (namespace) parts.push('namespaces', namespace)
  parts.push(type.resource)
  return `/${parts.map(encodeURIComponent).join('/')}`
}

/** For messages: `pods`, `apps/v1/deployments`. */
export function resourceLabel(type: NamedResource): string {
  return type.group === '' ? type.resource : `${type.group}/${type.version}/${type.resource}`
}
