import { describe, expect, test } from 'vitest'
import { version } from '../../src/base/version.ts'
import { type ConnectionConfig, createCredentialsBroker } from '../../src/config/connection-config.ts'
import type { ConnectionMaterial } from '../../src/protocol/messages.ts'
import { nextTestCertificate, testCertificate } from '../support/test-certificate.ts'
import { fakeEnvironment, fakeRuntime, kubeconfig, secret } from './support.ts'

const pem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const base64Pem = base64(pem)

function material(
  config: ConnectionConfig | undefined,
  environment = fakeEnvironment(),
): Promise<ConnectionMaterial> {
  return createCredentialsBroker(config, fakeRuntime(), environment).material()
}

describe('explicit server', () => {
  test('address, token and TLS material become plain data', async () => {
    const { cert, key } = testCertificate
    expect(
      await material({
        server: 'https://host:6443/prefix/',
        token: `${secret}\n`,
        ca: pem,
        cert,
        key,
        insecureSkipTlsVerify: true,
      }),
    ).toEqual({
      server: 'https://host:6443/prefix',
      headers: { 'user-agent': `kube-informer/${version}`, authorization: `Bearer ${secret}` },
      tls: { ca: pem, cert, key, rejectUnauthorized: false },
    })
    expect(
      await material({
        server: 'https://host',
        username: 'me',
        password: 'p:ü',
        tlsServerName: 'api.internal',
      }),
    ).toEqual({
      server: 'https://host',
      headers: {
        'user-agent': `kube-informer/${version}`,
        authorization: `Basic ${base64('me:p:ü')}`,
      },
      tls: { servername: 'api.internal' },
    })
    expect(await material({ server: 'http://127.0.0.1:8001' })).toEqual({
      server: 'http://127.0.0.1:8001',
      headers: { 'user-agent': `kube-informer/${version}` },
    })
  })

  test('a token file is read once a minute, and at once after a 401', async () => {
    const environment = fakeEnvironment({ '/token': 'first\n' })
    const runtime = fakeRuntime()
    const broker = createCredentialsBroker(
      { server: 'https://host', tokenFile: '/token' },
      runtime,
      environment,
    )
    const token = async () => (await broker.material()).headers['authorization']
    expect(await token()).toBe('Bearer first')
    environment.files.set('/token', 'second\n')
    runtime.now += 59_000
    expect(await token()).toBe('Bearer first')
    expect((await broker.refresh()).headers['authorization']).toBe('Bearer second')
    environment.files.set('/token', 'third\n')
    runtime.now += 60_000
    expect(await token()).toBe('Bearer third')
    expect(environment.reads).toHaveLength(3)
  })

  test.each<[string, ConnectionConfig, RegExp]>([
    ['no URL', { server: 'host:6443:x' }, /not a URL|neither https/],
    ['another protocol', { server: 'ftp://host' }, /neither https:\/\/ nor http:\/\//],
    ['a password in the URL', { server: `https://me:${secret}@host` }, /user or password/],
    ['a query', { server: 'https://host/?a=b' }, /query/],
    ['two tokens', { server: 'https://host', token: 'a', tokenFile: '/b' }, /exclude each other/],
    ['half a client certificate', { server: 'https://host', cert: pem }, /both cert and key/],
    [
      'a key of nothing',
      { server: 'https://host', cert: pem, key: pem },
      /certificate or key is not PEM, or/,
    ],
    ['a file name as PEM', { server: 'https://host', ca: '/etc/ca.crt' }, /not PEM text/],
    ['a token and a user', { server: 'https://host', token: secret, username: 'me' }, /exclude each other/],
    ['a token file and a user', { server: 'https://host', tokenFile: '/t', username: 'me' }, /exclude each/],
    ['a user alone', { server: 'https://host', username: 'me' }, /both username and password/],
    ['a password alone', { server: 'https://host', password: secret }, /both username and password/],
    ['a user with a colon', { server: 'https://host', username: 'a:b', password: secret }, /without a colon/],
    ['a proxy of no kind', { server: 'https://host', proxyUrl: `ftp://a:${secret}@b` }, /begins with ftp: /],
    ['a proxy without a host', { server: 'https://host', proxyUrl: 'socks5://' }, /proxyUrl has no host/],
    [
      'a proxy that begins with a password',
      { server: 'https://host', proxyUrl: `${secret}:me@host` },
      /begins/,
    ],
    ['a server that begins with a password', { server: `${secret}://h` }, /an unknown protocol/],
    ['no proxy address', { server: 'https://host', proxyUrl: `proxy ${secret}` }, /proxyUrl is not a URL/],
    ['no token file', { server: 'https://host', tokenFile: '' }, /name of a file/],
    ['no file', { file: '' }, /name of a file/],
    ['half an authority', { server: 'https://host', ca: '-----BEGIN x' }, /not PEM text/],
    ['an empty token', { server: 'https://host', token: '' }, /the token is empty/],
    [
      'a token with a line break',
      { server: 'https://host', token: `${secret}\nx` },
      /bearer token cannot have/,
    ],
  ])('%s is refused at construction', (_name, config, message) => {
    let error: unknown
    try {
      createCredentialsBroker(config, fakeRuntime(), fakeEnvironment())
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({ code: 'ERR_INVALID_OPTION', message: expect.stringMatching(message) })
    expect((JSON.stringify(error) + String(error)).toLowerCase()).not.toContain(secret.toLowerCase())
  })

  test('an unreadable or empty token file is named', async () => {
    await expect(material({ server: 'https://host', tokenFile: '/none' })).rejects.toMatchObject({
      code: 'ERR_CREDENTIALS',
      message: 'the token file /none cannot be read (ENOENT)',
    })
    await expect(
      material({ server: 'https://host', tokenFile: '/empty' }, fakeEnvironment({ '/empty': '\n' })),
    ).rejects.toMatchObject({ code: 'ERR_CREDENTIALS', message: 'the token file /empty is empty' })
  })
})

describe('in-cluster', () => {
  const root = '/var/run/secrets/kubernetes.io/serviceaccount'
  const files = { [`${root}/token`]: 'pod-token\n', [`${root}/ca.crt`]: pem }
  const variables = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }

  test('address from the environment, token and CA from files', async () => {
    expect(await material('in-cluster', fakeEnvironment(files, variables))).toEqual({
      server: 'https://[fd00::1]:443',
      headers: { 'user-agent': `kube-informer/${version}`, authorization: 'Bearer pod-token' },
      tls: { ca: pem },
    })
  })

  test('outside a pod it says so', () => {
    expect(() => createCredentialsBroker('in-cluster', fakeRuntime(), fakeEnvironment())).toThrow(
      /not inside a cluster: KUBERNETES_SERVICE_HOST/,
    )
  })

  test('is the default when there is no kubeconfig, and only then', async () => {
    expect((await material(undefined, fakeEnvironment(files, variables))).server).toBe(
      'https://[fd00::1]:443',
    )
    const withFile = fakeEnvironment({ ...files, '/home/me/.kube/config': kubeconfig({}) }, variables)
    expect((await material(undefined, withFile)).server).toBe('https://10.0.0.1:6443')
    await expect(material(undefined, fakeEnvironment())).rejects.toMatchObject({
      code: 'ERR_KUBECONFIG',
      message: 'no kubeconfig found (looked for /home/me/.kube/config) and not inside a cluster',
    })
  })
})

describe('kubeconfig files', () => {
  test('server, token, CA, client certificate and server name', async () => {
    const { cert, key } = testCertificate
    const text = kubeconfig({
      cluster: `    certificate-authority-data: ${base64Pem}\n    tls-server-name: api.internal`,
      user: `client-certificate-data: ${base64(cert)}\n    client-key-data: ${base64(key)}`,
    })
    expect(await material({ file: '/kc' }, fakeEnvironment({ '/kc': text }))).toEqual({
      server: 'https://10.0.0.1:6443',
      headers: { 'user-agent': `kube-informer/${version}` },
      tls: { ca: pem, cert, key, servername: 'api.internal' },
    })
  })

  test('$KUBECONFIG: several files, missing ones skipped, the first one wins', async () => {
    const environment = fakeEnvironment(
      {
        '/a': kubeconfig({ name: 'one', server: 'https://first' }),
        '/b': `${kubeconfig({ name: 'two', server: 'https://second' })}`,
        '/c': kubeconfig({ name: 'one', server: 'https://shadowed' }),
      },
      { KUBECONFIG: '/missing:/a:/b:/c' },
    )
    expect((await material(undefined, environment)).server).toBe('https://first')
    expect((await material({ context: 'two' }, environment)).server).toBe('https://second')
  })

  test('a file that was named and is not there', async () => {
    const message = 'the kubeconfig /none does not exist'
    await expect(material({ file: '/none' })).rejects.toMatchObject({ code: 'ERR_KUBECONFIG', message })
    await expect(material(undefined, fakeEnvironment({}, { KUBECONFIG: '/none' }))).rejects.toMatchObject({
      message,
    })
  })

  test('plain HTTP is taken, as kubectl does', async () => {
    const environment = fakeEnvironment({ '/kc': kubeconfig({ server: 'http://127.0.0.1:8001' }) })
    expect(await material({ file: '/kc' }, environment)).toEqual({
      server: 'http://127.0.0.1:8001',
      headers: { 'user-agent': `kube-informer/${version}`, authorization: `Bearer ${secret}` },
    })
  })

  test('after a 401 the file is read anew', async () => {
    const environment = fakeEnvironment({ '/kc': kubeconfig({ user: 'token: old' }) })
    const broker = createCredentialsBroker({ file: '/kc' }, fakeRuntime(), environment)
    expect((await broker.material()).headers['authorization']).toBe('Bearer old')
    environment.files.set('/kc', kubeconfig({ user: 'token: new' }))
    expect((await broker.refresh()).headers['authorization']).toBe('Bearer new')
    expect((await broker.material()).headers['authorization']).toBe('Bearer new')
  })

  test('what runs stays at its context and its server, whatever the file says later', async () => {
    const [one, two] = [kubeconfig({ name: 'one' }), kubeconfig({ name: 'two', server: 'https://two' })]
    const environment = fakeEnvironment({ '/a': one, '/b': two }, { KUBECONFIG: '/a:/b' })
    const runtime = fakeRuntime()
    const broker = createCredentialsBroker(undefined, runtime, environment)
    const first = await broker.material()
    environment.files.set('/a', one.replace('current-context: one', 'current-context: two'))
    expect(await broker.refresh()).toBe(first)
    environment.files.set('/a', kubeconfig({ name: 'one', server: 'https://another' }))
    runtime.now += 2_000
    await expect(broker.refresh()).rejects.toMatchObject({
      code: 'ERR_KUBECONFIG',
      message: expect.stringMatching(
        /names the server https:\/\/another now, and https:\/\/10.0.0.1:6443 before/,
      ),
    })
    expect(await broker.material()).toBe(first)
  })

  test('a token file of a user, relative to the kubeconfig; it goes before a token', async () => {
    const environment = fakeEnvironment({
      '/dir/kc': kubeconfig({ user: 'tokenFile: tokens/one\n    token: old' }),
      '/dir/tokens/one': 'new\n',
    })
    const { headers } = await material({ file: '/dir/kc' }, environment)
    expect(headers['authorization']).toBe('Bearer new')
  })

  test('a context without a user trusts the authority of its cluster, all the same', async () => {
    const text = kubeconfig({ cluster: `    certificate-authority-data: ${base64Pem}` })
    const environment = fakeEnvironment({ '/kc': text.replace('user: one-user, ', '') })
    expect(await material({ file: '/kc' }, environment)).toEqual({
      server: 'https://10.0.0.1:6443',
      headers: { 'user-agent': `kube-informer/${version}` },
      tls: { ca: pem },
    })
  })

  test('proxy-url and insecure-skip-tls-verify', async () => {
    const cluster = '    proxy-url: socks5://me:pw@proxy:1080\n    insecure-skip-tls-verify: true'
    const environment = fakeEnvironment({ '/kc': kubeconfig({ cluster }) }, { NO_PROXY: '*' })
    expect(await material({ file: '/kc' }, environment)).toMatchObject({
      proxyUrl: 'socks5://me:pw@proxy:1080',
      tls: { rejectUnauthorized: false },
    })
  })

  test('basic authentication and impersonation', async () => {
    const environment = fakeEnvironment({
      '/kc': kubeconfig({ user: 'username: me\n    password: pw\n    as: somebody' }),
    })
    expect((await material({ file: '/kc' }, environment)).headers).toEqual({
      'user-agent': `kube-informer/${version}`,
      authorization: `Basic ${Buffer.from('me:pw').toString('base64')}`,
      'impersonate-user': ['somebody'],
    })
  })

  test.each<[string, string, string | undefined, RegExp]>([
    ['an unknown context', kubeconfig({}), 'nope', /has no context "nope"; it has: one/],
    [
      'no current context',
      kubeconfig({ current: '""' }),
      undefined,
      /no current context; choose one of its contexts: one/,
    ],
    ['broken YAML', `a: b\nusers: [\n  token: "${secret}`, undefined, /not valid YAML: .*line 3/],
    ['no YAML mapping', 'hello', undefined, /cannot be read|no current context/],
    [
      'a cluster without server',
      `clusters:\n- name: x\n  cluster: {a: b}\n`,
      undefined,
      /clusters\[0\]\.cluster\.server is missing/,
    ],
    [
      'a proxy of another kind',
      kubeconfig({ cluster: `    proxy-url: socks4://me:${secret}@proxy:1080` }),
      undefined,
      /its proxy-url begins with socks4: and not with one of http:, https:, socks5:, socks5h:/,
    ],
    [
      'a user with two ways',
      kubeconfig({ user: `token: ${secret}\n    username: me` }),
      undefined,
      /has both a token and a username/,
    ],
    [
      'a certificate without its key',
      kubeconfig({ user: `client-certificate-data: ${base64(testCertificate.cert)}` }),
      undefined,
      /needs both a certificate and a key/,
    ],
    [
      'a certificate with the key of another',
      kubeconfig({
        user: `client-certificate-data: ${base64(nextTestCertificate.cert)}\n    client-key-data: ${base64(testCertificate.key)}`,
      }),
      undefined,
      /certificate and key do not belong together/,
    ],
    [
      'a token of two lines',
      kubeconfig({ user: `token: "a\\n${secret}"` }),
      undefined,
      /its token holds char/,
    ],
    [
      'a user that is missing',
      kubeconfig({}).replace('user: one-user', 'user: gone'),
      undefined,
      /^kubeconfig \/kc: the user "gone" of its context is missing$/,
    ],
    [
      'a missing certificate',
      kubeconfig({ user: 'client-certificate: /none.crt\n    client-key: /none.key' }),
      undefined,
      /cannot be read \(ENOENT \/none\.crt\)/,
    ],
    [
      'a missing plugin',
      kubeconfig({
        user: 'exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-plugin-here}',
      }),
      undefined,
      /credential plugin "no-such-plugin-here" is not installed/,
    ],
  ])('%s gives one clear error without secrets', async (_name, text, context, message) => {
    const error: unknown = await material({ file: '/kc', context }, fakeEnvironment({ '/kc': text })).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({ message: expect.stringMatching(message) })
    expect(JSON.stringify(error) + String(error)).not.toContain(secret)
    expect(error).not.toHaveProperty('cause')
  })

  test('a failing plugin: what it said, less anything like a token', async () => {
    const script = `console.error('login expired for ${'abcdef0123456789'.repeat(3)}'); process.exit(1)`
    const user = `exec: {apiVersion: client.authentication.k8s.io/v1, command: ${process.execPath}, args: ["-e", ${JSON.stringify(script)}]}`
    await expect(
      material({ file: '/kc' }, fakeEnvironment({ '/kc': kubeconfig({ user }) })),
    ).rejects.toMatchObject({
      code: 'ERR_CREDENTIALS',
      message: expect.stringMatching(/failed: it ended with code 1: login expired for …$/),
    })
  })
})
