/** A request path under /api or /apis, taken apart. */
export interface Route {
  readonly group: string
  readonly version: string
  readonly resource: string
  /** undefined: all namespaces, or a cluster-scoped resource. */
  readonly namespace: string | undefined
  /** undefined: the collection. */
  readonly name: string | undefined
  readonly subresource: string | undefined
}

/** undefined: no path of a resource. Throws URIError for a broken escape. */
export function parseRoute(path: string): Route | undefined {
  const parts = path.split('/').slice(1).map(decodeURIComponent)
  if (parts.some((part) => part === '')) return undefined
  const root = parts.shift()
  if (root !== 'api' && root !== 'apis') return undefined
  const group = root === 'api' ? '' : parts.shift()
  const version = parts.shift()
  if (group === undefined || version === undefined || parts.length === 0 || parts.length > 5) return undefined
  // /namespaces/x is the Namespace x; /namespaces/x/pods are the pods in it; /namespaces/x/status belongs to x.
  const isScoped =
    parts[0] === 'namespaces' &&
    parts.length >= 3 &&
    !(group === '' && namespaceSubresources.has(parts[2] as string))
  const namespace = isScoped ? (parts[1] as string) : undefined
  const [resource, name, subresource, ...rest] = isScoped ? parts.slice(2) : parts
  if (resource === undefined || rest.length > 0) return undefined
  return { group, version, resource, namespace, name, subresource }
}

const namespaceSubresources = new Set(['status', 'finalize'])
