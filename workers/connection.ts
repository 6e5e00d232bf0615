import { Socket } from 'node:net'
import { buildConnector, Pool } from 'undici'
import { nodeRuntime, type Runtime } from '../src/base/runtime.ts'
import type { ConnectionMaterial } from '../src/protocol/messages.ts'
import { HttpRequest } from './http-request.ts'
import type { Transport, TransportHandler, TransportRequest } from './transport.ts'

const connectTimeoutMs = 10_000

/**
 * HTTP/1.1 over undici's raw dispatch: one socket per request in flight (watches never block one another), kept alive
 * between requests. Never follows redirects, never asks for compression. No error text holds a credential.
 */
export class HttpTransport implements Transport {
  readonly #runtime: Runtime
  #material: ConnectionMaterial
  /** Of the material before: requests that were sent with it may still be answered. */
  #oldSecrets: readonly string[] = []
  /** Made at the first request, so that a bad URL or certificate is a request's error. */
  #pool: Pool | undefined
  readonly #pools = new Set<Pool>()
  readonly #sockets = new Set<Socket>()
  readonly #requests = new Set<HttpRequest>()

  constructor(material: ConnectionMaterial, runtime: Runtime = nodeRuntime) {
    this.#runtime = runtime
    this.#material = material
  }

  setConnection(material: ConnectionMaterial): void {
    const old = this.#material
    this.#oldSecrets = secretsOf(old.headers)
    this.#material = material
    if (old.server === material.server && JSON.stringify(old.tls) === JSON.stringify(material.tls)) return
    const pool = this.#pool
    this.#pool = undefined
    // Waits for the requests that run on it.
    void pool?.close().then(
      () => this.#pools.delete(pool),
      () => {},
    )
  }

  open(path: string, query: URLSearchParams, handler: TransportHandler): TransportRequest {
    const { server, headers } = this.#material
    const runtime = this.#runtime
    const request: HttpRequest = new HttpRequest({
      handler,
      host: hostOf(server),
      secrets: secretsOf(headers),
      runtime,
      onDone: () => this.#requests.delete(request),
    })
    this.#requests.add(request)
    try {
      const base = new URL(server)
      const search = query.toString()
      this.#pool ??= this.#connect(base.origin)
      this.#pool.dispatch(
        {
          path: `${base.pathname.replace(/\/$/, '')}${path}${search === '' ? '' : `?${search}`}`,
          method: 'GET',
          headers: {
            ...headers,
            accept: 'application/json',
            // Watches may be compressed member by member since 1.37; the bytes are for our own framer.
            'accept-encoding': 'identity',
          },
          // undici's own limits of 300 s would end every quiet watch; the reflector's silence timer rules.
          headersTimeout: 0,
          bodyTimeout: 0,
        },
        request,
      )
    } catch (error) {
      runtime.defer(() => request.fail(error))
    }
    request.dispatched()
    return request
  }

  /** `text` without the credentials of now and of just before. */
  redact(text: string): string {
    const secrets = [...secretsOf(this.#material.headers), ...this.#oldSecrets]
    return secrets.reduce((shown, secret) => shown.replaceAll(secret, '[redacted]'), text)
  }

  async close(): Promise<void> {
    for (const request of [...this.#requests]) request.abort()
    const pools = [...this.#pools]
    this.#pools.clear()
    this.#pool = undefined
    await Promise.all(pools.map((pool) => pool.destroy()))
    // A socket that was still connecting is not the pool's yet.
    const closed = [...this.#sockets].map(
      (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())),
    )
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all(closed)
  }

  #connect(origin: string): Pool {
    const { tls } = this.#material
    const connector = buildConnector({
      // Some servers would choose HTTP/2, whose windows and shared connections slow large streams down.
      allowH2: false,
      timeout: connectTimeoutMs,
      ...(tls?.ca !== undefined && { ca: tls.ca }),
      ...(tls?.cert !== undefined && { cert: tls.cert }),
      ...(tls?.key !== undefined && { key: tls.key }),
      ...(tls?.servername !== undefined && { servername: tls.servername }),
      ...(tls?.rejectUnauthorized !== undefined && { rejectUnauthorized: tls.rejectUnauthorized }),
    })
    const pool = new Pool(origin, {
      pipelining: 1,
      connect: (options, callback) => {
        const socket: unknown = connector(options, (...[error, connected]) => {
          if (error !== null) return callback(error, null)
          doNotHold(connected)
          callback(null, connected)
        })
        if (!(socket instanceof Socket)) return
        this.#sockets.add(socket)
        socket.once('close', () => this.#sockets.delete(socket))
      },
    })
    this.#pools.add(pool)
    return pool
  }
}

/** In the caller's thread a watch's socket would keep a process alive whose informers are all unreferenced. */
function doNotHold(socket: Socket): void {
  socket.unref()
  // undici references it again with every request after an idle while.
  socket.ref = () => socket
}

/** Without user and password, which a URL may hold. */
function hostOf(server: string): string {
  return URL.canParse(server) ? new URL(server).host : 'an invalid server URL'
}

function secretsOf(headers: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(headers)
    .filter(([name]) => /^(authorization|proxy-authorization|cookie)$/i.test(name))
    .map(([, value]) => value.replace(/^(Bearer|Basic) /i, ''))
    .filter((value) => value.length >= 4)
}
