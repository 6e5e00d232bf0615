import type { Runtime } from '../base/runtime.ts'
import { KubeInformerError } from '../errors.ts'
import { basicAuthorization } from './basic-authorization.ts'
import { isBearerToken } from './bearer-token.ts'
import { type Environment, systemCode } from './environment.ts'
import { type JsonAnswer, requestJson } from './json-request.ts'
import { isRecord, parsedJson } from './json-value.ts'
import type { Renewed } from './renewal.ts'

/** Of both requests together: below the 60 s that a watch waits for fresh credentials. */
const oidcMsMax = 20_000

/** Of RFC 6749; what else an issuer says may be a token. */
const errorCodes: ReadonlySet<string> = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'access_denied',
  'unsupported_response_type',
  'server_error',
  'temporarily_unavailable',
])

/** A user's auth provider `oidc` of a kubeconfig. */
export interface OidcConfig {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  readonly idToken: string | undefined
  readonly refreshToken: string | undefined
  readonly caFile: string | undefined
  readonly caData: string | undefined
}

export interface OidcOptions {
  readonly config: OidcConfig
  /** For messages. */
  readonly where: string
  readonly environment: Environment
  readonly runtime: Runtime
  readonly signal?: AbortSignal | undefined
  /** @default {@link oidcMsMax} */
  readonly timeLimitMs?: number | undefined
}

export function oidcConfig(config: Readonly<Record<string, unknown>>): OidcConfig {
  const text = (name: string): string | undefined => {
    const value = config[name]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  return {
    issuer: text('idp-issuer-url') ?? '',
    clientId: text('client-id') ?? '',
    clientSecret: text('client-secret') ?? '',
    idToken: text('id-token'),
    refreshToken: text('refresh-token'),
    caFile: text('idp-certificate-authority'),
    caData: text('idp-certificate-authority-data'),
  }
}

/** The id token that the kubeconfig holds, and until when it is good. */
export function firstIdToken({ idToken }: OidcConfig): Renewed<string> | undefined {
  if (idToken === undefined || !isBearerToken(idToken)) return undefined
  return { value: idToken, expiresAtMs: expiryOf(idToken) }
}

/** Asks the issuer for new id tokens; issuers may give another refresh token each time, which only this object knows. */
export class OidcRefresh {
  readonly #options: OidcOptions
  #refreshToken: string | undefined

  constructor(options: OidcOptions) {
    this.#options = options
    this.#refreshToken = options.config.refreshToken
  }

  /** @throws ERR_CREDENTIALS, also when the issuer does not answer in time; no token stands there */
  async run(): Promise<Renewed<string>> {
    const { config, runtime, signal, timeLimitMs = oidcMsMax } = this.#options
    if (this.#refreshToken === undefined || config.issuer === '' || config.clientId === '') {
      throw this.#error(
        'its id-token is not accepted any more, and a refresh-token, client-id or idp-issuer-url is missing',
      )
    }
    const limit = new AbortController()
    const abort = (): void => limit.abort()
    const timer = runtime.setTimer(timeLimitMs, abort)
    signal?.addEventListener('abort', abort, { once: true })
    try {
      if (signal?.aborted) abort()
      return await this.#refresh(this.#refreshToken, limit.signal)
    } catch (error) {
      if (error instanceof KubeInformerError) throw error
      if (signal?.aborted) throw new KubeInformerError('ERR_CLOSED', 'closed while an id token was refreshed')
      if (limit.signal.aborted) throw this.#error(`the issuer did not answer within ${timeLimitMs / 1000} s`)
      throw this.#error(`the issuer cannot be reached (${systemCode(error) ?? 'unknown error'})`)
    } finally {
      timer.cancel()
      signal?.removeEventListener('abort', abort)
    }
  }

  async #refresh(refreshToken: string, signal: AbortSignal): Promise<Renewed<string>> {
    const { config } = this.#options
    const ca = await this.#ca()
    const discovery = await requestJson({
      url: `${this.#checkedUrl(config.issuer).replace(/\/+$/, '')}/.well-known/openid-configuration`,
      ca,
      signal,
    })
    const metadata = isRecord(discovery.body) ? discovery.body : {}
    if (discovery.status !== 200 || typeof metadata['token_endpoint'] !== 'string')
      throw this.#refused(discovery, 'no token_endpoint')
    const url = this.#checkedUrl(metadata['token_endpoint'])
    if (config.issuer.startsWith('https:') && !url.startsWith('https:')) {
      throw this.#error('the issuer names a token endpoint without TLS')
    }
    const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken })
    const answer = await requestJson({ url, form, ca, signal, headers: authenticate(config, metadata, form) })
    const body = isRecord(answer.body) ? answer.body : {}
    const idToken = body['id_token']
    if (answer.status !== 200 || typeof idToken !== 'string' || !isBearerToken(idToken)) {
      throw this.#refused(answer, 'no id_token')
    }
    if (typeof body['refresh_token'] === 'string') this.#refreshToken = body['refresh_token']
    return { value: idToken, expiresAtMs: expiryOf(idToken) }
  }

  async #ca(): Promise<string | undefined> {
    const { config, environment } = this.#options
    if (config.caData !== undefined) return Buffer.from(config.caData, 'base64').toString('utf8')
    if (config.caFile === undefined) return undefined
    return environment.readText(config.caFile).catch((error: unknown) => {
      throw this.#error(`the issuer's authority cannot be read (${systemCode(error) ?? 'unknown error'})`)
    })
  }

  #checkedUrl(text: string): string {
    if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text
    throw this.#error('the issuer, or its token endpoint, is no http or https URL')
  }

  #refused({ status, body }: JsonAnswer, lack: string): KubeInformerError {
    const code = isRecord(body) ? body['error'] : undefined
    const why = typeof code === 'string' && errorCodes.has(code) ? code : lack
    return this.#error(`the issuer answered with status ${status} and ${why}`)
  }

  #error(why: string): KubeInformerError {
    return new KubeInformerError('ERR_CREDENTIALS', `${this.#options.where}: ${why}`)
  }
}

/** Headers that say who we are; or fields in the form, where the issuer knows nothing else. */
function authenticate(
  { clientId, clientSecret }: OidcConfig,
  metadata: Readonly<Record<string, unknown>>,
  form: URLSearchParams,
): Record<string, string> {
  const methods = metadata['token_endpoint_auth_methods_supported']
  const takesBasic = !Array.isArray(methods) || methods.includes('client_secret_basic')
  if (clientSecret !== '' && takesBasic) {
    return {
      authorization: basicAuthorization(encodeURIComponent(clientId), encodeURIComponent(clientSecret)),
    }
  }
  form.set('client_id', clientId)
  if (clientSecret !== '') form.set('client_secret', clientSecret)
  return {}
}

/** `exp` of a JWT, in ms; undefined where there is none: then the server says when it is over. */
function expiryOf(token: string): number | undefined {
  const payload = parsedJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
  const seconds = isRecord(payload) ? payload['exp'] : undefined
  return typeof seconds === 'number' ? seconds * 1000 : undefined
}
