import type { ConnectionMaterial } from '../protocol/messages.ts'
import { parseProxy } from './proxy-address.ts'

/** Not confidential, and common words among them: an error without them would tell nothing. */
const open = /^(user-agent|accept|impersonate-.*)$/i

/** Texts of the material that must stand in no message, whoever sends them back. */
export function secretsOf({ headers, proxyUrl }: ConnectionMaterial): readonly string[] {
  const values = Object.entries(headers).flatMap(([name, value]) => (open.test(name) ? [] : value))
  return [...values.flatMap(partsOf), ...proxySecrets(proxyUrl)]
}

/** `Bearer x`: x, too. `Basic x`: user and password as well. */
function partsOf(value: string): readonly string[] {
  const [, scheme = '', rest = ''] = /^(\S+) +(.+)$/.exec(value) ?? []
  if (scheme.toLowerCase() !== 'basic') return [rest === '' ? value : rest]
  const pair = Buffer.from(rest, 'base64').toString('utf8')
  return [rest, pair, pair.slice(pair.indexOf(':') + 1)]
}

function proxySecrets(proxyUrl: string | undefined): readonly string[] {
  if (proxyUrl === undefined) return []
  try {
    return parseProxy(proxyUrl).secrets
  } catch {
    // Connecting says why.
    return []
  }
}
