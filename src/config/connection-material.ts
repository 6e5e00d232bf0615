import { version } from '../base/version.ts'
import { KubeInformerError } from '../errors.ts'
import type { ConnectionMaterial, RequestHeaders } from '../protocol/messages.ts'
import { protocolName } from './protocol-name.ts'

/** Left out: what is empty, and TLS settings for a plain HTTP server; they would mislead whoever reads the material. */
export function connectionMaterial({
  server,
  proxyUrl,
  headers,
  tls,
}: {
  readonly server: string
  readonly proxyUrl: string | undefined
  readonly headers: RequestHeaders
  readonly tls: NonNullable<ConnectionMaterial['tls']>
}): ConnectionMaterial {
  return {
    server,
    ...(proxyUrl !== undefined && { proxyUrl }),
    headers: { 'user-agent': `kube-informer/${version}`, ...headers },
    ...(server.startsWith('https:') && Object.keys(tls).length > 0 && { tls }),
  }
}

/** Without trailing slash. User and password in a URL are refused: they would stand in every log line. */
export function serverUrl(text: string): string {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw refused('the server address is not a URL; it looks like https://host:6443')
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw refused(`the server address begins with ${protocolName(url)} and is neither https:// nor http://`)
  }
  if (url.username !== '' || url.password !== '') {
    throw refused('the server address holds a user or password: pass a token instead')
  }
  if (url.search !== '' || url.hash !== '') throw refused('the server address has a query or fragment')
  return url.href.replace(/\/+$/, '')
}

function refused(message: string): KubeInformerError {
  return new KubeInformerError('ERR_INVALID_OPTION', message, { facts: { option: 'server' } })
}
