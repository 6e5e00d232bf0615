import type { Socket } from 'node:net'
import { Pool } from 'undici'
import { redact } from '../src/base/redact.ts'
import { nodeRuntime, type Runtime } from '../src/base/runtime.ts'
import { endpointOf, makeConnector } from '../src/net/connector.ts'
import { secretsOf } from '../src/net/secrets.ts'
import { Sockets } from '../src/net/sockets.ts'
import type { Compression, ConnectionMaterial } from '../src/protocol/messages.ts'
import { HttpRequest } from './http-request.ts'
import type { RequestKind, Transport, TransportHandler, TransportRequest } from './transport.ts'

const metadataTypes = {
  list: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json',
  object: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json',
} as const

/**
 * HTTP/1.1 over undici's raw dispatch: one socket per request in flight (watches never block one another), kept alive
 * between requests. Never follows redirects. No error text holds a credential.
 */
export class HttpTransport implements Transport {
  readonly #runtime: Runtime
  readonly #compression: Compression
  readonly #metadataOnly: boolean
  #material: ConnectionMaterial
  /** Of the material before: requests that were sent with it may still be answered. */
  #oldSecrets: readonly string[] = []
  /** Made at the first request, so that a bad URL or certificate is a request's error. */
  #pool: Pool | undefined
  readonly #pools = new Set<Pool>()
  readonly #sockets = new Sockets()
  readonly #requests = new Set<HttpRequest>()

  constructor(
    material: ConnectionMaterial,
    compression: Compression,
    runtime: Runtime = nodeRuntime,
    metadataOnly = false,
  ) {
    this.#runtime = runtime
    this.#metadataOnly = metadataOnly
    this.#compression = compression
    this.#material = material
  }

  setConnection(material: ConnectionMaterial): void {
    const old = this.#material
    this.#oldSecrets = secretsOf(old)
    this.#material = material
    if (endpointOf(old) === endpointOf(material)) return
    const pool = this.#pool
    this.#pool = undefined
    // Waits for the requests that run on it.
    void pool?.close().then(
      () => this.#pools.delete(pool),
      () => {},
    )
  }

  open(
    path: string,
    query: URLSearchParams,
    handler: TransportHandler,
    kind: RequestKind = 'watch',
  ): TransportRequest {
    const { server, headers } = this.#material
    const runtime = this.#runtime
    const request: HttpRequest = new HttpRequest({
      handler,
      host: hostOf(server),
      secrets: secretsOf(this.#material),
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
            accept: this.#metadataOnly ? metadataType(kind) : 'application/json',
            'accept-encoding': accepts(this.#compression, kind) ? 'gzip' : 'identity',
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
    return redact(text, [...secretsOf(this.#material), ...this.#oldSecrets])
  }

  async close(): Promise<void> {
    for (const request of [...this.#requests]) request.abort()
    const pools = [...this.#pools]
    this.#pools.clear()
    this.#pool = undefined
    await Promise.all(pools.map((pool) => pool.destroy()))
    // A socket that was still connecting is not the pool's yet.
    await this.#sockets.destroy()
  }

  #connect(origin: string): Pool {
    const connector = makeConnector({
      material: this.#material,
      runtime: this.#runtime,
      onSocket: this.#sockets.add,
    })
    const pool = new Pool(origin, {
      pipelining: 1,
      connect: (options, callback) =>
        connector(options, (...[error, connected]) => {
          if (error !== null) return callback(error, null)
          doNotHold(connected)
          callback(null, connected)
        }),
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

/** What knows no metadata alone takes the last one. A list of it is of another kind than what a watch sends. */
function metadataType(kind: RequestKind): string {
  return kind === 'list' || kind === 'probe' ? metadataTypes.list : metadataTypes.object
}

/** A watch that resumes is not a list: no server compresses it, and a proxy that does may keep events back. */
function accepts(compression: Compression, kind: RequestKind): boolean {
  return compression === 'all' || (compression === 'lists' && kind !== 'watch')
}

/** Without user and password, which a URL may hold. */
function hostOf(server: string): string {
  return URL.canParse(server) ? new URL(server).host : 'an invalid server URL'
}
