import { request } from 'node:http'
import { isIP, type Socket, connect as tcpConnect } from 'node:net'
import { getCACertificates, connect as tlsConnect } from 'node:tls'
import { redact } from '../base/redact.ts'
import type { Runtime } from '../base/runtime.ts'
import { shownError } from '../base/shown-error.ts'
import type { ConnectionMaterial } from '../protocol/messages.ts'
import { authority, basicCredentials, type ProxyAddress } from './proxy-address.ts'

export interface TunnelOptions {
  readonly proxy: ProxyAddress
  /** The server behind the proxy. */
  readonly host: string
  readonly port: number
  /** What the server is trusted by, the proxy is, too; and whoever Node trusts. */
  readonly tls: ConnectionMaterial['tls']
  /** From the first packet to the proxy's consent. */
  readonly connectMsMax: number
  readonly runtime: Runtime
  /** Told of the socket before it is connected. */
  readonly onSocket: (socket: Socket) => void
}

/** A socket whose bytes go to the server and back, through the proxy. Rejects in words without a secret. */
export async function openTunnel(options: TunnelOptions): Promise<Socket> {
  const { proxy, connectMsMax, runtime, onSocket } = options
  const where = `the proxy ${authority(proxy.host, proxy.port)}`
  const socket = proxy.kind === 'https' ? secureSocket(options) : tcpConnect(proxy.port, proxy.host)
  onSocket(socket)
  // Also later: an error that nobody hears ends the process.
  socket.on('error', () => {})
  socket.setNoDelay(true).setKeepAlive(true, 60_000)
  let isLate = false
  let isConnected = false
  const timer = runtime.setTimer(connectMsMax, () => {
    isLate = true
    socket.destroy(new Error('too late'))
  })
  try {
    await connected(socket, proxy.kind === 'https' ? 'secureConnect' : 'connect')
    isConnected = true
    if (proxy.kind === 'socks5') await askSocks(socket, options)
    else await askHttp(socket, options)
    return socket
  } catch (error) {
    socket.destroy()
    const failed = isConnected ? 'refused' : 'cannot be reached'
    // Errors of the libraries hold their options, and with them the password: only their words go on.
    const words = shownError(error)?.message ?? 'unknown'
    const reason = isLate ? `did not answer in ${connectMsMax} ms` : `${failed}: ${words}`
    throw new Error(redact(`${where} ${reason}`, proxy.secrets))
  } finally {
    timer.cancel()
  }
}

function secureSocket({ proxy, tls }: TunnelOptions): Socket {
  return tlsConnect({
    host: proxy.host,
    port: proxy.port,
    ...(isIP(proxy.host) === 0 && { servername: proxy.host }),
    ...(tls?.ca !== undefined && { ca: [...getCACertificates('default'), tls.ca] }),
    ...(tls?.rejectUnauthorized !== undefined && { rejectUnauthorized: tls.rejectUnauthorized }),
    ALPNProtocols: ['http/1.1'],
  })
}

function connected(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, () => resolve())
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('it closed the connection')))
  })
}

/** Node's own HTTP client asks: it bounds the head of the answer. */
function askHttp(socket: Socket, { proxy, host, port }: TunnelOptions): Promise<void> {
  const target = authority(host, port)
  const credentials = basicCredentials(proxy)
  return new Promise((resolve, reject) => {
    const asking = request({
      method: 'CONNECT',
      path: target,
      headers: {
        host: target,
        ...(credentials !== undefined && { 'proxy-authorization': `Basic ${credentials}` }),
      },
      createConnection: () => socket,
    })
    asking.once('error', reject)
    asking.once('connect', ({ statusCode, statusMessage }, _socket, head) => {
      if (statusCode !== 200) return reject(new Error(`${statusCode} ${statusMessage}`))
      if (head.length > 0) socket.unshift(head)
      resolve()
    })
    asking.end()
  })
}

async function askSocks(socket: Socket, { proxy, host, port, connectMsMax }: TunnelOptions): Promise<void> {
  // Loaded by those who have such a proxy, alone.
  const { SocksClient } = await import('socks')
  const { user, password } = proxy
  await SocksClient.createConnection({
    command: 'connect',
    existing_socket: socket,
    proxy: {
      type: 5,
      host: proxy.host,
      port: proxy.port,
      ...(user !== '' && { userId: user, password }),
    },
    destination: { host, port },
    // Our own timer comes first.
    timeout: connectMsMax * 2,
  })
}
