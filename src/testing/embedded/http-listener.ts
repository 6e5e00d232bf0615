import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'

export interface TlsOptions {
  readonly key: string
  readonly cert: string
}

/** The socket side of the server: listens, stops and listens again at the same port, knows its connections. */
export class HttpListener {
  readonly #onRequest: RequestListener
  readonly #onConnection: () => void
  readonly #host: string
  readonly #tls: TlsOptions | undefined
  readonly #sockets = new Set<Socket>()
  #port: number
  #server: Server | undefined

  constructor(
    onRequest: RequestListener,
    onConnection: () => void,
    options: { readonly host: string; readonly port: number; readonly tls: TlsOptions | undefined },
  ) {
    this.#onRequest = onRequest
    this.#onConnection = onConnection
    this.#host = options.host
    this.#port = options.port
    this.#tls = options.tls
  }

  get url(): string {
    const host = this.#host.includes(':') ? `[${this.#host}]` : this.#host
    return `${this.#tls === undefined ? 'http' : 'https'}://${host}:${this.#port}`
  }

  get connections(): number {
    return this.#sockets.size
  }

  async listen(): Promise<void> {
    if (this.#server !== undefined) return
    const server = this.#tls === undefined ? createServer() : createTlsServer({ ...this.#tls })
    this.#server = server
    server.on('request', this.#onRequest)
    // Long-lived streams: no limit but their own.
    server.timeout = 0
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      this.#onConnection()
      socket.on('close', () => this.#sockets.delete(socket))
      // A peer that resets is its own business; the response's close tells the stream.
      socket.on('error', () => socket.destroy())
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.#port, this.#host, () => {
        server.off('error', reject)
        resolve()
      })
    })
    // Kept for the next listen: a server that restarts is found where it was.
    this.#port = (server.address() as AddressInfo).port
  }

  /** Breaks all connections and frees the port. */
  async stop(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    this.#server = undefined
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}
