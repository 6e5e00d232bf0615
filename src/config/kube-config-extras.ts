import { isAbsolute, join } from 'node:path'
import { isRecord } from './json-value.ts'

/** One of the lists of a kubeconfig, as client-node keeps it. */
type Named = readonly { readonly name: string }[]

/**
 * What client-node leaves out of a kubeconfig: token files, groups, uid and extra of an impersonation, the extension
 * for credential plugins; and paths of token files and plugins, which are relative to the file. `raw` is the file as
 * parsed, `config` what client-node made of it, and gets what is missing.
 */
export function addExtras(
  config: { readonly users: Named; readonly clusters: Named },
  raw: unknown,
  directory: string,
): void {
  const absolute = (path: unknown): unknown =>
    typeof path === 'string' && path !== '' && !isAbsolute(path) ? join(directory, path) : path
  for (const { name, body } of entries(raw, 'users', 'user')) {
    const user = config.users.find((each) => each.name === name)
    if (user === undefined) continue
    const { exec } = body
    const command = isRecord(exec) ? exec['command'] : undefined
    Object.assign(user, {
      tokenFile: absolute(body['tokenFile'] ?? body['token-file']),
      impersonateGroups: body['as-groups'],
      impersonateUid: body['as-uid'],
      impersonateExtra: body['as-user-extra'],
      // A bare name is looked for in PATH.
      ...(typeof command === 'string' &&
        /[/\\]/.test(command) && { exec: { ...(exec as object), command: absolute(command) } }),
    })
  }
  for (const { name, body } of entries(raw, 'clusters', 'cluster')) {
    const cluster = config.clusters.find((each) => each.name === name)
    const extensions: readonly unknown[] = Array.isArray(body['extensions']) ? body['extensions'] : []
    const found = extensions.find(
      (each) => isRecord(each) && each['name'] === 'client.authentication.k8s.io/exec',
    )
    if (cluster !== undefined && isRecord(found)) {
      Object.assign(cluster, { execConfig: found['extension'] })
    }
  }
}

function* entries(
  raw: unknown,
  list: string,
  member: string,
): Generator<{ readonly name: unknown; readonly body: Readonly<Record<string, unknown>> }> {
  const all = isRecord(raw) ? raw[list] : undefined
  for (const each of Array.isArray(all) ? (all as readonly unknown[]) : []) {
    if (isRecord(each) && isRecord(each[member])) yield { name: each['name'], body: each[member] }
  }
}
