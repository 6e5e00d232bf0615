import type { Runtime } from '../base/runtime.ts'
import { KubeInformerError } from '../errors.ts'
import type { ConnectionMaterial } from '../protocol/messages.ts'
import { tokenFileReuseMs } from './bearer-token.ts'
import { certificateFault } from './client-certificate.ts'
import { connectionMaterial, serverUrl } from './connection-material.ts'
import type { CredentialSource } from './credentials-broker.ts'
import type { Environment } from './environment.ts'
import { applyKubeConfig } from './kube-config-apply.ts'
import type { AppliedOptions, KubeConfigLike } from './kube-config-like.ts'
import { authenticationOf, impersonationOf } from './kube-config-user.ts'
import { checkedProxyUrl, proxyFromEnvironment } from './proxy-url.ts'
import { UserCredentials } from './user-credentials.ts'

export interface KubeConfigSourceOptions {
  /** For messages. */
  readonly description: string
  /** The configuration as it is now. */
  readonly load: (signal: AbortSignal) => Promise<KubeConfigLike>
  readonly environment: Environment
  readonly runtime: Runtime
}

/**
 * Credentials of client-node's KubeConfig. Certificates and authenticators of the KubeConfig's own are left to it;
 * plugins, OIDC, token files, impersonation and proxies are ours: its ways have no time limit, block, or are missing.
 */
export function kubeConfigSource(options: KubeConfigSourceOptions): CredentialSource {
  const closing = new AbortController()
  let firstServer: string | undefined
  /** Another cluster's objects and versions in this one's cache would not be noticed. */
  const checkServer = (server: string): void => {
    firstServer ??= server
    if (server === firstServer) return
    const message = `${options.description} names the server ${server} now, and ${firstServer} before: that takes a new factory`
    throw new KubeInformerError('ERR_KUBECONFIG', message)
  }
  const credentials = new UserCredentials({ ...options, where: options.description, signal: closing.signal })
  return {
    get reuseMs() {
      return Math.min(tokenFileReuseMs, credentials.reuseMs)
    },
    load: async (fresh) =>
      materialOf(
        await options.load(closing.signal),
        fresh,
        options,
        credentials,
        closing.signal,
        checkServer,
      ),
    close: () => closing.abort(),
  }
}

async function materialOf(
  config: KubeConfigLike,
  fresh: boolean,
  { description: where, environment, runtime }: KubeConfigSourceOptions,
  credentials: UserCredentials,
  signal: AbortSignal,
  checkServer: (server: string) => void,
): Promise<ConnectionMaterial> {
  const refused = (why: string): KubeInformerError =>
    new KubeInformerError('ERR_KUBECONFIG', `${where}${why}`)
  const cluster = config.getCurrentCluster()
  if (!cluster?.server) throw refused(' has no cluster for its current context')
  const server = serverUrl(cluster.server)
  checkServer(server)
  const proxyUrl = cluster.proxyUrl
    ? checkedProxyUrl(cluster.proxyUrl, (why) => refused(`: its proxy-url ${why}`))
    : proxyFromEnvironment(server, environment.variables)
  const named = config.getContextObject?.(config.getCurrentContext())?.user
  const found = config.getCurrentUser()
  // Without it we would be somebody else, anonymous mostly. A context that names nobody means that.
  if (named && !found) throw refused(`: the user "${named}" of its context is missing`)
  const user = found ?? {}
  const authentication = authenticationOf(user, where)
  const impersonation = impersonationOf(user, where)
  const applied = await applyKubeConfig({ config, cluster, user, where, runtime, signal })
  if (applied.pfx !== undefined || applied.passphrase !== undefined) {
    throw refused(': PKCS#12 and passphrases are not supported yet')
  }
  const tls = tlsOf(applied)
  const given = await credentials.get(
    authentication,
    { server, tls, proxyUrl: cluster.proxyUrl, config: cluster.execConfig },
    fresh,
  )
  const cert = given.cert ?? tls.cert
  const key = given.key ?? tls.key
  if ((cert === undefined) !== (key === undefined)) {
    throw refused(': its client certificate needs both a certificate and a key')
  }
  const fault = cert === undefined || key === undefined ? undefined : certificateFault(cert, key)
  if (fault !== undefined) {
    throw new KubeInformerError(
      'ERR_CREDENTIALS',
      `${where}: its client certificate cannot be used: ${fault}`,
    )
  }
  const headers = {
    ...headersOf(applied),
    ...impersonation,
    ...(given.authorization !== undefined && { authorization: given.authorization }),
  }
  return connectionMaterial({
    server,
    proxyUrl,
    headers,
    tls: { ...tls, ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) },
  })
}

function tlsOf(applied: AppliedOptions): NonNullable<ConnectionMaterial['tls']> {
  const ca = pem(applied.ca)
  const cert = pem(applied.cert)
  const key = pem(applied.key)
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(typeof applied.servername === 'string' && { servername: applied.servername }),
    ...(applied.rejectUnauthorized === false && { rejectUnauthorized: false }),
  }
}

/** Of an authenticator of the KubeConfig's own. */
function headersOf(applied: AppliedOptions): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(applied.headers ?? {})) {
    if (typeof value === 'string') headers[name.toLowerCase()] = value.trim()
  }
  if (applied.auth) headers['authorization'] = `Basic ${Buffer.from(applied.auth).toString('base64')}`
  return headers
}

function pem(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return Buffer.isBuffer(value) ? value.toString('utf8') : undefined
}
