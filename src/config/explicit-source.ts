import { checkNames, checkType } from '../base/check-options.ts'
import { KubeInformerError } from '../errors.ts'
import type { RequestHeaders } from '../protocol/messages.ts'
import { basicAuthorization } from './basic-authorization.ts'
import { readTokenFile, tokenFault, tokenFileReuseMs } from './bearer-token.ts'
import { certificateFault } from './client-certificate.ts'
import { connectionMaterial, serverUrl } from './connection-material.ts'
import type { CredentialSource } from './credentials-broker.ts'
import type { Environment } from './environment.ts'
import { type Impersonation, impersonationHeaders } from './impersonation.ts'
import { checkedProxyUrl, proxyFromEnvironment } from './proxy-url.ts'

/** A server by its address. PEM values are the text itself, not a file's name. */
export interface ExplicitConnection {
  /** `https://host:6443`, path prefix allowed. */
  readonly server: string
  /** Bearer token. Excludes `tokenFile` and `username`. */
  readonly token?: string | undefined
  /** File with a bearer token; read again when older than 60 s and after a 401. Excludes `username`. */
  readonly tokenFile?: string | undefined
  /** Basic authentication, with `password`. API servers themselves know it no more; proxies before them may. */
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** Certificates of the authorities to trust, PEM. Default: those Node trusts. */
  readonly ca?: string | undefined
  /** Client certificate, PEM; with `key`. */
  readonly cert?: string | undefined
  readonly key?: string | undefined
  /** The name that the server's certificate must have, if not the address's. */
  readonly tlsServerName?: string | undefined
  /** Accept any server certificate. */
  readonly insecureSkipTlsVerify?: boolean | undefined
  /**
   * `http://host:3128`, also https, socks5 and socks5h, with user and password or not. Default: what HTTPS_PROXY,
   * HTTP_PROXY and NO_PROXY say; no proxy for localhost.
   */
  readonly proxyUrl?: string | undefined
  /** Act as somebody else (`kubectl --as`). */
  readonly impersonate?: Impersonation | undefined
}

const texts = [
  'token',
  'tokenFile',
  'username',
  'password',
  'ca',
  'cert',
  'key',
  'tlsServerName',
  'proxyUrl',
] as const

/** @throws ERR_INVALID_OPTION; no secret stands there */
export function explicitSource(options: ExplicitConnection, environment: Environment): CredentialSource {
  checkNames('kubeConfig', options, ['server', ...texts, 'insecureSkipTlsVerify', 'impersonate'])
  for (const name of texts) checkType(`kubeConfig.${name}`, options[name], 'string')
  // 'false' is true, and no certificate would be verified.
  checkType('kubeConfig.insecureSkipTlsVerify', options.insecureSkipTlsVerify, 'boolean')
  const server = serverUrl(options.server)
  checkTogether(options)
  for (const name of ['ca', 'cert', 'key'] as const) checkPem(name, options[name])
  const fault = options.cert && options.key && certificateFault(options.cert, options.key)
  if (fault) throw invalid('cert', `the client certificate cannot be used: ${fault}`)
  const proxyUrl =
    options.proxyUrl === undefined
      ? proxyFromEnvironment(server, environment.variables)
      : checkedProxyUrl(options.proxyUrl, (why) => invalid('proxyUrl', `proxyUrl ${why}`))
  const authorization = authorizationOf(options)
  const headers = {
    ...(authorization !== undefined && { authorization }),
    ...impersonation(options.impersonate),
  }
  const tls = {
    ...(options.ca !== undefined && { ca: options.ca }),
    ...(options.cert !== undefined && { cert: options.cert }),
    ...(options.key !== undefined && { key: options.key }),
    ...(options.tlsServerName !== undefined && { servername: options.tlsServerName }),
    ...(options.insecureSkipTlsVerify && { rejectUnauthorized: false }),
  }
  const { tokenFile } = options
  if (tokenFile === undefined) {
    const material = connectionMaterial({ server, proxyUrl, headers, tls })
    return { reuseMs: Number.POSITIVE_INFINITY, load: async () => material }
  }
  return {
    reuseMs: tokenFileReuseMs,
    async load() {
      const fresh = { authorization: `Bearer ${await readTokenFile(tokenFile, environment)}` }
      return connectionMaterial({ server, proxyUrl, headers: { ...fresh, ...headers }, tls })
    },
  }
}

function checkTogether(options: ExplicitConnection): void {
  const { token, tokenFile, username, password, cert, key } = options
  if (tokenFile === '') throw invalid('tokenFile', 'tokenFile must be the name of a file')
  if (token !== undefined && tokenFile !== undefined) {
    throw invalid('token', 'token and tokenFile exclude each other: pass one of them')
  }
  if (username !== undefined && (token !== undefined || tokenFile !== undefined)) {
    throw invalid('username', 'username and a token exclude each other: pass one of them')
  }
  if ((username === undefined) !== (password === undefined)) {
    throw invalid('username', 'basic authentication needs both username and password')
  }
  if ((cert === undefined) !== (key === undefined)) {
    throw invalid('cert', 'a client certificate needs both cert and key')
  }
}

function authorizationOf({ token, username, password }: ExplicitConnection): string | undefined {
  if (token !== undefined) {
    const fault = tokenFault(token.trim())
    if (fault !== undefined) throw invalid('token', `the token ${fault}`)
    return `Bearer ${token.trim()}`
  }
  if (username === undefined || password === undefined) return undefined
  if (username === '' || username.includes(':')) {
    throw invalid('username', 'username must be a name without a colon, which ends it')
  }
  return basicAuthorization(username, password)
}

function impersonation(options: unknown): RequestHeaders {
  if (options === undefined) return {}
  const known = ['user', 'groups', 'uid', 'extra'] as const
  checkNames('kubeConfig.impersonate', options, known)
  return impersonationHeaders(options as Impersonation, (part, why) => {
    const option = `kubeConfig.impersonate.${part}`
    return invalid(option, `option ${option} ${why}`)
  })
}

function checkPem(option: 'ca' | 'cert' | 'key', value: string | undefined): void {
  if (value !== undefined && !/-----BEGIN ([A-Z0-9 ]+)-----.+-----END \1-----/s.test(value)) {
    throw invalid(option, `${option} is not PEM text: pass what the file holds, not its name`)
  }
}

function invalid(option: string, message: string): KubeInformerError {
  return new KubeInformerError('ERR_INVALID_OPTION', message, { facts: { option } })
}
