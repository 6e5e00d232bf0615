import { checkNames, checkType } from '../base/check-options.ts'
import { version } from '../base/version.ts'
import { KubeInformerError } from '../errors.ts'
import type { ConnectionMaterial } from '../protocol/messages.ts'
import type { CredentialSource } from './credentials-broker.ts'
import { type Environment, systemCode } from './environment.ts'

/** A server by its address. PEM values are the text itself, not a file's name. */
export interface ExplicitConnection {
  /** `https://host:6443`, path prefix allowed. */
  readonly server: string
  /** Bearer token. Excludes `tokenFile`. */
  readonly token?: string | undefined
  /** File with a bearer token; read again when older than 60 s and after a 401. */
  readonly tokenFile?: string | undefined
  /** Certificates of the authorities to trust, PEM. Default: those Node trusts. */
  readonly ca?: string | undefined
  /** Client certificate, PEM; with `key`. */
  readonly cert?: string | undefined
  readonly key?: string | undefined
  /** Accept any server certificate. */
  readonly insecureSkipTlsVerify?: boolean | undefined
}

export const tokenFileReuseMs = 60_000

const texts = ['token', 'tokenFile', 'ca', 'cert', 'key'] as const

export function explicitSource(options: ExplicitConnection, environment: Environment): CredentialSource {
  checkNames('kubeConfig', options, ['server', ...texts, 'insecureSkipTlsVerify'])
  for (const name of texts) checkType(`kubeConfig.${name}`, options[name], 'string')
  // 'false' is true, and no certificate would be verified.
  checkType('kubeConfig.insecureSkipTlsVerify', options.insecureSkipTlsVerify, 'boolean')
  const server = serverUrl(options.server)
  if (options.token !== undefined && options.tokenFile !== undefined) {
    throw invalid('token', 'token and tokenFile exclude each other: pass one of them')
  }
  if ((options.cert === undefined) !== (options.key === undefined)) {
    throw invalid('cert', 'a client certificate needs both cert and key')
  }
  for (const name of ['ca', 'cert', 'key'] as const) checkPem(name, options[name])
  const token = options.token === undefined ? undefined : bearerToken(options.token, 'token')
  const tls = {
    ...(options.ca !== undefined && { ca: options.ca }),
    ...(options.cert !== undefined && { cert: options.cert }),
    ...(options.key !== undefined && { key: options.key }),
    ...(options.insecureSkipTlsVerify && { rejectUnauthorized: false }),
  }
  return {
    reuseMs: options.tokenFile === undefined ? Number.POSITIVE_INFINITY : tokenFileReuseMs,
    async load() {
      const current =
        options.tokenFile === undefined ? token : await readTokenFile(options.tokenFile, environment)
      return connectionMaterial(server, current, tls)
    },
  }
}

export function connectionMaterial(
  server: string,
  token: string | undefined,
  tls: NonNullable<ConnectionMaterial['tls']>,
): ConnectionMaterial {
  return {
    server,
    headers: {
      'user-agent': `kube-informer/${version}`,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    // A kubeconfig may hold TLS settings for a plain HTTP server; they would mislead whoever reads the material.
    ...(server.startsWith('https:') && Object.keys(tls).length > 0 && { tls }),
  }
}

export async function readTokenFile(path: string, environment: Environment): Promise<string> {
  let text: string
  try {
    text = await environment.readText(path)
  } catch (error) {
    throw new KubeInformerError(
      'ERR_CREDENTIALS',
      `the token file ${path} cannot be read (${systemCode(error) ?? 'unknown error'})`,
    )
  }
  return bearerToken(text, `token file ${path}`)
}

/** Trimmed: token files end with a newline, which no header may hold. The value never stands in the error. */
function bearerToken(text: string, where: string): string {
  const token = text.trim()
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new KubeInformerError(
      'ERR_CREDENTIALS',
      token === ''
        ? `the ${where} is empty`
        : `the ${where} holds characters that a bearer token cannot have`,
    )
  }
  return token
}

/** Without trailing slash. User and password in a URL are refused: they would stand in every log line. */
export function serverUrl(text: string): string {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw invalid('server', 'the server address is not a URL; it looks like https://host:6443')
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw invalid('server', `the server address ${url.protocol}// is neither https:// nor http://`)
  }
  if (url.username !== '' || url.password !== '') {
    throw invalid('server', 'the server address holds a user or password: pass a token instead')
  }
  if (url.search !== '' || url.hash !== '')
    throw invalid('server', 'the server address has a query or fragment')
  return url.href.replace(/\/+$/, '')
}

function checkPem(option: 'ca' | 'cert' | 'key', value: string | undefined): void {
  if (value !== undefined && !value.includes('-----BEGIN ')) {
    throw invalid(option, `${option} is not PEM text: pass what the file holds, not its name`)
  }
}

function invalid(option: string, message: string): KubeInformerError {
  return new KubeInformerError('ERR_INVALID_OPTION', message, { facts: { option } })
}
