import { KubeInformerError } from '../errors.ts'
import type { ConnectionMaterial } from '../protocol/messages.ts'
import type { CredentialSource } from './credentials-broker.ts'
import { type Environment, systemCode } from './environment.ts'
import { connectionMaterial, readTokenFile, serverUrl, tokenFileReuseMs } from './explicit-source.ts'

/** What is used of client-node's KubeConfig, 1.x and 2.x: this package must not load it to accept one. */
export interface KubeConfigLike {
  getCurrentCluster(): KubeConfigCluster | null
  getCurrentUser(): KubeConfigUser | null
  getCurrentContext(): string
  applyToHTTPSOptions(options: AppliedOptions): Promise<void>
}

export interface KubeConfigCluster {
  readonly name: string
  readonly server: string
  readonly skipTLSVerify?: boolean
  readonly tlsServerName?: string
  readonly proxyUrl?: string
}

export interface KubeConfigUser {
  readonly authProvider?: { readonly config?: { readonly tokenFile?: string } }
  readonly exec?: { readonly command?: string }
}

/** What applyToHTTPSOptions leaves behind; its `agent` is ignored (built once, stale after certificates rotate). */
export interface AppliedOptions {
  headers?: object
  auth?: string | null
  ca?: unknown
  cert?: unknown
  key?: unknown
  pfx?: unknown
  passphrase?: unknown
  servername?: unknown
  rejectUnauthorized?: boolean | undefined
}

/**
 * Credentials by client-node's KubeConfig. `load(fresh)` gives the configuration: the same one again, or (a file,
 * `fresh`) one read anew, so that nothing it cached survives a 401.
 */
export function kubeConfigSource(
  description: string,
  load: (fresh: boolean) => Promise<KubeConfigLike>,
  environment: Environment,
): CredentialSource {
  return {
    reuseMs: tokenFileReuseMs,
    load: async (fresh) => materialOf(await load(fresh), description, environment),
  }
}

async function materialOf(
  config: KubeConfigLike,
  description: string,
  environment: Environment,
): Promise<ConnectionMaterial> {
  const cluster = config.getCurrentCluster()
  if (!cluster?.server) {
    throw new KubeInformerError('ERR_KUBECONFIG', `${description} has no cluster for its current context`)
  }
  if (cluster.proxyUrl) {
    // Refused, not ignored: going around a proxy would reach another network than the user meant.
    throw new KubeInformerError('ERR_KUBECONFIG', `${description}: proxy-url is not supported yet`)
  }
  const server = serverUrl(cluster.server)
  const user = config.getCurrentUser()
  const applied: AppliedOptions = {}
  try {
    await applying(config, cluster).applyToHTTPSOptions(applied)
  } catch (error) {
    throw new KubeInformerError('ERR_CREDENTIALS', `${description}: ${applyFailure(error, user)}`)
  }
  if (applied.pfx !== undefined || applied.passphrase !== undefined) {
    throw new KubeInformerError(
      'ERR_KUBECONFIG',
      `${description}: PKCS#12 and passphrases are not supported yet`,
    )
  }
  const ca = pem(applied.ca)
  const cert = pem(applied.cert)
  const key = pem(applied.key)
  const material = connectionMaterial(server, undefined, {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(typeof applied.servername === 'string' && { servername: applied.servername }),
    ...(applied.rejectUnauthorized === false && { rejectUnauthorized: false }),
  })
  const headers: Record<string, string> = { ...material.headers }
  for (const [name, value] of Object.entries(applied.headers ?? {})) {
    if (typeof value === 'string') headers[name.toLowerCase()] = value.trim()
  }
  if (applied.auth) headers['authorization'] = `Basic ${Buffer.from(applied.auth).toString('base64')}`
  // client-node reads this file once a minute whatever the server says, and keeps its newline.
  const tokenFile = user?.authProvider?.config?.tokenFile
  if (tokenFile) headers['authorization'] = `Bearer ${await readTokenFile(tokenFile, environment)}`
  return { ...material, headers }
}

/** client-node refuses plain HTTP unless TLS is not verified; kubectl takes it (kubectl proxy, test servers). */
function applying(config: KubeConfigLike, cluster: KubeConfigCluster): KubeConfigLike {
  if (!cluster.server.startsWith('http:') || cluster.skipTLSVerify) return config
  return Object.create(config, {
    getCurrentCluster: { value: () => ({ ...cluster, skipTLSVerify: true }) },
  }) as KubeConfigLike
}

function applyFailure(error: unknown, user: KubeConfigUser | null): string {
  const code = systemCode(error)
  const path = error instanceof Error && 'path' in error ? String(error.path) : undefined
  if (user?.exec?.command !== undefined) {
    if (code === 'ENOENT') return `its credential plugin "${user.exec.command}" is not installed`
    const text = error instanceof Error ? redact(error.message) : ''
    return `its credential plugin "${user.exec.command}" failed${text && `: ${text}`}`
  }
  if (code !== undefined) return `credentials cannot be read (${code}${path ? ` ${path}` : ''})`
  return 'credentials cannot be applied'
}

/** First line, short, without anything that could be a token: what a plugin prints is not ours to trust. */
function redact(text: string): string {
  const line = text.trim().split('\n', 1)[0] as string
  return line.replace(/[A-Za-z0-9+/_=.-]{24,}/g, '…').slice(0, 200)
}

function pem(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return Buffer.isBuffer(value) ? value.toString('utf8') : undefined
}
