import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { KubeConfig } from '@kubernetes/client-node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createInformerFactory, type InformerFactoryOptions } from '../../src/index.ts'
import { testCertificate } from '../support/test-certificate.ts'
import { threadCounts, until } from './contract-bed.ts'

const shortToken = 'a-secret&token'
/** Of the size of a service account's: no error shows so much of what a server says. */
const longToken = `a-secret&${Array.from({ length: 1_000 }, (_, at) => ((at * 7) % 36).toString(36)).join('')}`
const escaped = (status: string): string => status.replaceAll('secret', String.raw`\u0073ecret`)

describe.each(threadCounts)('a server that says our token, threads: $threads', ({ threads }) => {
  let server: Server

  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  it.each([
    ['an error', shortToken, 500, (status: string) => status],
    ['an error, escaped', shortToken, 500, escaped],
    ['an ERROR event', shortToken, 200, (status: string) => `{"type":"ERROR","object":${status}}\n`],
    ['an error, of 1,000 characters', longToken, 500, escaped],
    [
      'an ERROR event, of 1,000 characters',
      longToken,
      200,
      (status: string) => `{"type":"ERROR","object":${escaped(status)}}\n`,
    ],
  ])('does not stand in what is shown of %s', async (_what, token, code, bodyOf) => {
    server = createServer(({ headers }, response) => {
      const said = `I got ${headers.authorization}`
      const status = JSON.stringify({ kind: 'Status', code: 500, message: said, reason: said })
      response.writeHead(code, { 'content-type': 'application/json' }).end(bodyOf(status))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const factory = createInformerFactory({
      kubeConfig: { server: `http://127.0.0.1:${port}`, token },
      threads,
    })
    const { informer } = factory.core.v1.configmaps
    factory.start()
    await until(() => informer.lastError !== undefined, 'the error is shown')
    const { message, facts, cause } = informer.lastError as NonNullable<typeof informer.lastError>
    await factory.close()
    expect(message).toContain('I got Bearer [redacted]')
    const shown = `${message} ${JSON.stringify(facts)} ${String(cause)}`
    expect(shown).not.toContain(token.slice(0, 12))
  })
})

describe('credentials of every kind', () => {
  const secrets = {
    token: 'tok-secret-12',
    password: 'pass/secret-1',
    apiKey: 'apik-secret-1',
    pluginToken: 'plug-secret-1',
    pluginEnv: 'env-secret-12',
    proxy: 'prox-secret-1',
    key: testCertificate.key.split('\n')[1] as string,
  }
  const forms = Object.values(secrets).flatMap((secret) => [
    secret,
    Buffer.from(secret).toString('base64'),
    encodeURIComponent(secret),
  ])
  const basic = Buffer.from(`me:${secrets.password}`).toString('base64')
  const plugin = (script: string): KubeConfig => {
    const config = new KubeConfig()
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'sh',
      args: ['-c', script],
      env: [{ name: 'MY_SECRET', value: secrets.pluginEnv }],
    }
    config.loadFromClusterAndUser({ name: 'c', server, skipTLSVerify: true }, { name: 'u', exec })
    return config
  }
  const authenticated = (headers: Record<string, string>): KubeConfig => {
    const config = new KubeConfig()
    config.addAuthenticator({
      isAuthProvider: () => true,
      applyAuthentication: async (_user, options) => void (options.headers = headers),
    })
    config.loadFromClusterAndUser({ name: 'c', server, skipTLSVerify: true }, { name: 'u' })
    return config
  }
  const answer = (status: object): string =>
    `echo '${JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status })}'`
  let server = ''
  let echo: Server
  const directory = mkdtempSync(join(tmpdir(), 'secrets-'))
  const warnings: Error[] = []
  const hear = (warning: Error): number => warnings.push(warning)

  beforeAll(async () => {
    process.on('warning', hear)
    echo = createServer(({ rawHeaders }, response) => {
      const basic = /Basic (\S+)/.exec(rawHeaders.join(' '))?.[1] ?? ''
      const pair = Buffer.from(basic, 'base64').toString()
      const message = `I got ${rawHeaders.join(' ')}, ${pair}, ${encodeURIComponent(pair.slice(3))}`
      response.writeHead(500).end(JSON.stringify({ kind: 'Status', code: 500, message, reason: message }))
    })
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
    server = `http://127.0.0.1:${(echo.address() as AddressInfo).port}`
  })

  afterAll(() => {
    process.off('warning', hear)
    echo.closeAllConnections()
    echo.close()
    rmSync(directory, { recursive: true })
  })

  it.each<[string, () => NonNullable<InformerFactoryOptions['kubeConfig']>]>([
    ['a token', () => ({ server, token: secrets.token })],
    ['a password', () => ({ server, username: 'me', password: secrets.password })],
    ['a header of an authenticator', () => authenticated({ 'X-Api-Key': secrets.apiKey })],
    ['a proxy that is not there', () => ({ server, proxyUrl: `http://me:${secrets.proxy}@127.0.0.1:1` })],
    [
      'a private key',
      () => ({
        server: server.replace('http', 'https'),
        cert: testCertificate.cert,
        key: testCertificate.key,
      }),
    ],
    [
      'a token file that is none',
      () => ({ server, tokenFile: secretFile(`${secrets.token} ${secrets.token}`) }),
    ],
    ['a token of a plugin', () => plugin(answer({ token: secrets.pluginToken }))],
    ['half an answer of a plugin', () => plugin(answer({ clientKeyData: testCertificate.key }))],
    ['a plugin that says what it knows', () => plugin('echo "no $MY_SECRET" >&2; exit 1')],
    [
      'a plugin that prints no JSON',
      () => plugin(`echo ${secrets.pluginToken}; echo ${secrets.pluginToken} >&2`),
    ],
  ])('%s stands in no error, state, figure or warning', async (_what, config) => {
    const factory = createInformerFactory({ kubeConfig: config(), threads: 0 })
    const { informer } = factory.core.v1.configmaps
    factory.start()
    await until(() => informer.lastError !== undefined, 'an error is shown')
    const waited: unknown = await factory
      .waitForCacheSync({ signal: AbortSignal.timeout(1) })
      .catch((error: unknown) => error)
    const shown = [factory.health(), factory.stats(), informer.lastError, waited, warnings]
    const plain = shown.map((each) => `${inspect(each, { depth: 6 })} ${JSON.stringify(each)}`).join('\n')
    const text = `${plain} ${inspect(factory, { depth: 4 })} ${inspect(informer, { depth: 4 })}`
    await factory.close()
    expect(text).toContain('configmaps')
    for (const secret of [...forms, basic]) expect(text).not.toContain(secret)
  })

  function secretFile(text: string): string {
    writeFileSync(join(directory, 'token'), text)
    return join(directory, 'token')
  }
})
