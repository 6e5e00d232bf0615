import { KubeInformerError } from '../errors.ts'
import type { RequestHeaders } from '../protocol/messages.ts'
import { type ExecConfig, execConfig } from './exec-config.ts'
import { type Impersonation, impersonationHeaders } from './impersonation.ts'
import { isRecord } from './json-value.ts'
import { type OidcConfig, oidcConfig } from './oidc.ts'

/** What is used of a user of client-node's KubeConfig, and what a file may say beside it (see kube-config-extras.ts). */
export interface KubeConfigUser {
  readonly token?: string | null | undefined
  readonly username?: string | null | undefined
  readonly password?: string | null | undefined
  readonly impersonateUser?: string | null | undefined
  readonly authProvider?: { readonly name?: string; readonly config?: unknown } | null | undefined
  readonly exec?: unknown
  readonly tokenFile?: unknown
  readonly impersonateGroups?: unknown
  readonly impersonateUid?: unknown
  readonly impersonateExtra?: unknown
}

/** Where the header Authorization, or the client certificate of a plugin, comes from. */
export type Authentication =
  | { readonly type: 'token'; readonly token: string }
  | { readonly type: 'token-file'; readonly path: string }
  | { readonly type: 'basic'; readonly username: string; readonly password: string }
  | { readonly type: 'exec'; readonly config: ExecConfig }
  | { readonly type: 'oidc'; readonly config: OidcConfig }
  /** Nothing of these: an authenticator of the KubeConfig's own, or none. */
  | { readonly type: 'none' }

/** By kubectl's order: what is written down comes before what must be run. @throws ERR_KUBECONFIG */
export function authenticationOf(user: KubeConfigUser, where: string): Authentication {
  const { authProvider } = user
  const config = isRecord(authProvider?.config) ? authProvider.config : {}
  const tokenFile = textOf(user.tokenFile) ?? textOf(config['tokenFile'])
  const token = textOf(user.token)
  const username = textOf(user.username)
  if (username !== undefined && (token !== undefined || tokenFile !== undefined)) {
    throw refused(where, 'its user has both a token and a username: one of them is allowed')
  }
  if (tokenFile !== undefined) return { type: 'token-file', path: tokenFile }
  if (token !== undefined) return { type: 'token', token: token.trim() }
  if (username !== undefined) return { type: 'basic', username, password: textOf(user.password) ?? '' }
  const exec = user.exec ?? config['exec']
  if (exec !== undefined && exec !== null) return { type: 'exec', config: execConfig(exec, where) }
  if (authProvider?.name === 'oidc') return { type: 'oidc', config: oidcConfig(config) }
  const successor = successors[authProvider?.name ?? '']
  if (successor !== undefined) {
    throw refused(
      where,
      `the auth provider ${authProvider?.name} was removed from kubectl in 1.26: its successor is the credential plugin ${successor}`,
    )
  }
  return { type: 'none' }
}

/** client-node would run these through a shell and block this thread meanwhile. */
const successors: Readonly<Record<string, string>> = {
  gcp: 'gke-gcloud-auth-plugin',
  azure: 'kubelogin',
}

/** @throws ERR_KUBECONFIG */
export function impersonationOf(user: KubeConfigUser, where: string): RequestHeaders {
  const named = {
    user: textOf(user.impersonateUser),
    groups: user.impersonateGroups ?? undefined,
    uid: textOf(user.impersonateUid),
    extra: user.impersonateExtra ?? undefined,
  } satisfies { [Part in keyof Impersonation]: unknown }
  if (Object.values(named).every((value) => value === undefined)) return {}
  return impersonationHeaders(named, (part, why) => {
    const field = { user: 'as', groups: 'as-groups', uid: 'as-uid', extra: 'as-user-extra' }[part] ?? part
    return refused(where, `${field} of its user ${why}`)
  })
}

/** YAML makes numbers of tokens and names that consist of digits. */
function textOf(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value
  return typeof text === 'string' && text !== '' ? text : undefined
}

function refused(where: string, why: string): KubeInformerError {
  return new KubeInformerError('ERR_KUBECONFIG', `${where}: ${why}`)
}
