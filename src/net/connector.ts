import type { Socket } from 'node:net'
import { buildConnector } from 'undici'
import type { Runtime } from '../base/runtime.ts'
import type { ConnectionMaterial } from '../protocol/messages.ts'
import { parseProxy } from './proxy-address.ts'
import { openTunnel } from './tunnel.ts'

/** For the proxy to consent, and for the server's TCP and TLS handshakes. */
export const connectMsMax = 10_000

/** What a connection depends on: another one of it needs new connections. */
export function endpointOf({ server, proxyUrl, tls }: ConnectionMaterial): string {
  return JSON.stringify([server, proxyUrl, tls])
}

export interface ConnectorOptions {
  readonly material: ConnectionMaterial
  readonly runtime: Runtime
  /** Told of every socket before it is connected; whoever must leave none keeps them. */
  readonly onSocket: (socket: Socket) => void
}

/**
 * How undici's pools reach the server: straight, or through the material's proxy. HTTP/1.1 only: some servers would choose
 * HTTP/2, whose windows and shared connections slow large streams down. Throws for an address that is no proxy's.
 */
export function makeConnector(options: ConnectorOptions): buildConnector.connector {
  const { material, runtime, onSocket } = options
  const { tls, proxyUrl } = material
  const connect = buildConnector({
    allowH2: false,
    timeout: connectMsMax,
    ...(tls?.ca !== undefined && { ca: tls.ca }),
    ...(tls?.cert !== undefined && { cert: tls.cert }),
    ...(tls?.key !== undefined && { key: tls.key }),
    ...(tls?.servername !== undefined && { servername: tls.servername }),
    ...(tls?.rejectUnauthorized !== undefined && { rejectUnauthorized: tls.rejectUnauthorized }),
  })
  const straight: buildConnector.connector = (target, callback) => {
    // undici gives the socket that connects, and its types do not say so.
    const socket: unknown = connect(target, callback)
    onSocket(socket as Socket)
  }
  if (proxyUrl === undefined) return straight
  const proxy = parseProxy(proxyUrl)
  return (target, callback) => {
    const { hostname, protocol } = target
    const isSecure = protocol === 'https:'
    const port = Number(target.port) || (isSecure ? 443 : 80)
    openTunnel({ proxy, host: hostname, port, tls, connectMsMax, runtime, onSocket }).then(
      (socket) => {
        if (isSecure) straight({ ...target, httpSocket: socket }, callback)
        else callback(null, socket)
      },
      (error: Error) => callback(error, null),
    )
  }
}
