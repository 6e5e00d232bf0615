import { textOf, valueEnd } from './json-range.ts'

/** Whose frame this was, from its first bytes: objects carry `metadata` early, and in it name, namespace, version. */
export function findIdentity(prefix: Buffer): { readonly key: string | undefined; readonly version: string } {
  const metadata = prefix.indexOf('"metadata":{')
  const none = { key: undefined, version: '' }
  if (metadata < 0) return none
  // Members of metadata itself: maps nested in it (labels may hold a "name") are stepped over.
  const found = new Map<string, string>()
  let at = metadata + '"metadata":{'.length
  while (prefix[at] === 0x22) {
    const nameEnd = valueEnd(prefix, at, prefix.length)
    const name = nameEnd < 0 ? undefined : textOf(prefix, at, nameEnd)
    if (name === undefined || prefix[nameEnd] !== 0x3a) break
    const end = valueEnd(prefix, nameEnd + 1, prefix.length)
    if (end < 0) break
    const text = textOf(prefix, nameEnd + 1, end)
    if (text !== undefined) found.set(name, text)
    at = prefix[end] === 0x2c ? end + 1 : end
  }
  const name = found.get('name')
  const namespace = found.get('namespace')
  if (name === undefined) return none
  return {
    key: namespace === undefined ? name : `${namespace}/${name}`,
    version: found.get('resourceVersion') ?? '',
  }
}
