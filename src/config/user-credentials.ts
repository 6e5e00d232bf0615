import type { Runtime } from '../base/runtime.ts'
import { KubeInformerError } from '../errors.ts'
import { basicAuthorization } from './basic-authorization.ts'
import { readTokenFile, tokenFault } from './bearer-token.ts'
import type { Environment } from './environment.ts'
import type { ExecCluster } from './exec-config.ts'
import type { ExecCredential } from './exec-credential.ts'
import { runExecPlugin } from './exec-plugin.ts'
import type { Authentication } from './kube-config-user.ts'
import { firstIdToken, OidcRefresh } from './oidc.ts'
import { Renewal } from './renewal.ts'

export interface UserCredentialsOptions {
  /** For messages. */
  readonly where: string
  readonly environment: Environment
  readonly runtime: Runtime
  readonly signal: AbortSignal
}

/** What a user's authentication comes to, for one request after the other. */
export interface GivenCredentials {
  readonly authorization?: string
  readonly cert?: string
  readonly key?: string
}

/** Follows a kubeconfig's user, and keeps what its plugin or issuer gave as long as the user says the same. */
export class UserCredentials {
  readonly #options: UserCredentialsOptions
  #kept: { readonly key: string; readonly renewal: Renewal<ExecCredential> } | undefined

  constructor(options: UserCredentialsOptions) {
    this.#options = options
  }

  /** Until something of it is to be renewed ahead. */
  get reuseMs(): number {
    return this.#kept?.renewal.reuseMs ?? Number.POSITIVE_INFINITY
  }

  /** `fresh`: the server refused what was given last. @throws ERR_CREDENTIALS, ERR_CLOSED */
  async get(authentication: Authentication, cluster: ExecCluster, fresh: boolean): Promise<GivenCredentials> {
    const { where, environment } = this.#options
    switch (authentication.type) {
      case 'token': {
        const fault = tokenFault(authentication.token)
        if (fault !== undefined)
          throw new KubeInformerError('ERR_CREDENTIALS', `${where}: its token ${fault}`)
        return bearer(authentication.token)
      }
      case 'token-file':
        return bearer(await readTokenFile(authentication.path, environment))
      case 'basic':
        return { authorization: basicAuthorization(authentication.username, authentication.password) }
      case 'exec':
      case 'oidc': {
        const { token, cert, key } = await this.#renewal(authentication, cluster).get(fresh)
        return {
          ...(token !== undefined && bearer(token)),
          ...(cert !== undefined && key !== undefined && { cert, key }),
        }
      }
      case 'none':
        return {}
      default:
        return authentication satisfies never
    }
  }

  /** A kubeconfig that was changed on disk has another plugin, or another id token; what was kept is of the old one. */
  #renewal(
    authentication: Authentication & { type: 'exec' | 'oidc' },
    cluster: ExecCluster,
  ): Renewal<ExecCredential> {
    const key = JSON.stringify([authentication, cluster.server])
    if (this.#kept?.key === key) return this.#kept.renewal
    const renewal =
      authentication.type === 'exec'
        ? this.#execRenewal(authentication.config, cluster)
        : this.#oidcRenewal(authentication.config)
    this.#kept = { key, renewal }
    return renewal
  }

  #execRenewal(
    config: (Authentication & { type: 'exec' })['config'],
    cluster: ExecCluster,
  ): Renewal<ExecCredential> {
    return new Renewal(() => runExecPlugin({ ...this.#options, config, cluster }), this.#options.runtime)
  }

  #oidcRenewal(config: (Authentication & { type: 'oidc' })['config']): Renewal<ExecCredential> {
    const refresh = new OidcRefresh({ ...this.#options, config })
    const first = firstIdToken(config)
    return new Renewal(
      async () => {
        const { value, expiresAtMs } = await refresh.run()
        return { value: { token: value }, expiresAtMs }
      },
      this.#options.runtime,
      first && { value: { token: first.value }, expiresAtMs: first.expiresAtMs },
    )
  }
}

function bearer(token: string): GivenCredentials {
  return { authorization: `Bearer ${token}` }
}
