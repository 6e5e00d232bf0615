import { createServer as createHttpServer, type IncomingMessage } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { testCertificate } from './test-certificate.ts'

/** A proxy on loopback that can die and come back at the same port. */
export interface TestProxy {
  readonly port: number
  /** Targets asked for, `host:port`, in order. */
  readonly targets: readonly string[]
  /** Of a CONNECT: its Proxy-Authorization. Of SOCKS: `user:password`. */
  readonly credentials: readonly (string | undefined)[]
  readonly sockets: ReadonlySet<Socket>
  /** All connections break, new ones are refused. */
  stop(): Promise<void>
  start(): Promise<void>
}

export type Consent = (target: string, credentials: string | undefined) => string | undefined

interface Made {
  readonly server: Server
  readonly targets: string[]
  readonly credentials: (string | undefined)[]
}

/** `refuse` gives the status line's rest (`407 Proxy Authentication Required`) or undefined for consent. */
export function connectProxy(refuse: Consent = () => undefined, isSecure = false): Promise<TestProxy> {
  const targets: string[] = []
  const credentials: (string | undefined)[] = []
  const server = isSecure ? createHttpsServer(testCertificate) : createHttpServer()
  server.on('connect', (request: IncomingMessage, client: Socket, head: Buffer) => {
    const target = request.url ?? ''
    const given = request.headers['proxy-authorization']
    targets.push(target)
    credentials.push(given)
    const refusal = refuse(target, given)
    if (refusal !== undefined) return void client.end(`HTTP/1.1 ${refusal}\r\n\r\n`)
    const { hostname, port } = new URL(`http://${target}`)
    const upstream = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      upstream.write(head)
    })
    join(client, upstream)
  })
  return run({ server, targets, credentials })
}

/** RFC 1928, and user and password of RFC 1929 when `user` is given. Names are all taken for 127.0.0.1. */
export function socksProxy(user?: string): Promise<TestProxy> {
  const targets: string[] = []
  const credentials: (string | undefined)[] = []
  const server = createServer((client) => {
    client.once('data', () => {
      client.write(Buffer.from([5, user === undefined ? 0 : 2]))
      client.once('data', (first: Buffer) => {
        if (user === undefined) return open(first)
        const name = first.toString('utf8', 2, 2 + (first[1] as number))
        const given = `${name}:${first.toString('utf8', 3 + name.length)}`
        credentials.push(given)
        if (given !== user) return void client.end(Buffer.from([1, 1]))
        client.write(Buffer.from([1, 0]))
        client.once('data', open)
      })
    })
    const open = (asked: Buffer): void => {
      const isName = asked[3] === 3
      const host = isName
        ? asked.toString('utf8', 5, 5 + (asked[4] as number))
        : asked.subarray(4, 8).join('.')
      const port = asked.readUInt16BE(asked.length - 2)
      targets.push(`${host}:${port}`)
      const upstream = connect(port, '127.0.0.1', () =>
        client.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0])),
      )
      upstream.once('error', () => client.end(Buffer.from([5, 5, 0, 1, 0, 0, 0, 0, 0, 0])))
      join(client, upstream)
    }
  })
  return run({ server, targets, credentials })
}

/** Takes connections and never says a word. */
export function mutePort(): Promise<TestProxy> {
  const server = createServer((socket) => void socket.resume())
  return run({ server, targets: [], credentials: [] })
}

function join(client: Socket, upstream: Socket): void {
  for (const [socket, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    socket.on('error', () => {})
    socket.once('close', () => other.destroy())
    socket.pipe(other)
  }
}

async function run({ server, targets, credentials }: Made): Promise<TestProxy> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
  })
  let port = 0
  const start = (): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject)
        resolve()
      })
    })
  await start()
  port = (server.address() as AddressInfo).port
  return {
    port,
    targets,
    credentials,
    sockets,
    start,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
