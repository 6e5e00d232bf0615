import { BlockList, isIP, isIPv6 } from 'node:net'
import { domainToASCII } from 'node:url'
import { KubeInformerError } from '../errors.ts'
import { proxyProtocols } from '../net/proxy-address.ts'
import { protocolName } from './protocol-name.ts'

/** `refuse` makes the error; it never gets the address itself, which may hold a password. */
export function checkedProxyUrl(text: string, refuse: (why: string) => KubeInformerError): string {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined
  if (url === undefined) throw refuse('is not a URL; it looks like http://host:3128')
  if (!proxyProtocols.includes(url.protocol)) {
    throw refuse(`begins with ${protocolName(url)} and not with one of ${proxyProtocols.join(', ')}`)
  }
  if (url.hostname === '') throw refuse('has no host')
  return text.trim()
}

type Variables = Readonly<Record<string, string | undefined>>

/**
 * The proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY (or their lower-case forms) name for a server, by the rules of
 * Go's http.ProxyFromEnvironment: kubectl beside us must not take another way. Never for localhost and loopback.
 *
 * @throws ERR_INVALID_OPTION for an address that is none
 */
export function proxyFromEnvironment(server: string, variables: Variables): string | undefined {
  const url = new URL(server)
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY'
  // A CGI program finds a request's header `Proxy` there: whoever asks would choose the proxy.
  if (name === 'HTTP_PROXY' && variables['REQUEST_METHOD']) return undefined
  const proxy = anyCase(variables, name)
  if (proxy === undefined) return undefined
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  if (isLocal(host) || isExcepted(anyCase(variables, 'NO_PROXY') ?? '', host, port)) return undefined
  return checkedProxyUrl(proxy.includes('://') ? proxy : `http://${proxy}`, (why) => {
    const message = `the proxy in ${name} ${why}`
    return new KubeInformerError('ERR_INVALID_OPTION', message, { facts: { option: name } })
  })
}

function anyCase(variables: Variables, name: string): string | undefined {
  return variables[name]?.trim() || variables[name.toLowerCase()]?.trim() || undefined
}

function isLocal(host: string): boolean {
  return host === 'localhost' || isInNet(host, '127.0.0.0', 8) || host === '::1'
}

/** `*`, addresses, networks, names (with what lies below them), `.names` (only what lies below), each with a port or not. */
function isExcepted(list: string, host: string, port: string): boolean {
  return list.split(',').some((entry) => {
    const pattern = entry.trim().toLowerCase()
    if (pattern === '*') return true
    const [, network, bits] = /^([^/]+)\/(\d+)$/.exec(pattern) ?? []
    if (network !== undefined) return isInNet(host, network, Number(bits))
    const [name, wantedPort] = splitPort(pattern)
    if (name === '' || (wantedPort !== undefined && wantedPort !== port)) return false
    if (isIP(name) > 0) return sameAddress(name, host)
    const domain = domainToASCII(name.replace(/^\*?\./, ''))
    return host.endsWith(`.${domain}`) || (!/^\*?\./.test(name) && host === domain)
  })
}

function splitPort(pattern: string): readonly [name: string, port: string | undefined] {
  const [, bracketed, port] = /^\[(.+)\](?::(\d+))?$/.exec(pattern) ?? []
  if (bracketed !== undefined) return [bracketed, port]
  if (isIPv6(pattern)) return [pattern, undefined]
  const [, name, namePort] = /^([^:]*):(\d+)$/.exec(pattern) ?? []
  return name === undefined ? [pattern, undefined] : [name, namePort]
}

function sameAddress(one: string, other: string): boolean {
  return isInNet(other, one, isIPv6(one) ? 128 : 32)
}

function isInNet(host: string, network: string, bits: number): boolean {
  const family = isIP(host)
  if (family === 0 || family !== isIP(network) || bits > (family === 4 ? 32 : 128)) return false
  const list = new BlockList()
  list.addSubnet(network, bits, family === 4 ? 'ipv4' : 'ipv6')
  return list.check(host, family === 4 ? 'ipv4' : 'ipv6')
}
