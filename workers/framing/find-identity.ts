import { MemberReader, stringAt } from './json-span.ts'

/** What could be read of an object that is too large, or cut: `key` is undefined unless it is certain. */
export interface FoundIdentity {
  readonly key: string | undefined
  readonly version: string
  /** It is a watch event that tells of the object's end. */
  readonly isDeleted: boolean
}

/**
 * Looks for `metadata` of the object that begins at the first `{` of `prefix` — or of the `object` member, if what
 * begins there is a watch event. Most servers write name, namespace and version long before anything that is large.
 */
export function findIdentity(prefix: Buffer): FoundIdentity {
  const outer = find(prefix, 0, ['object', 'metadata'])
  const metadata = outer?.key === 'object' ? find(prefix, outer.start, ['metadata']) : outer
  const isDeleted = outer?.key === 'object' && outer.type === 'DELETED'
  if (metadata === undefined) return { key: undefined, version: '', isDeleted }
  const members = new MemberReader(prefix, metadata.start, prefix.length)
  let name: string | undefined
  let namespace: string | undefined
  let resourceVersion: string | undefined
  while (members.next() && members.valueEnd >= 0) {
    const { key, valueStart, valueEnd } = members
    if (key === 'name') name = stringAt(prefix, valueStart, valueEnd)
    else if (key === 'namespace') namespace = stringAt(prefix, valueStart, valueEnd)
    else if (key === 'resourceVersion') resourceVersion = stringAt(prefix, valueStart, valueEnd)
  }
  // A cut object without namespace may have one behind the cut, save where the version stands already: namespace
  // comes before it both in the order of Go's struct and in that of the alphabet. A wrong key would name another object.
  const isWhole = members.state === 'closed' || namespace !== undefined || resourceVersion !== undefined
  const isKnown = name !== undefined && name !== '' && isWhole
  return {
    key: isKnown ? (namespace ? `${namespace}/${name}` : name) : undefined,
    version: resourceVersion ?? '',
    isDeleted,
  }
}

function find(
  bytes: Buffer,
  start: number,
  keys: readonly string[],
): { readonly key: string; readonly start: number; readonly type: string | undefined } | undefined {
  const members = new MemberReader(bytes, start, bytes.length)
  let type: string | undefined
  while (members.next()) {
    const { key, valueStart, valueEnd } = members
    if (keys.includes(key)) return { key, start: valueStart, type }
    if (key === 'type') type = stringAt(bytes, valueStart, valueEnd)
  }
  return undefined
}
