import { describe, expect, test } from 'vitest'
import { createCredentialsBroker } from '../../src/config/connection-config.ts'
import { proxyFromEnvironment } from '../../src/config/proxy-url.ts'
import { fakeEnvironment, fakeRuntime, secret } from './support.ts'

const https = (server: string, noProxy?: string): string | undefined =>
  proxyFromEnvironment(server, {
    HTTPS_PROXY: 'http://proxy:3128',
    ...(noProxy !== undefined && { NO_PROXY: noProxy }),
  })

describe('HTTPS_PROXY, HTTP_PROXY, NO_PROXY', () => {
  test('by the scheme of the server; lower case, and without a scheme, too', () => {
    const variables = { https_proxy: 'proxy:1', HTTP_PROXY: 'socks5://proxy:2' }
    expect(proxyFromEnvironment('https://api:6443', variables)).toBe('http://proxy:1')
    expect(proxyFromEnvironment('http://api', variables)).toBe('socks5://proxy:2')
    expect(proxyFromEnvironment('http://api', { ...variables, REQUEST_METHOD: 'GET' })).toBeUndefined()
    expect(proxyFromEnvironment('https://api', { HTTPS_PROXY: '', https_proxy: 'https://p' })).toBe(
      'https://p',
    )
    expect(proxyFromEnvironment('https://api', {})).toBeUndefined()
  })

  test.each(['localhost', '127.0.0.1', '127.9.9.9:6443', '[::1]:6443'])('never for %s', (host) => {
    expect(https(`https://${host}`)).toBeUndefined()
  })

  test.each([
    ['*', 'api.example.com', true],
    ['example.com', 'api.example.com', true],
    ['example.com', 'example.com', true],
    ['example.com', 'notexample.com', false],
    ['.example.com', 'example.com', false],
    ['.example.com', 'a.b.example.com', true],
    ['*.example.com', 'example.com', false],
    [' other , EXAMPLE.com ', 'api.Example.COM', true],
    ['example.com:6443', 'example.com:6443', true],
    ['example.com:443', 'example.com', true],
    ['example.com:443', 'example.com:6443', false],
    ['10.0.0.0/8', '10.1.2.3', true],
    ['10.0.0.0/8', '11.1.2.3', false],
    ['10.1.2.3', '10.1.2.3:6443', true],
    ['10.1.2.3:443', '10.1.2.3:6443', false],
    ['fd00::/8', '[fd00::1]', true],
    ['fd00:0:0::1', '[fd00::1]', true],
    ['[fd00::1]:443', '[fd00::1]', true],
    ['10.0.0.0/99', '10.1.2.3', false],
    ['', 'example.com', false],
  ])('NO_PROXY=%s and %s', (noProxy, host, isDirect) => {
    expect(https(`https://${host}`, noProxy) === undefined).toBe(isDirect)
  })

  test('reach the material; an option goes before them, and is used for localhost as well', async () => {
    const environment = fakeEnvironment({}, { HTTPS_PROXY: 'http://proxy:3128' })
    const proxyOf = async (config: { server: string; proxyUrl?: string }) =>
      (await createCredentialsBroker(config, fakeRuntime(), environment).material()).proxyUrl
    expect(await proxyOf({ server: 'https://api' })).toBe('http://proxy:3128')
    expect(await proxyOf({ server: 'https://localhost', proxyUrl: 'socks5h://p:1' })).toBe('socks5h://p:1')
    expect(await proxyOf({ server: 'https://localhost' })).toBeUndefined()
  })

  test.each([
    [`socks4://me:${secret}@proxy`, /in HTTPS_PROXY begins with socks4: and not with/],
    [`http://me:${secret}@proxy:99999`, /in HTTPS_PROXY is not a URL/],
  ])('what is none is refused at construction, without its password: %#', (proxy, message) => {
    const environment = fakeEnvironment({}, { HTTPS_PROXY: proxy })
    const make = () => createCredentialsBroker({ server: 'https://api' }, fakeRuntime(), environment)
    expect(make).toThrow(message)
    expect(make).not.toThrow(secret)
  })
})
