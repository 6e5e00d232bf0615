import { createHash } from 'node:crypto'
import type { WatchTemplate } from '../engine/watch-session-options.ts'
import type { ConnectionMaterial } from '../protocol/messages.ts'
import type { SnapshotIdentity } from './snapshot-format.ts'

/** How a watch runs; whatever else a template holds decides what its records are. */
const indifferent: readonly string[] = ['bounds', 'timing', 'compression']

export function identityOf(
  resource: string,
  template: WatchTemplate,
  connection: ConnectionMaterial,
): SnapshotIdentity {
  const watch = Object.entries(template)
    .filter(([name]) => !indifferent.includes(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const ca = connection.tls?.ca
  return {
    resource,
    watch: JSON.stringify(watch),
    server: addressOf(connection.server),
    authorities: ca === undefined ? '' : createHash('sha256').update(ca.trim()).digest('hex'),
  }
}

/** The first part that differs, for the warning; undefined: the same. */
export function differenceOf(a: SnapshotIdentity, b: Partial<SnapshotIdentity>): string | undefined {
  if (a.resource !== b.resource) return `it holds ${String(b.resource)}, not ${a.resource}`
  if (a.watch !== b.watch) return 'it was made of another selection, of other fields or indices'
  if (a.server !== b.server) return `it is of the server ${String(b.server)}, not ${a.server}`
  if (a.authorities !== b.authorities) return 'it is of a server with other certificate authorities'
  return undefined
}

/** Without user and password: the file must hold no credentials. */
function addressOf(server: string): string {
  if (server === '') return ''
  const url = new URL(server)
  return `${url.origin}${url.pathname}`
}
