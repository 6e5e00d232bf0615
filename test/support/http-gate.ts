import {
  type ClientRequest,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'

/** A request that went through a gate. */
export interface GateRequest {
  /** Path and query. */
  readonly url: string
  readonly authorization: string | undefined
  /** undefined until the server has answered; never, when the gate or a peer broke it off. */
  status: number | undefined
}

interface Hold {
  readonly pattern: RegExp
  readonly arrive: () => void
  readonly released: Promise<void>
}

/** A request that a gate keeps back. */
export interface HeldRequest {
  /** Resolves once the request is there; the server has not seen it. */
  readonly arrived: Promise<void>
  release(): void
}

/**
 * Plain HTTP in front of an API server, on a port of its own: sees every request, keeps chosen ones back, breaks
 * connections, and stays at its address while the server behind it restarts.
 */
export class HttpGate {
  /** All requests since the start, oldest first. */
  readonly requests: GateRequest[] = []
  readonly #upstream: URL
  readonly #ca: string | undefined
  readonly #sockets = new Set<Socket>()
  readonly #open = new Map<ServerResponse, string>()
  #holds: Hold[] = []
  #server: Server | undefined
  #port = 0

  constructor(upstream: { readonly server: string; readonly ca?: string | undefined }) {
    this.#upstream = new URL(upstream.server)
    this.#ca = upstream.ca
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Lets requests through, at the port it had before. */
  async open(): Promise<void> {
    const server = createServer((request, response) => {
      void this.#forward(request, response)
    })
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.#port, '127.0.0.1', resolve)
    })
    this.#server = server
    this.#port = (server.address() as AddressInfo).port
  }

  /** All connections break, new ones are refused. */
  async shut(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  /** Breaks the requests that are open at the moment and whose URL fits; gives how many there were. */
  cut(pattern: RegExp): number {
    const found = [...this.#open].filter(([, url]) => pattern.test(url))
    for (const [response] of found) response.destroy()
    return found.length
  }

  /** Keeps back the next request whose URL fits. */
  hold(pattern: RegExp): HeldRequest {
    let release = (): void => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const arrived = new Promise<void>((arrive) => {
      this.#holds.push({ pattern, arrive, released })
    })
    return { arrived, release }
  }

  async #forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? '/'
    const seen: GateRequest = { url, authorization: request.headers.authorization, status: undefined }
    this.requests.push(seen)
    this.#open.set(response, url)
    response.on('close', () => this.#open.delete(response))
    const hold = this.#holds.find(({ pattern }) => pattern.test(url))
    if (hold !== undefined) {
      this.#holds = this.#holds.filter((each) => each !== hold)
      hold.arrive()
      await hold.released
    }
    if (response.destroyed) return
    const upstream = this.#request(request, url)
    response.on('close', () => upstream.destroy())
    upstream.on('error', () => response.destroy())
    upstream.on('response', (answer) => {
      seen.status = answer.statusCode
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      // A watch may have nothing to say for a long time, and is open all the same.
      response.flushHeaders()
      answer.on('error', () => response.destroy())
      answer.on('aborted', () => response.destroy())
      answer.pipe(response)
    })
    request.pipe(upstream)
  }

  #request({ method, headers }: IncomingMessage, path: string): ClientRequest {
    const { protocol, hostname, port } = this.#upstream
    // A kept connection may have died with the server that restarted: the gate adds no faults of its own.
    const agent = false
    const host = this.#upstream.host
    const options = { agent, hostname, port, path, method, headers: { ...headers, host } }
    if (protocol === 'http:') return httpRequest(options)
    return httpsRequest({ ...options, ...(this.#ca !== undefined && { ca: this.#ca }) })
  }
}
