import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

// Without it a second small write waits for the acknowledgement of the first one, 40 ms on Linux: changes then arrive
// merged that server and client, who both set it, would have passed one by one.
const noDelay = true

/**
 * A wire between a client and a server that can be cut and mended; its address stays the same. Of several servers it
 * stays with one until that refuses, as a load balancer does.
 */
export class TcpRelay {
  readonly #upstreams: readonly number[]
  #current = 0
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  #port = 0

  constructor(...upstreamPorts: readonly number[]) {
    this.#upstreams = upstreamPorts
  }

  get port(): number {
    return this.#port
  }

  /** Which of the servers new connections go to, counted from 0. */
  get current(): number {
    return this.#current
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async mend(): Promise<void> {
    const server = createServer({ noDelay }, (client) => {
      this.#track(client)
      this.#dial(client, this.#upstreams.length)
    })
    this.#server = server
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.#port, '127.0.0.1', resolve)
    })
    this.#port = (server.address() as AddressInfo).port
  }

  /** All connections break, new ones are refused. */
  async cut(): Promise<void> {
    const closed = new Promise((resolve) => this.#server?.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #dial(client: Socket, tries: number): void {
    const index = this.#current
    const upstream = connect({ port: this.#upstreams[index] ?? 0, host: '127.0.0.1', noDelay })
    this.#track(upstream)
    const refused = (): void => {
      if (this.#current === index) this.#current = (index + 1) % this.#upstreams.length
      if (tries > 1) this.#dial(client, tries - 1)
      else client.destroy()
    }
    upstream.once('error', refused)
    upstream.once('connect', () => {
      upstream.off('error', refused)
      upstream.on('close', () => client.destroy())
      client.on('close', () => upstream.destroy())
      client.pipe(upstream)
      upstream.pipe(client)
      if (client.destroyed) upstream.destroy()
    })
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
  }
}
