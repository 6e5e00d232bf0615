import type { Runtime } from '../base/runtime.ts'
import { KubeInformerError } from '../errors.ts'
import { systemCode } from './environment.ts'
import { pluginMsMax } from './exec-plugin.ts'
import type { AppliedOptions, KubeConfigCluster, KubeConfigLike } from './kube-config-like.ts'
import type { KubeConfigUser } from './kube-config-user.ts'

export interface ApplyOptions {
  readonly config: KubeConfigLike
  readonly cluster: KubeConfigCluster
  readonly user: KubeConfigUser
  readonly where: string
  readonly runtime: Runtime
  readonly signal: AbortSignal
}

/**
 * What the KubeConfig itself gives: certificates from files or data, and what authenticators of its own add. The rest of
 * its user it does not see. @throws ERR_CREDENTIALS, also when an authenticator does not settle; ERR_CLOSED
 */
export async function applyKubeConfig({
  config,
  cluster,
  user,
  where,
  runtime,
  signal,
}: ApplyOptions): Promise<AppliedOptions> {
  const failed = (why: string): KubeInformerError =>
    new KubeInformerError('ERR_CREDENTIALS', `${where}: ${why}`)
  const closed = (): KubeInformerError =>
    new KubeInformerError('ERR_CLOSED', 'closed while credentials were loaded')
  // It may have come while the configuration was read, and comes once.
  if (signal.aborted) throw closed()
  const applied: AppliedOptions = {}
  const limit = Promise.withResolvers<never>()
  const timer = runtime.setTimer(pluginMsMax, () =>
    limit.reject(failed(`its authenticator did not answer within ${pluginMsMax / 1000} s`)),
  )
  const abort = (): void => limit.reject(closed())
  signal.addEventListener('abort', abort, { once: true })
  try {
    await Promise.race([reduced(config, cluster, user).applyToHTTPSOptions(applied), limit.promise])
    return applied
  } catch (error) {
    if (error instanceof KubeInformerError) throw error
    const code = systemCode(error)
    const path = error instanceof Error && 'path' in error ? ` ${String(error.path)}` : ''
    throw failed(
      code === undefined ? 'credentials cannot be applied' : `credentials cannot be read (${code}${path})`,
    )
  } finally {
    timer.cancel()
    signal.removeEventListener('abort', abort)
  }
}

/** The configuration without what we do ourselves, or must do differently. The caller's stays as it is. */
function reduced(config: KubeConfigLike, cluster: KubeConfigCluster, user: KubeConfigUser): KubeConfigLike {
  const { name } = user.authProvider ?? {}
  const none = { exec: undefined, token: undefined, username: undefined, impersonateUser: undefined }
  const isOurs = name === 'oidc' || name === 'exec' || name === 'tokenFile'
  const ownUser = { ...user, ...none, ...(isOurs && { authProvider: undefined }) }
  const { proxyUrl: _ours, ...rest } = cluster
  // client-node refuses plain HTTP unless TLS is not verified; kubectl takes it (kubectl proxy, test servers).
  const ownCluster = cluster.server.startsWith('http:') ? { ...rest, skipTLSVerify: true } : rest
  return Object.create(config, {
    getCurrentCluster: { value: () => ownCluster },
    // Without a user client-node would leave out the cluster's authority, too.
    getCurrentUser: { value: () => ownUser },
    // What it makes of these must not be found by the caller's own requests.
    agentCache: { value: new Map() },
  }) as KubeConfigLike
}
