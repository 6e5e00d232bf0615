/** Where connections go first, as the URL of a kubeconfig's `proxy-url` says it. */
export interface ProxyAddress {
  readonly kind: 'http' | 'https' | 'socks5'
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  /** Texts that must stand in no message, whoever sends them back. */
  readonly secrets: readonly string[]
}

const kinds: Readonly<
  Record<string, { readonly kind: ProxyAddress['kind']; readonly port: number } | undefined>
> = {
  'http:': { kind: 'http', port: 80 },
  'https:': { kind: 'https', port: 443 },
  // Both leave names to the proxy, as kubectl does: those of a cluster often exist only behind it.
  'socks5:': { kind: 'socks5', port: 1080 },
  'socks5h:': { kind: 'socks5', port: 1080 },
}

/** As a URL begins with them, colon included. */
export const proxyProtocols: readonly string[] = Object.keys(kinds)

/** Throws without the URL, which may hold a password. */
export function parseProxy(proxyUrl: string): ProxyAddress {
  const url = URL.canParse(proxyUrl) ? new URL(proxyUrl) : undefined
  const known = kinds[url?.protocol ?? '']
  if (url === undefined || known === undefined || url.hostname === '') {
    throw new Error("the proxy's address is no URL of http, https, socks5 or socks5h")
  }
  const user = decoded(url.username)
  const password = decoded(url.password)
  return {
    kind: known.kind,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? known.port : Number(url.port),
    user,
    password,
    secrets: [basic(user, password), password, url.password].filter((secret) => secret !== ''),
  }
}

/** Of `Proxy-Authorization`; undefined: no user is named. */
export function basicCredentials({ user, password }: ProxyAddress): string | undefined {
  return user === '' ? undefined : basic(user, password)
}

function basic(user: string, password: string): string {
  return Buffer.from(`${user}:${password}`).toString('base64')
}

/** `host:port`, an IPv6 address in brackets. */
export function authority(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    // A lone %: it stands for itself.
    return part
  }
}
