import { KubeConfig } from '@kubernetes/client-node'
import { describe, expect, test } from 'vitest'
import { type ConnectionConfig, createCredentialsBroker } from '../../src/config/connection-config.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'
import { fakeEnvironment, fakeRuntime, kubeconfig, secret } from './support.ts'

describe("client-node's KubeConfig handed in", () => {
  test('its context of now is used, a later one is not', async () => {
    const config = new KubeConfig()
    config.loadFromString(kubeconfig({}))
    const broker = createCredentialsBroker(config, fakeRuntime(), fakeEnvironment())
    const first = await broker.material()
    expect(first.headers['authorization']).toBe(`Bearer ${secret}`)
    const other = { cluster: { name: 'x', server: 'https://x' }, user: { name: 'x', token: 'x' } }
    config.addCluster({ ...other.cluster, skipTLSVerify: false })
    config.addUser(other.user)
    config.addContext({ name: 'x', cluster: 'x', user: 'x' })
    config.setCurrentContext('x')
    expect(await broker.refresh()).toBe(first)
    expect((await createCredentialsBroker(config).material()).server).toBe('https://x')
    // Typed: KubeConfig is a ConnectionConfig without a cast.
    const asConfig: ConnectionConfig = config
    expect(asConfig).toBe(config)
  })

  test('the token file of a service account is read by us: trimmed, and fresh after a 401', async () => {
    const config = new KubeConfig()
    config.loadFromClusterAndUser(
      { name: 'c', server: 'http://127.0.0.1:1', skipTLSVerify: true },
      { name: 'u', authProvider: { name: 'none', config: { tokenFile: '/dev/null' } } },
    )
    const environment = fakeEnvironment({ '/dev/null': 'one\n' })
    const broker = createCredentialsBroker(config, fakeRuntime(), environment)
    expect((await broker.material()).headers['authorization']).toBe('Bearer one')
    environment.files.set('/dev/null', 'two\n')
    expect((await broker.refresh()).headers['authorization']).toBe('Bearer two')
  })

  test('without a cluster it is refused', async () => {
    await expect(createCredentialsBroker(new KubeConfig()).material()).rejects.toMatchObject({
      code: 'ERR_KUBECONFIG',
    })
  })

  test('an authenticator of the KubeConfig itself still counts, but not for ever', async () => {
    const config = new KubeConfig()
    let hangs = false
    config.addAuthenticator({
      isAuthProvider: (user) => user.name === 'one-user',
      applyAuthentication: (_user, options) => {
        options.headers = { Authorization: 'Bearer mine' }
        return hangs ? new Promise(() => {}) : Promise.resolve()
      },
    })
    config.loadFromString(kubeconfig({ user: 'as: me' }))
    const runtime = new VirtualRuntime()
    const broker = createCredentialsBroker(config, runtime, fakeEnvironment())
    expect((await broker.material()).headers).toMatchObject({
      authorization: 'Bearer mine',
      'impersonate-user': ['me'],
    })
    hangs = true
    const asked = broker.refresh().catch((error: unknown) => error)
    await new Promise((resolve) => setImmediate(resolve))
    runtime.advance(50_000)
    expect(await asked).toMatchObject({ message: expect.stringMatching(/did not answer within 50 s$/) })
    // The end comes before the load has got as far as the authenticator.
    const last = broker.refresh().catch((error: unknown) => error)
    await broker.close()
    expect(await last).toMatchObject({ code: 'ERR_CLOSED' })
  })
})
