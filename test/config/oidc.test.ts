import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { text } from 'node:stream/consumers'
import { afterEach, expect, test } from 'vitest'
import { nodeRuntime } from '../../src/base/runtime.ts'
import { createCredentialsBroker } from '../../src/config/connection-config.ts'
import { OidcRefresh, oidcConfig } from '../../src/config/oidc.ts'
import { testCertificate } from '../support/test-certificate.ts'
import { endAll, listen } from '../workers/connection-support.ts'
import { fakeEnvironment, fakeRuntime, kubeconfig, secret } from './support.ts'

afterEach(endAll)

function jwt(name: string, expiresAtMs?: number): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'none' })}.${part({ name, ...(expiresAtMs && { exp: expiresAtMs / 1000 }) })}.x`
}

interface Issuer {
  readonly url: string
  /** What the token endpoint was asked: fields and header. */
  readonly asked: { readonly form: URLSearchParams; readonly authorization: string | undefined }[]
}

async function issuer(
  tokens: (run: number) => object | number,
  options: { readonly tls?: boolean; readonly metadata?: object; readonly endpoint?: string } = {},
): Promise<Issuer> {
  const asked: { form: URLSearchParams; authorization: string | undefined }[] = []
  const answer = async (request: IncomingMessage): Promise<object | number> => {
    const endpoint = options.endpoint ?? `${server.url}/token`
    if (request.url === '/.well-known/openid-configuration')
      return { issuer: server.url, token_endpoint: endpoint, ...options.metadata }
    asked.push({
      form: new URLSearchParams(await text(request)),
      authorization: request.headers.authorization,
    })
    return tokens(asked.length)
  }
  const listener: RequestListener = (request, response) =>
    void answer(request).then((body) => {
      if (typeof body === 'object') response.end(JSON.stringify(body))
      else response.writeHead(body).end(JSON.stringify({ error: 'invalid_grant', error_description: secret }))
    })
  const server = options.tls
    ? await listen(createTlsServer(testCertificate, listener), 'https')
    : await listen(createServer(listener))
  return { url: server.url, asked }
}

function provider(config: Record<string, string>): string {
  return kubeconfig({ user: `auth-provider: ${JSON.stringify({ name: 'oidc', config })}` })
}

test('the id token of the file until it expires; then new ones, each by the newest refresh token', async () => {
  const runtime = fakeRuntime()
  const first = jwt('first', runtime.now + 100_000)
  const { url, asked } = await issuer((run) => ({
    id_token: jwt(`run ${run}`, runtime.now + 3_600_000),
    refresh_token: `${secret}-${run}`,
  }))
  const file = provider({
    'idp-issuer-url': url,
    'client-id': 'me',
    'client-secret': 'a:b',
    'id-token': first,
    'refresh-token': `${secret}-0`,
  })
  const broker = createCredentialsBroker({ file: '/kc' }, runtime, fakeEnvironment({ '/kc': file }))
  const authorization = async () => (await broker.material()).headers['authorization']
  expect(await authorization()).toBe(`Bearer ${first}`)
  runtime.now += 100_000
  const second = await authorization()
  expect(second).toContain(Buffer.from('{"name":"run 1"').toString('base64url').slice(0, 18))
  runtime.now += 60_000
  expect(await authorization()).toBe(second)
  expect((await broker.refresh()).headers['authorization']).not.toBe(second)
  expect(asked.map(({ form }) => Object.fromEntries(form))).toEqual([
    { grant_type: 'refresh_token', refresh_token: `${secret}-0` },
    { grant_type: 'refresh_token', refresh_token: `${secret}-1` },
  ])
  expect(asked[0]?.authorization).toBe(`Basic ${Buffer.from('me:a%3Ab').toString('base64')}`)
})

test('over TLS with the authority that the file names; the secret in the form where that is all the issuer knows', async () => {
  const { url, asked } = await issuer(() => ({ id_token: jwt('new') }), {
    tls: true,
    metadata: { token_endpoint_auth_methods_supported: ['client_secret_post'] },
  })
  const config = {
    'idp-issuer-url': `${url}/`,
    'client-id': 'me',
    'client-secret': 's',
    'refresh-token': 'r',
  }
  const load = (more: Record<string, string>) =>
    createCredentialsBroker({ file: '/kc' }, fakeRuntime(), {
      ...fakeEnvironment({ '/kc': provider({ ...config, ...more }), '/ca': testCertificate.cert }),
    }).material()
  const data = Buffer.from(testCertificate.cert).toString('base64')
  for (const ca of [{ 'idp-certificate-authority-data': data }, { 'idp-certificate-authority': '/ca' }]) {
    expect((await load(ca)).headers['authorization']).toBe(`Bearer ${jwt('new')}`)
  }
  expect(Object.fromEntries(asked[0]?.form ?? [])).toMatchObject({ client_id: 'me', client_secret: 's' })
  expect(asked[0]?.authorization).toBeUndefined()
  await expect(load({})).rejects.toThrow(
    /the issuer cannot be reached \((DEPTH_ZERO_SELF_SIGNED_CERT|ERR_TLS.*)\)$/,
  )
})

test('a hanging issuer is not waited for', async () => {
  const { url } = await listen(createServer(() => {}))
  const refresh = new OidcRefresh({
    config: oidcConfig({ 'idp-issuer-url': url, 'client-id': 'me', 'refresh-token': secret }),
    where: 'kc',
    environment: fakeEnvironment(),
    runtime: nodeRuntime,
    timeLimitMs: 50,
  })
  await expect(refresh.run()).rejects.toMatchObject({
    code: 'ERR_CREDENTIALS',
    message: 'kc: the issuer did not answer within 0.05 s',
  })
})

test.each<[string, Parameters<typeof issuer>, RegExp]>([
  ['an error of OAuth', [() => 400], /answered with status 400 and invalid_grant$/],
  ['a word that is none of OAuth', [() => ({ error: 'refresh_secret_abc' })], /status 200 and no id_token$/],
  ['no id token', [() => ({ access_token: secret })], /answered with status 200 and no id_token$/],
  [
    'no token endpoint',
    [() => ({}), { metadata: { token_endpoint: 1 } }],
    /status 200 and no token_endpoint$/,
  ],
  ['an endpoint that is no URL', [() => ({}), { endpoint: 'x' }], /is no http or https URL$/],
  [
    'an endpoint without TLS',
    [() => ({}), { endpoint: 'http://127.0.0.1:1', tls: true }],
    /endpoint without TLS$/,
  ],
])('%s is an error without tokens', async (_name, made, message) => {
  const { url } = await issuer(...made)
  const config = {
    'idp-issuer-url': url,
    'client-id': 'me',
    'refresh-token': secret,
    'idp-certificate-authority-data': Buffer.from(testCertificate.cert).toString('base64'),
  }
  const error: unknown = await createCredentialsBroker(
    { file: '/kc' },
    fakeRuntime(),
    fakeEnvironment({ '/kc': provider(config) }),
  )
    .material()
    .catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'ERR_CREDENTIALS', message: expect.stringMatching(message) })
  expect(JSON.stringify(error) + String(error)).not.toContain(secret)
})

test.each([
  [
    'gcp',
    /gcp was removed from kubectl in 1.26: its successor is the credential plugin gke-gcloud-auth-plugin$/,
  ],
  ['azure', /azure was removed from kubectl in 1.26: its successor is the credential plugin kubelogin$/],
])('the auth provider %s is refused', async (name, message) => {
  const user = `auth-provider: {name: ${name}, config: {cmd-path: /bin/false}}`
  const environment = fakeEnvironment({ '/kc': kubeconfig({ user }) })
  const asked = createCredentialsBroker({ file: '/kc' }, fakeRuntime(), environment).material()
  await expect(asked).rejects.toMatchObject({
    code: 'ERR_KUBECONFIG',
    message: expect.stringMatching(message),
  })
})
